//! The door to the inbox: the texts of an event without mail addresses. Whose it is was asked before.
//!
//! Every field is named, so that a new one does not compile until somebody decides what becomes of it.

use winback_core::debounce::Event;
use winback_core::limits::CLASS_BYTES;
use winback_core::privacy::{masked, told_apart, unnamed, words};
use winback_core::signal::{Candidate, MAX_DETAIL_BYTES};
use winback_core::time::Time;
use winback_proto::v1;
use winback_sources::{Answer, Broadcast, Worth};

/// The texts of a signal as they are forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// Unique within the source.
    pub id: String,
    /// The finer class; empty when none.
    pub class: String,
    /// A few words for a person.
    pub detail: String,
}

/// The reason of the dead letter of an event that is dated ahead of its arrival (R3).
pub const FUTURE: &str = "future";

/// The text of that dead letter.
pub fn dated_ahead(at: Time, arrived: Time) -> String {
    format!(
        "the event is dated {at}, more than a day after {arrived}, when it arrived: mend the producer's clock"
    )
}

/// The texts of a signal.
pub fn texts(candidate: &Candidate<'_>) -> Texts {
    let Candidate { id, kind: _, class, at: _, who: _, detail } = candidate;
    Texts {
        id: unnamed(id).into_owned(),
        class: class.as_deref().map(|class| words(class, CLASS_BYTES).into_owned()).unwrap_or_default(),
        detail: words(detail, MAX_DETAIL_BYTES).into_owned(),
    }
}

/// The id of an answer.
pub fn id_of(answer: &Answer<'_>) -> String {
    let Answer { id, kind: _, at: _, who: _, worth: _ } = answer;
    unnamed(id).into_owned()
}

/// The worth of a return: an amount, and its terms.
pub fn worth_of(answer: &Answer<'_>) -> (Option<v1::Money>, String) {
    let Some(Worth { minor, currency, terms }) = &answer.worth else { return (None, String::new()) };
    let arr = minor.map(|minor| v1::Money { minor, currency: currency.clone() });
    (arr, masked(terms).into_owned())
}

/// An event of a source, as it arrived.
pub fn event(broadcast: Broadcast, source: &str, append_time: Time) -> Event {
    let Broadcast { id, kind, class, at, title, features, competitor } = broadcast;
    Event {
        source: source.to_owned(),
        id: unnamed(&id).into_owned(),
        kind,
        class: masked(&class).into_owned(),
        event_time: at,
        append_time,
        title: words(&title, MAX_DETAIL_BYTES).into_owned(),
        // These are compared with what accounts miss and where they went.
        features: features.iter().map(|feature| told_apart(feature).into_owned()).collect(),
        competitor: told_apart(&competitor).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use winback_core::signal::{Identity, SignalKind};

    use super::*;

    #[test]
    fn a_signal_goes_in_without_addresses_and_under_its_own_id() {
        let mut candidate = Candidate {
            id: Cow::Borrowed("visit-1"),
            kind: SignalKind::WebVisit,
            class: Some(Cow::Borrowed("docs jane%40acme.com")),
            at: Time::from_millis(0),
            who: Identity::default(),
            detail: Cow::Borrowed("/u/jane&#64;acme.com/x\n"),
        };
        let Texts { id, class, detail } = texts(&candidate);
        assert_eq!([id.as_str(), &class, &detail], ["visit-1", "docs (address)", "/u/(address)/x"]);
        candidate.id = Cow::Borrowed("visit jane%2540acme.com");
        assert!(texts(&candidate).id.starts_with("h-"));
    }
}
