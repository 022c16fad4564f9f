//! Brevo's webhooks: one event a record, or the list of mails that came in. An event's `id` is the webhook's and no
//! use; `date` is in the account's own zone (the source's `zone`), so the epochs are preferred.

use serde::Deserialize;

use winback_core::signal::SignalKind;

use super::headers::Headers;
use super::{By, Delivered, Heard, Mail, OptOut, Touch, by_email, inbound, items, name_of, other};
use crate::element::Refusal;
use crate::json::{self, IsList, Lenient, Scalar, first_of};
use crate::walk::{Placed, Wanted};

/// Decodes Brevo's events, or the mails of its inbound webhook.
pub(crate) fn decode(
    mail: &Mail,
    text: &str,
    wanted: Wanted<'_>,
    sink: &mut Placed<'_>,
) -> Result<(), Refusal> {
    if text.trim_start().starts_with('[') {
        return mail.each_in(text, wanted, sink, hear);
    }
    match json::parse(text)? {
        Lenient::One(Event { items: IsList(true), .. }) => {
            mail.each_in(&items(text), wanted, sink, hear_inbound)
        }
        events => mail.each(events, wanted, sink, hear),
    }
}

const OTHERS: [&str; 15] = [
    "request",
    "sent",
    "hard_bounce",
    "hardBounce",
    "soft_bounce",
    "softBounce",
    "blocked",
    "invalid_email",
    "invalid",
    "error",
    "deferred",
    "list_addition",
    "contact_updated",
    "contact_deleted",
    "inboundEmailProcessed",
];

/// An event, or mails that came in, as far as they matter here.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    event: Scalar<'a>,
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, rename = "message-id", default)]
    message: Scalar<'a>,
    #[serde(borrow, default)]
    ts_epoch: Scalar<'a>,
    #[serde(borrow, default)]
    s_epoch: Scalar<'a>,
    #[serde(borrow, default)]
    ts_event: Scalar<'a>,
    #[serde(borrow, default)]
    ts: Scalar<'a>,
    #[serde(borrow, default)]
    date: Scalar<'a>,
    #[serde(borrow, default)]
    link: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(default)]
    pub(super) items: IsList,
}

/// A mail that came in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Inbound<'a> {
    #[serde(borrow, default)]
    message_id: Scalar<'a>,
    #[serde(borrow, default)]
    from: Lenient<Sender<'a>>,
    #[serde(borrow, default)]
    sent_at_date: Scalar<'a>,
    #[serde(borrow, default)]
    date: Scalar<'a>,
    #[serde(borrow, default)]
    subject: Scalar<'a>,
    #[serde(borrow, default)]
    headers: Headers<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sender<'a> {
    #[serde(borrow, default)]
    address: Scalar<'a>,
}

impl<'a> Event<'a> {
    fn at(&mut self) -> (&'static str, Scalar<'a>) {
        let times = [
            ("ts_epoch", &mut self.ts_epoch),
            ("s_epoch", &mut self.s_epoch),
            ("ts_event", &mut self.ts_event),
            ("ts", &mut self.ts),
            ("date", &mut self.date),
        ];
        first_of(times, "ts_epoch")
    }
}

/// The meaning of a Brevo event.
fn hear(mut event: Event<'_>) -> Heard<'_> {
    let at = event.at();
    let (kind, by) = match name_of("event", "Brevo", &event.event)? {
        "opened" | "unique_opened" | "uniqueOpened" => (SignalKind::EmailOpen, By::Somebody),
        "proxy_open" | "unique_proxy_open" | "proxyOpen" | "uniqueProxyOpen" => {
            (SignalKind::EmailOpen, By::Machine)
        }
        "click" | "clicked" => (SignalKind::EmailClick, By::Somebody),
        "delivered" => return Delivered::said(event.message, event.email, at.1),
        "unsubscribe" | "unsubscribed" | "spam" | "complaint" => {
            return OptOut::of("brevo", event.message, event.email, at).said();
        }
        name => return Err(other("event", "Brevo", name, &OTHERS)),
    };
    Touch {
        message: event.message.text(),
        user_agent: event.user_agent.text(),
        by,
        link: event.link.text(),
        ..Touch::new("brevo", kind, by_email(event.email), at)
    }
    .said()
}

/// The meaning of an inbound mail.
fn hear_inbound(mail: Inbound<'_>) -> Heard<'_> {
    let at = match mail.sent_at_date.is_missing() {
        true => ("Date", mail.date),
        false => ("SentAtDate", mail.sent_at_date),
    };
    let from = mail.from.object().unwrap_or_default().address;
    let reply = inbound::Inbound::new("brevo", mail.headers);
    inbound::Inbound { from, subject: mail.subject, message: mail.message_id, at, ..reply }.heard()
}
