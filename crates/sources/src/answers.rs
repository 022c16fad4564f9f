//! Answers of people: one for each address that a value names, and a dead letter for what nobody can read.

use std::borrow::Cow;

use winback_core::signal::Identity;

use crate::addresses::addresses;
use crate::element::{Answer, DeadReason, Element, Refusal, element};
use crate::ids;
use crate::text::quoted;
use crate::walk::Placed;

/// Gives an answer for each whom it names.
pub(crate) fn give(mut answer: Answer<'_>, index: Option<u32>, sink: &mut Placed<'_>) {
    let Some(email) = answer.who.email.take() else { return sink(index, Element::Answer(answer)) };
    let read = addresses(&email);
    let several = read.found.len() > 1;
    for (nth, address) in read.found.iter().enumerate() {
        let id = match several {
            true => ids::derived(&[
                b"one of several",
                answer.id.as_bytes(),
                address.to_ascii_lowercase().as_bytes(),
            ]),
            false => answer.id.clone(),
        };
        // A hash beside several addresses is one of theirs.
        let email_sha256 = answer.who.email_sha256.filter(|_| nth == 0);
        let who =
            Identity { email: Some(Cow::Owned(address.to_string())), email_sha256, ..answer.who.clone() };
        sink(index, Element::Answer(Answer { id, who, ..answer.clone() }));
    }
    if !read.has_unread {
        return;
    }
    // What else it says of whose it is counts, for more people rather than for nobody.
    if read.found.is_empty() && !answer.who.is_empty() {
        return sink(index, Element::Answer(answer));
    }
    sink(index, element(Err(unread(&email)), index));
}

/// The refusal of a text in which somebody is named whom nobody can read.
pub(crate) fn unread(email: &str) -> Refusal {
    let text = format!(
        "{} is no mail address that can be read, so that an answer would be lost: correct it and replay",
        quoted(email)
    );
    Refusal::Dead(DeadReason::MissingField, text)
}
