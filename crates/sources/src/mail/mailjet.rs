//! Mailjet's event webhook, one event a record or a list of them, and mails that its parse API received. No event has an
//! id of its own, only the message's.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::headers::Headers;
use super::inbound::Inbound;
use super::{Delivered, Heard, Mail, OptOut, Touch, by_email, name_of, other};
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
    mail.each_in(text, wanted, sink, hear)
}

const OTHERS: [&str; 3] = ["bounce", "blocked", "typofix"];

/// An event, or a mail that came in, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    event: Scalar<'a>,
    #[serde(borrow, default)]
    time: Scalar<'a>,
    #[serde(borrow, default)]
    email: Scalar<'a>,
    /// As a number; `Message_GUID` says the same in another way.
    #[serde(borrow, rename = "MessageID", default)]
    message: Scalar<'a>,
    #[serde(borrow, default)]
    url: Scalar<'a>,
    #[serde(borrow, default)]
    ip: Scalar<'a>,
    #[serde(borrow, default)]
    agent: Scalar<'a>,
    #[serde(borrow, rename = "From", default)]
    from: Scalar<'a>,
    #[serde(borrow, rename = "Sender", default)]
    sender: Scalar<'a>,
    #[serde(borrow, rename = "Date", default)]
    date: Scalar<'a>,
    #[serde(borrow, rename = "Subject", default)]
    subject: Scalar<'a>,
    #[serde(borrow, rename = "Headers", default)]
    headers: Headers<'a>,
}

/// The meaning of a Mailjet event. An inbound mail has no event, but a sender.
fn hear(event: Event<'_>) -> Heard<'_> {
    if event.event.is_missing() && !(event.from.is_missing() && event.sender.is_missing()) {
        return hear_inbound(event);
    }
    let kind = match name_of("event", "Mailjet", &event.event)? {
        "open" => SignalKind::EmailOpen,
        "click" => SignalKind::EmailClick,
        "sent" => return Delivered::said(event.message, event.email, event.time),
        "unsub" | "spam" => {
            return OptOut::of("mailjet", event.message, event.email, ("time", event.time)).said();
        }
        name => return Err(other("event", "Mailjet", name, &OTHERS)),
    };
    Touch {
        message: event.message.text(),
        user_agent: event.agent.text(),
        address: event.ip,
        link: event.url.text(),
        ..Touch::new("mailjet", kind, by_email(event.email), ("time", event.time))
    }
    .said()
}

fn hear_inbound(event: Event<'_>) -> Heard<'_> {
    let from = if event.from.is_missing() { event.sender } else { event.from };
    // Its own `Date` is the header's, in UTC.
    let reply = Inbound::new("mailjet", event.headers);
    Inbound { from, subject: event.subject, at: ("Date", event.date), ..reply }.heard()
}
