//! Mailtrap's webhooks: a list of events below `events`, or one a record.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::{Delivered, Heard, Mail, OptOut, Touch, by_email, list_in, name_of, other};
use crate::element::Refusal;
use crate::json::Scalar;
use crate::walk::{Placed, Wanted};

/// Decodes the events of a record.
pub(crate) fn decode(
    mail: &Mail,
    text: &str,
    wanted: Wanted<'_>,
    sink: &mut Placed<'_>,
) -> Result<(), Refusal> {
    mail.each_in(&list_in(text, "events")?, wanted, sink, hear)
}

const OTHERS: [&str; 6] = ["sent", "bounce", "soft_bounce", "suspension", "reject", "deferred"];

/// An event, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    event: Scalar<'a>,
    #[serde(borrow, default)]
    event_id: Scalar<'a>,
    #[serde(borrow, default)]
    message_id: Scalar<'a>,
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    ip: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    url: Scalar<'a>,
    #[serde(borrow, default)]
    reason: Scalar<'a>,
}

impl Event<'_> {
    /// True if a mail was not tried because its recipient opted out before.
    fn was_suppressed(&self) -> bool {
        let reason = self.reason.as_str().unwrap_or_default().to_ascii_lowercase();
        reason.contains("unsub") || reason.contains("complain") || reason.contains("spam")
    }
}

/// The meaning of an event of Mailtrap.
fn hear(event: Event<'_>) -> Heard<'_> {
    let name =
        name_of("event", "Mailtrap", &event.event)?.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    let kind = match name.as_str() {
        "open" => SignalKind::EmailOpen,
        "click" => SignalKind::EmailClick,
        "delivery" | "delivered" => return Delivered::said(event.message_id, event.email, event.timestamp),
        "unsubscribe" | "spam" | "spam_complaint" => return opt_out(event),
        "suspension" | "reject" if event.was_suppressed() => return opt_out(event),
        name => return Err(other("event", "Mailtrap", name, &OTHERS)),
    };
    Touch {
        id: event.event_id.text(),
        message: event.message_id.text(),
        user_agent: event.user_agent.text(),
        address: event.ip,
        link: event.url.text(),
        ..Touch::new("mailtrap", kind, by_email(event.email), ("timestamp", event.timestamp))
    }
    .said()
}

fn opt_out(event: Event<'_>) -> Heard<'_> {
    let at = ("timestamp", event.timestamp);
    OptOut::of("mailtrap", event.message_id, event.email, at).with_id(event.event_id).said()
}
