//! MailerSend's webhooks, one activity a record, and mails that its inbound routes received.

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

const OTHERS: [&str; 15] = [
    "activity.sent",
    "activity.deferred",
    "activity.soft_bounced",
    "activity.hard_bounced",
    "activity.survey_opened",
    "activity.survey_submitted",
    "sender_identity.verified",
    "maintenance.start",
    "maintenance.end",
    "inbound_forward.failed",
    "email_single.verified",
    "email_list.verified",
    "bulk_email.completed",
    "recipient.on_hold_added",
    "recipient.on_hold_removed",
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
    id: Scalar<'a>,
    #[serde(borrow, default)]
    created_at: Scalar<'a>,
    #[serde(borrow, default)]
    email: Lenient<Sent<'a>>,
    #[serde(borrow, default)]
    morph: Lenient<Act<'a>>,
    /// Of a mail that came in.
    #[serde(borrow, default)]
    from: Lenient<Person<'a>>,
    #[serde(borrow, default)]
    sender: Lenient<Person<'a>>,
    #[serde(borrow, default)]
    subject: Scalar<'a>,
    #[serde(borrow, default)]
    date: Scalar<'a>,
    #[serde(borrow, default)]
    headers: Headers<'a>,
    #[serde(borrow, default)]
    raw: Scalar<'a>,
}

/// The mail that it is about.
#[derive(Debug, Default, Deserialize)]
struct Sent<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    recipient: Lenient<Person<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Person<'a> {
    #[serde(borrow, default)]
    email: Scalar<'a>,
}

/// What was done with the mail.
#[derive(Debug, Default, Deserialize)]
struct Act<'a> {
    #[serde(borrow, default)]
    ip: Scalar<'a>,
    #[serde(borrow, default)]
    url: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
}

/// The meaning of an event of MailerSend.
fn hear(event: Event<'_>) -> Heard<'_> {
    let name = name_of("type", "MailerSend", &event.kind)?;
    let data = event.data.object().unwrap_or_default();
    let kind = match name {
        "activity.opened" | "activity.opened_unique" => SignalKind::EmailOpen,
        "activity.clicked" | "activity.clicked_unique" => SignalKind::EmailClick,
        "activity.delivered" | "activity.unsubscribed" | "activity.spam_complaint" => SignalKind::EmailReply,
        "inbound.message" => return hear_inbound(data, event.created_at),
        name => return Err(other("type", "MailerSend", name, &OTHERS)),
    };
    let sent = data.email.object().unwrap_or_default();
    let who = sent.recipient.object().unwrap_or_default().email;
    let at = match data.created_at.is_missing() {
        true => ("created_at", event.created_at),
        false => ("data.created_at", data.created_at),
    };
    if name == "activity.delivered" {
        return Delivered::said(sent.id, who, at.1);
    }
    if kind == SignalKind::EmailReply {
        return OptOut::of("mailersend", sent.id, who, at).with_id(data.id).said();
    }
    let act = data.morph.object().unwrap_or_default();
    // The first open and click are told twice, so that the activity's id is no use.
    Touch {
        message: sent.id.text(),
        user_agent: act.user_agent.text(),
        address: act.ip,
        link: act.url.text(),
        ..Touch::new("mailersend", kind, by_email(who), at)
    }
    .said()
}

fn hear_inbound<'a>(data: Data<'a>, at: Scalar<'a>) -> Heard<'a> {
    let email = |person: Lenient<Person<'a>>| person.object().unwrap_or_default().email;
    let mut reply = Inbound::new("mailersend", data.headers);
    if let Some(raw) = data.raw.as_str() {
        reply = reply.with_mail(raw);
    }
    let at = if data.date.is_missing() { ("created_at", at) } else { ("data.date", data.date) };
    let (from, path) = (email(data.from), email(data.sender));
    Inbound { from, path, subject: data.subject, message: data.id, at, ..reply }.heard()
}
