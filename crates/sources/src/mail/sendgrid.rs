//! SendGrid's event webhook: a list of events a record, each with its own id. Replies come from its inbound parser, a form
//! a record, as it was posted or with its fields as JSON; with the mail as it was sent, or taken apart.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::headers::Headers;
use super::inbound::Inbound;
use super::{By, Delivered, Heard, Mail, OptOut, Touch, by_email, form, name_of, other};
use crate::element::Refusal;
use crate::embedded::Embedded;
use crate::json::{self, Lenient, Scalar};
use crate::walk::{Placed, Wanted};

/// Decodes the events of a record.
pub(crate) fn decode(
    mail: &Mail,
    text: &str,
    wanted: Wanted<'_>,
    sink: &mut Placed<'_>,
) -> Result<(), Refusal> {
    mail.each_in(&form::as_json(text), wanted, sink, hear)
}

const OTHERS: [&str; 7] =
    ["processed", "deferred", "bounce", "blocked", "dropped", "group_resubscribe", "account_status_change"];
/// Reasons why a mail was not even tried: its recipient opted out before.
const SUPPRESSED: [&str; 2] = ["Unsubscribed Address", "Spam Reporting Address"];

/// An event, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    event: Scalar<'a>,
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    sg_event_id: Scalar<'a>,
    #[serde(borrow, default)]
    sg_message_id: Scalar<'a>,
    #[serde(borrow, default)]
    useragent: Scalar<'a>,
    #[serde(borrow, default)]
    ip: Scalar<'a>,
    #[serde(borrow, default)]
    sg_machine_open: Scalar<'a>,
    #[serde(borrow, default)]
    url: Scalar<'a>,
    #[serde(borrow, default)]
    reason: Scalar<'a>,
    /// Of a mail that came in.
    #[serde(borrow, default)]
    from: Scalar<'a>,
    #[serde(borrow, default)]
    subject: Scalar<'a>,
    #[serde(borrow, default)]
    headers: Headers<'a>,
    #[serde(borrow, default)]
    envelope: Embedded<'a, Envelope<'a>>,
}

/// What the mail server was told.
#[derive(Debug, Default, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    from: Scalar<'a>,
}

/// The meaning of a SendGrid event.
fn hear(event: Event<'_>) -> Heard<'_> {
    if event.event.is_missing() && event.is_mail() {
        return hear_inbound(event);
    }
    let suppressed = event.reason.as_str().is_some_and(|reason| SUPPRESSED.contains(&reason));
    let kind = match name_of("event", "SendGrid", &event.event)? {
        "open" => SignalKind::EmailOpen,
        "click" => SignalKind::EmailClick,
        "unsubscribe" | "group_unsubscribe" | "spamreport" => return opt_out(event),
        "dropped" if suppressed => return opt_out(event),
        "delivered" => return Delivered::said(event.sg_message_id, event.email, event.timestamp),
        name => return Err(other("event", "SendGrid", name, &OTHERS)),
    };
    Touch {
        id: event.sg_event_id.text(),
        message: event.sg_message_id.text(),
        user_agent: event.useragent.text(),
        address: event.ip,
        by: By::machine_if(event.sg_machine_open.is_true()),
        link: event.url.text(),
        ..Touch::new("sendgrid", kind, by_email(event.email), ("timestamp", event.timestamp))
    }
    .said()
}

impl Event<'_> {
    /// True if it is a mail that came in: taken apart, or in `email` as it was sent.
    fn is_mail(&self) -> bool {
        !self.from.is_missing()
            || !self.headers.is_empty()
            || self.email.as_str().is_some_and(|mail| mail.contains('\n'))
    }
}

fn hear_inbound(event: Event<'_>) -> Heard<'_> {
    let path = match event.envelope {
        Embedded::Text(text) => json::parse::<Lenient<Envelope<'_>>>(&text)
            .ok()
            .and_then(Lenient::object)
            .map(|envelope| match envelope.from {
                Scalar::Text(from) => Scalar::Text(from.into_owned().into()),
                _ => Scalar::Missing,
            }),
        Embedded::Value(envelope) => envelope.object().map(|envelope| envelope.from),
    };
    let mut reply = Inbound::new("sendgrid", event.headers);
    if let Some(raw) = event.email.as_str() {
        reply = reply.with_mail(raw);
    }
    Inbound { from: event.from, path: path.unwrap_or_default(), subject: event.subject, ..reply }.heard()
}

fn opt_out(event: Event<'_>) -> Heard<'_> {
    let at = ("timestamp", event.timestamp);
    OptOut::of("sendgrid", event.sg_message_id, event.email, at).with_id(event.sg_event_id).said()
}
