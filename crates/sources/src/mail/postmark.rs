//! Postmark's webhooks, one event a record. Opens and clicks have no id of their own, only the message's.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::headers::Headers;
use super::inbound::Inbound;
use super::{Delivered, Heard, Mail, OptOut, Touch, by_email, name_of, other};
use crate::element::Refusal;
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

const OTHERS: [&str; 3] = ["Bounce", "SubscriptionChange", "SMTPApiError"];

/// An event, or a mail that came in, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    record_type: Scalar<'a>,
    #[serde(borrow, rename = "MessageID", default)]
    message: Scalar<'a>,
    #[serde(borrow, default)]
    recipient: Scalar<'a>,
    /// Of complaints and bounces, which have no recipient.
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, default)]
    received_at: Scalar<'a>,
    #[serde(borrow, default)]
    delivered_at: Scalar<'a>,
    #[serde(borrow, default)]
    bounced_at: Scalar<'a>,
    #[serde(borrow, default)]
    changed_at: Scalar<'a>,
    /// Of a bounce: what sort it is.
    #[serde(borrow, default, rename = "Type")]
    sort: Scalar<'a>,
    #[serde(borrow, default)]
    suppress_sending: Scalar<'a>,
    #[serde(borrow, default)]
    suppression_reason: Scalar<'a>,
    #[serde(borrow, default)]
    geo: Lenient<Geo<'a>>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    original_link: Scalar<'a>,
    #[serde(borrow, default)]
    message_stream: Scalar<'a>,
    #[serde(borrow, default)]
    from: Scalar<'a>,
    #[serde(borrow, default)]
    from_full: Lenient<Sender<'a>>,
    #[serde(borrow, default)]
    date: Scalar<'a>,
    #[serde(borrow, default)]
    subject: Scalar<'a>,
    #[serde(borrow, default)]
    raw_email: Scalar<'a>,
    #[serde(borrow, default)]
    headers: Headers<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Geo<'a> {
    #[serde(borrow, rename = "IP", default)]
    ip: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sender<'a> {
    #[serde(borrow, default)]
    email: Scalar<'a>,
}

/// The meaning of a Postmark event. An inbound mail has no record type, but a sender.
fn hear(event: Event<'_>) -> Heard<'_> {
    let inbound = event.message_stream.as_str() == Some("inbound") || !event.from.is_missing();
    if event.record_type.is_missing() && inbound {
        return hear_inbound(event);
    }
    let sort = event.sort.as_str().unwrap_or_default();
    let kind = match name_of("RecordType", "Postmark", &event.record_type)? {
        "Open" => SignalKind::EmailOpen,
        "Click" => SignalKind::EmailClick,
        "Inbound" => return hear_inbound(event),
        "Delivery" => return Delivered::said(event.message, event.recipient, event.delivered_at),
        "SpamComplaint" => return opt_out(event),
        "Bounce" if matches!(sort, "Unsubscribe" | "SpamComplaint") => return opt_out(event),
        "SubscriptionChange" if stops(&event) => return opt_out(event),
        name => return Err(other("RecordType", "Postmark", name, &OTHERS)),
    };
    Touch {
        message: event.message.text(),
        user_agent: event.user_agent.text(),
        address: event.geo.object().unwrap_or_default().ip,
        link: event.original_link.text(),
        ..Touch::new("postmark", kind, by_email(event.recipient), ("ReceivedAt", event.received_at))
    }
    .said()
}

/// True if a change of subscription is somebody's wish, and not the end of a mailbox.
fn stops(event: &Event<'_>) -> bool {
    event.suppress_sending.is_true() && event.suppression_reason.as_str() != Some("HardBounce")
}

fn opt_out(event: Event<'_>) -> Heard<'_> {
    let at = match event.changed_at.is_missing() {
        true => ("BouncedAt", event.bounced_at),
        false => ("ChangedAt", event.changed_at),
    };
    let who = if event.recipient.is_missing() { event.email } else { event.recipient };
    OptOut::of("postmark", event.message, who, at).said()
}

fn hear_inbound(event: Event<'_>) -> Heard<'_> {
    let full = event.from_full.object().unwrap_or_default().email;
    let from = if full.is_missing() { event.from } else { full };
    let mut mail = Inbound::new("postmark", event.headers);
    if let Some(raw) = event.raw_email.as_str() {
        mail = mail.with_mail(raw);
    }
    Inbound { from, subject: event.subject, message: event.message, at: ("Date", event.date), ..mail }.heard()
}
