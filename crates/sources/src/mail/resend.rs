//! Resend's webhooks, one event a record. An event's id is in the header `svix-id`, not in the record; an open and a click
//! name all recipients of the message, like Amazon's.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::headers::Headers;
use super::inbound::Inbound;
use super::{Action, Delivered, Heard, Mail, OptOut, Touch, name_of, other, recipient};
use crate::element::Refusal;
use crate::embedded::Several;
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

const OTHERS: [&str; 13] = [
    "email.sent",
    "email.scheduled",
    "email.delivery_delayed",
    "email.bounced",
    "email.failed",
    "email.suppressed",
    "contact.created",
    "contact.updated",
    "contact.deleted",
    "domain.created",
    "domain.updated",
    "domain.deleted",
    "email.queued",
];

/// An event, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Scalar<'a>,
    #[serde(borrow, default)]
    created_at: Scalar<'a>,
    #[serde(borrow, default)]
    data: Lenient<Data<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Data<'a> {
    #[serde(borrow, default)]
    email_id: Scalar<'a>,
    /// The time of delivery.
    #[serde(borrow, default)]
    created_at: Scalar<'a>,
    #[serde(borrow, default)]
    to: Several<'a>,
    #[serde(borrow, default)]
    from: Scalar<'a>,
    #[serde(borrow, default)]
    message_id: Scalar<'a>,
    #[serde(borrow, default)]
    subject: Scalar<'a>,
    #[serde(borrow, default)]
    headers: Headers<'a>,
    #[serde(borrow, default)]
    open: Lenient<Action<'a>>,
    #[serde(borrow, default)]
    click: Lenient<Action<'a>>,
    /// Of a contact.
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, default)]
    unsubscribed: Scalar<'a>,
}

/// The meaning of a Resend event.
fn hear(event: Event<'_>) -> Heard<'_> {
    let name = name_of("type", "Resend", &event.kind)?;
    let data = event.data.object().unwrap_or_default();
    let (kind, action) = match name {
        "email.opened" => (SignalKind::EmailOpen, data.open),
        "email.clicked" => (SignalKind::EmailClick, data.click),
        "email.received" => return hear_received(data, event.created_at),
        "email.delivered" => return Delivered::said(data.email_id, data.to.first(), event.created_at),
        "email.complained" => return opt_out(data.email_id, data.to.0, event.created_at),
        "contact.created" | "contact.updated" if data.unsubscribed.is_true() => {
            return opt_out(Scalar::Missing, vec![data.email], event.created_at);
        }
        name => return Err(other("type", "Resend", name, &OTHERS)),
    };
    let action = action.object().unwrap_or_default();
    let at = match action.timestamp.is_missing() {
        true => ("created_at", event.created_at),
        false => ("data.timestamp", action.timestamp),
    };
    Touch {
        message: data.email_id.text(),
        user_agent: action.user_agent.text(),
        address: action.ip_address,
        link: action.link.text(),
        sent: data.created_at,
        ..Touch::new("resend", kind, recipient("data.to", data.to.0)?, at)
    }
    .said()
}

fn opt_out<'a>(message: Scalar<'a>, who: Vec<Scalar<'a>>, at: Scalar<'a>) -> Heard<'a> {
    OptOut { provider: "resend", id: None, message: message.text(), who, at: ("created_at", at) }.said()
}

/// Its webhook may leave the headers to a second request, which nobody makes here.
fn hear_received<'a>(data: Data<'a>, at: Scalar<'a>) -> Heard<'a> {
    let message = if data.message_id.is_missing() { data.email_id } else { data.message_id };
    let reply = Inbound::new("resend", data.headers);
    Inbound { from: data.from, subject: data.subject, message, at: ("created_at", at), ..reply }.heard()
}
