//! Mail opens, clicks and replies, as four providers say them.
//!
//! Two lists tell machines from people, and they differ on purpose. A click fetches a page, so page bots are dropped
//! from clicks. An open fetches a picture, so opens have their own list (`machine`): most image fetchers are no page
//! bots, and a proxy that is a bot to a page can carry a person to a mail.

pub(crate) mod brevo;
mod machine;
pub(crate) mod postmark;
pub(crate) mod sendgrid;
pub(crate) mod ses;

use std::borrow::Cow;

use winback_core::signal::{Candidate, Identity, SignalKind};

pub(crate) use machine::Machines;

use crate::bots::Bots;
use crate::element::{DeadReason, DropReason, Refusal, Verdict};
use crate::ids;
use crate::json::Scalar;
use crate::text::{detail, quoted, slice};
use crate::times::TimeReader;
use crate::web::path_in;

/// What the providers share.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) machines: Machines,
    pub(crate) bots: Bots,
    pub(crate) times: TimeReader,
}

/// An event of interest, as any of the providers says it.
struct Touch<'a> {
    provider: &'static str,
    kind: SignalKind,
    /// The provider's id of the event, where it has one that is no other event's.
    id: Option<Cow<'a, str>>,
    /// The message that it is about.
    message: Option<Cow<'a, str>>,
    who: Identity<'a>,
    at: (&'static str, Scalar<'a>),
    user_agent: Option<Cow<'a, str>>,
    /// The provider says itself that a machine did it.
    by_machine: bool,
    link: Option<Cow<'a, str>>,
}

impl Mail {
    fn judge<'a>(&self, touch: Touch<'a>) -> Verdict<'a> {
        let agent = touch.user_agent.as_deref().unwrap_or_default();
        match touch.kind {
            SignalKind::EmailOpen if touch.by_machine || self.machines.opens(agent) => {
                return Err(DropReason::MachineOpen.into());
            }
            SignalKind::EmailClick if touch.by_machine || self.bots.is_bot(agent) => {
                return Err(DropReason::Bot.into());
            }
            _ => {}
        }
        if touch.who.is_empty() {
            let text = format!("the {} has no mail address: whose is it?", touch.kind);
            return Err(Refusal::Dead(DeadReason::MissingField, text));
        }
        let at = self.times.read(touch.at.0, &touch.at.1)?;
        let id = touch.id.map_or_else(
            || {
                let who = touch.who.email.as_deref().or(touch.who.domain.as_deref()).unwrap_or_default();
                ids::derived(&[
                    touch.provider.as_bytes(),
                    touch.kind.as_str().as_bytes(),
                    touch.message.as_deref().unwrap_or_default().as_bytes(),
                    who.as_bytes(),
                    &at.millis().to_le_bytes(),
                    touch.link.as_deref().unwrap_or_default().as_bytes(),
                ])
            },
            ids::bounded,
        );
        Ok(Candidate { id, kind: touch.kind, class: None, at, who: touch.who, detail: path_of(touch.link) })
    }
}

/// The path of the link that was clicked: never its query, which can say who clicked.
fn path_of(link: Option<Cow<'_, str>>) -> Cow<'_, str> {
    link.and_then(|link| path_in(&link).map(|path| detail(slice(link, path)))).unwrap_or_default()
}

fn by_email(email: Scalar<'_>) -> Identity<'_> {
    Identity { email: email.text().map(bare), ..Identity::default() }
}

/// `Jane Doe <jane@example.com>` is jane@example.com.
fn bare(address: Cow<'_, str>) -> Cow<'_, str> {
    match (address.rfind('<'), address.rfind('>')) {
        (Some(begin), Some(end)) if begin < end => slice(address, begin + 1..end),
        _ => address,
    }
}

/// What the event is called, where the provider's field for it is there.
fn name_of<'s>(field: &str, provider: &str, name: &'s Scalar<'_>) -> Result<&'s str, Refusal> {
    name.as_str().ok_or_else(|| {
        let text = format!("`{field}` is missing: is this source {provider}'s?");
        Refusal::Dead(DeadReason::MissingField, text)
    })
}

/// An event that is no interest, or one that nobody knows.
fn other(field: &str, provider: &str, name: &str, known: &[&str]) -> Refusal {
    if known.contains(&name) {
        return DropReason::NotInterest.into();
    }
    let text = format!(
        "`{field}` is {}, which {provider} is not known to send: check that the source has the right preset",
        quoted(name)
    );
    Refusal::Dead(DeadReason::UnknownEvent, text)
}

/// Whether a header says that a machine wrote the mail (RFC 3834 and what was before it).
fn is_automatic(name: &str, value: &str) -> bool {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    (is("auto-submitted") && !value.trim().eq_ignore_ascii_case("no"))
        || (is("precedence") && ["bulk", "junk", "list", "auto_reply"].contains(&value.trim()))
        || is("x-autoreply")
        || is("x-autorespond")
        || is("x-auto-response-suppress")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_address_is_taken_out_of_its_brackets() {
        for (text, expected) in [("Jane <j@x.io>", "j@x.io"), ("j@x.io", "j@x.io"), (">j@x.io<", ">j@x.io<")]
        {
            assert_eq!(bare(Cow::Borrowed(text)), expected);
        }
    }

    #[test]
    fn what_a_machine_writes_is_no_reply() {
        assert!(is_automatic("Auto-Submitted", "auto-replied"));
        assert!(is_automatic("precedence", "bulk"));
        assert!(!is_automatic("Auto-Submitted", "no"));
        assert!(!is_automatic("Subject", "auto_reply"));
    }

    #[test]
    fn the_detail_of_a_click_is_a_path_and_no_more() {
        let path = |link: &'static str| path_of(Some(Cow::Borrowed(link)));
        assert_eq!(path("https://example.com/pricing?email=jane@example.com"), "/pricing");
        assert_eq!(path("mailto:jane@example.com"), "");
        assert_eq!(path("https://example.com/u/jane@example.com"), "/u/…");
    }
}
