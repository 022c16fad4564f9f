//! Mailchimp Transactional (Mandrill): a list of events in one field of a form. No event has an id of its own; each brings
//! what happened to its message before, which tells who clicked several links at once.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use winback_core::signal::SignalKind;

use super::headers::Headers;
use super::inbound::Inbound;
use super::{By, Delivered, Heard, Mail, OptOut, Said, Touch, by_email, form, name_of, other};
use crate::element::Refusal;
use crate::embedded::Embedded;
use crate::json::{self, Lenient, Scalar};
use crate::walk::{Placed, Wanted};

/// Decodes the posted form, or its one field as JSON or as text.
pub(crate) fn decode(
    mail: &Mail,
    text: &str,
    wanted: Wanted<'_>,
    sink: &mut Placed<'_>,
) -> Result<(), Refusal> {
    match form::field(text, FIELD) {
        Some(events) => decode_events(mail, &events, wanted, sink),
        None => decode_events(mail, text, wanted, sink),
    }
}

fn decode_events(mail: &Mail, text: &str, wanted: Wanted<'_>, sink: &mut Placed<'_>) -> Result<(), Refusal> {
    if !text.trim_start().starts_with('{') {
        return mail.each_in(text, wanted, sink, hear);
    }
    let _: IgnoredAny = json::parse(text)?;
    if let Some(list) = json::field(text, FIELD).filter(|field| field.starts_with('[')) {
        return mail.each_in(&list, wanted, sink, hear);
    }
    match json::parse::<Envelope<'_>>(text)?.events {
        Embedded::Text(inner) => mail.each_in(&inner, wanted, sink, hear),
        Embedded::Value(Lenient::Other) => mail.each_in(text, wanted, sink, hear),
        Embedded::Value(events) => mail.each(events, wanted, sink, hear),
    }
}

/// The field of the form.
pub(super) const FIELD: &str = "mandrill_events";
const OTHERS: [&str; 7] =
    ["send", "deferral", "hard_bounce", "soft_bounce", "reject", "whitelist", "blacklist"];
/// Two links of a mail within so many seconds are no person's clicks.
const RAPID_SECONDS: u64 = 1;

/// The field, where something wrote it through as JSON.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow, rename = "mandrill_events", default)]
    pub(super) events: Embedded<'a, Event<'a>>,
}

/// An event, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    event: Scalar<'a>,
    /// Of changes of the lists of who must not be written to, which have no `event`.
    #[serde(borrow, rename = "type", default)]
    list: Scalar<'a>,
    #[serde(borrow, default)]
    action: Scalar<'a>,
    #[serde(borrow, default)]
    ts: Scalar<'a>,
    #[serde(borrow, rename = "_id", default)]
    message: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    ip: Scalar<'a>,
    #[serde(borrow, default)]
    url: Scalar<'a>,
    #[serde(borrow, default)]
    msg: Lenient<Message<'a>>,
    #[serde(borrow, default)]
    reject: Lenient<Listed<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Message<'a> {
    /// The recipient; of an inbound mail, our address.
    #[serde(borrow, default)]
    email: Scalar<'a>,
    /// The time of delivery.
    #[serde(borrow, default)]
    ts: Scalar<'a>,
    #[serde(borrow, default)]
    smtp_events: Lenient<Step<'a>>,
    #[serde(borrow, default)]
    clicks: Lenient<Step<'a>>,
    #[serde(borrow, default)]
    reject: Lenient<Listed<'a>>,
    #[serde(borrow, default)]
    from_email: Scalar<'a>,
    /// Of an inbound mail: who the mail server was told sends it.
    #[serde(borrow, default)]
    sender: Scalar<'a>,
    #[serde(borrow, default)]
    subject: Scalar<'a>,
    #[serde(borrow, default)]
    raw_msg: Scalar<'a>,
    #[serde(borrow, default)]
    headers: Headers<'a>,
}

/// Something that happened to the message before.
#[derive(Debug, Deserialize)]
struct Step<'a> {
    #[serde(borrow, default)]
    ts: Scalar<'a>,
    #[serde(borrow, rename = "type", default)]
    kind: Scalar<'a>,
    #[serde(borrow, default)]
    url: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Listed<'a> {
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, default)]
    reason: Scalar<'a>,
}

impl Listed<'_> {
    /// True if it was their own wish.
    fn opted_out(&self) -> bool {
        matches!(self.reason.as_str(), Some("unsub" | "spam"))
    }
}

/// The meaning of an event.
fn hear(event: Event<'_>) -> Heard<'_> {
    let field = if event.event.is_missing() { &event.list } else { &event.event };
    let name = name_of("event", "Mailchimp Transactional", field)?;
    let mut message = event.msg.object().unwrap_or_default();
    let listed = event.reject.object().unwrap_or_default();
    let (id, at) = (event.message.text(), ("ts", event.ts));
    let rejected = std::mem::take(&mut message.reject).object().unwrap_or_default();
    let kind = match name {
        "open" => SignalKind::EmailOpen,
        "click" => SignalKind::EmailClick,
        "inbound" => return hear_inbound(message, at.1),
        "delivered" => {
            return Ok(Said::Delivered(Delivered { message: id, email: message.email.text(), at: at.1 }));
        }
        "unsub" | "spam" => return opt_out(message.email, id, at),
        "reject" if rejected.opted_out() => return opt_out(message.email, id, at),
        "blacklist" if listed.opted_out() && event.action.as_str() != Some("remove") => {
            return opt_out(listed.email, id, at);
        }
        name => return Err(other("event", "Mailchimp Transactional", name, &OTHERS)),
    };
    let rapid = kind == SignalKind::EmailClick && is_rapid(&message.clicks.objects(), &event.url, &at.1);
    let delivery = message.smtp_events.objects().into_iter().find(|step| step.kind.as_str() == Some("sent"));
    Touch {
        message: id,
        user_agent: event.user_agent.text(),
        address: event.ip,
        by: By::machine_if(rapid),
        link: event.url.text(),
        sent: delivery.map_or(message.ts, |step| step.ts),
        ..Touch::new("mandrill", kind, by_email(message.email), at)
    }
    .said()
}

fn opt_out<'a>(who: Scalar<'a>, message: Option<Cow<'a, str>>, at: (&'static str, Scalar<'a>)) -> Heard<'a> {
    OptOut { provider: "mandrill", id: None, message, who: vec![who], at }.said()
}

fn hear_inbound<'a>(message: Message<'a>, at: Scalar<'a>) -> Heard<'a> {
    let mut reply = Inbound::new("mandrill", message.headers);
    if let Some(raw) = message.raw_msg.as_str() {
        reply = reply.with_mail(raw);
    }
    let (from, path) = (message.from_email, message.sender);
    Inbound { from, path, subject: message.subject, at: ("ts", at), ..reply }.heard()
}

/// True if another link of the message was clicked within a second of that click.
fn is_rapid(clicks: &[Step<'_>], link: &Scalar<'_>, at: &Scalar<'_>) -> bool {
    let Some(at) = seconds(at) else { return false };
    let near = |click: &Step<'_>| seconds(&click.ts).is_some_and(|other| other.abs_diff(at) <= RAPID_SECONDS);
    clicks.iter().any(|click| !click.url.is_missing() && click.url != *link && near(click))
}

fn seconds(time: &Scalar<'_>) -> Option<i64> {
    match time {
        Scalar::Int(seconds) => Some(*seconds),
        Scalar::Text(text) => text.trim().parse().ok(),
        Scalar::Missing | Scalar::Bool(_) | Scalar::Float(_) => None,
    }
}
