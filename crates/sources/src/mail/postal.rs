//! Postal's webhooks, one event a record, and mails that its HTTP endpoints received, taken apart or as they were sent.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::headers::Headers;
use super::inbound::{Inbound, decoded};
use super::{Delivered, Heard, Mail, Touch, by_email, name_of, other};
use crate::element::{DropReason, Refusal};
use crate::json::{Lenient, Scalar};
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

const OTHERS: [&str; 5] =
    ["MessageDelayed", "MessageDeliveryFailed", "MessageHeld", "MessageBounced", "DomainDNSError"];

/// An event, or a mail that came in, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    event: Scalar<'a>,
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    uuid: Scalar<'a>,
    #[serde(borrow, default)]
    payload: Lenient<Payload<'a>>,
    /// Of a mail that came in.
    #[serde(borrow, default)]
    from: Scalar<'a>,
    #[serde(borrow, default)]
    mail_from: Scalar<'a>,
    #[serde(borrow, default)]
    subject: Scalar<'a>,
    #[serde(borrow, default)]
    message_id: Scalar<'a>,
    #[serde(borrow, default)]
    date: Scalar<'a>,
    #[serde(borrow, default)]
    auto_submitted: Scalar<'a>,
    #[serde(borrow, default)]
    bounce: Scalar<'a>,
    /// The mail as it was sent.
    #[serde(borrow, default)]
    message: Scalar<'a>,
    #[serde(borrow, default)]
    base64: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Payload<'a> {
    #[serde(borrow, default)]
    message: Lenient<Sent<'a>>,
    #[serde(borrow, default)]
    url: Scalar<'a>,
    #[serde(borrow, default)]
    ip_address: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Sent<'a> {
    #[serde(borrow, default)]
    message_id: Scalar<'a>,
    #[serde(borrow, default)]
    to: Scalar<'a>,
}

/// The meaning of an event of Postal.
fn hear(event: Event<'_>) -> Heard<'_> {
    if event.event.is_missing()
        && [&event.from, &event.mail_from, &event.message].iter().any(|field| !field.is_missing())
    {
        return hear_inbound(event);
    }
    let payload = event.payload.object().unwrap_or_default();
    let sent = payload.message.object().unwrap_or_default();
    let kind = match name_of("event", "Postal", &event.event)? {
        "MessageLoaded" => SignalKind::EmailOpen,
        "MessageLinkClicked" => SignalKind::EmailClick,
        "MessageSent" => return Delivered::said(sent.message_id, sent.to, event.timestamp),
        name => return Err(other("event", "Postal", name, &OTHERS)),
    };
    Touch {
        id: event.uuid.text(),
        message: sent.message_id.text(),
        user_agent: payload.user_agent.text(),
        address: payload.ip_address,
        link: payload.url.text(),
        ..Touch::new("postal", kind, by_email(sent.to), ("timestamp", event.timestamp))
    }
    .said()
}

fn hear_inbound(event: Event<'_>) -> Heard<'_> {
    let submitted =
        event.auto_submitted.as_str().is_some_and(|value| !value.trim().eq_ignore_ascii_case("no"));
    if event.bounce.is_true() || submitted {
        return Err(DropReason::AutoReply.into());
    }
    let mut reply = Inbound::new("postal", Headers::default());
    if let Some(raw) = event.message.as_str() {
        reply = reply.with_mail(&if event.base64.is_true() { decoded(raw) } else { raw.into() });
    }
    let at = if event.date.is_missing() { ("timestamp", event.timestamp) } else { ("date", event.date) };
    let (from, path) = (event.from, event.mail_from);
    Inbound { from, path, subject: event.subject, message: event.message_id, at, ..reply }.heard()
}
