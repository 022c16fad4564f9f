//! Mailgun's events: one a record, wrapped with its signature by the webhook, or bare as its events API lists them.
//! Replies come by its routes as forms, not as JSON, and are not read here.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::{By, Delivered, Heard, Mail, OptOut, Touch, by_email, items, name_of, other};
use crate::element::{DeadReason, Refusal};
use crate::json::{self, IsList, Lenient, Scalar};
use crate::walk::{Placed, Wanted, events};

/// Decodes Mailgun's webhook, which wraps an event, or the list of its events API.
pub(crate) fn decode(
    mail: &Mail,
    text: &str,
    wanted: Wanted<'_>,
    sink: &mut Placed<'_>,
) -> Result<(), Refusal> {
    if text.trim_start().starts_with('[') {
        let mut bare = true;
        events(text, |envelope: Result<Envelope<'_>, _>, _| {
            bare &= envelope.as_ref().map_or(true, Envelope::is_empty);
        })?;
        return if bare {
            mail.each_in(text, wanted, sink, hear)
        } else {
            mail.each_in(text, wanted, sink, hear_wrapped)
        };
    }
    match json::parse::<Lenient<Envelope<'_>>>(text)? {
        Lenient::One(Envelope { items: IsList(true), .. }) => mail.each_in(&items(text), wanted, sink, hear),
        Lenient::One(envelope) if envelope.is_empty() => mail.each_in(text, wanted, sink, hear),
        envelopes => mail.each(envelopes, wanted, sink, hear_wrapped),
    }
}

const OTHERS: [&str; 9] = [
    "accepted",
    "rejected",
    "failed",
    "stored",
    "list_member_uploaded",
    "list_member_upload_error",
    "list_uploaded",
    "email_validation",
    "dropped",
];
/// Reasons why a mail was not even tried: its recipient opted out before.
const SUPPRESSED: [&str; 2] = ["suppress-unsubscribe", "suppress-complaint"];
/// Kinds of clients that are machines.
const MACHINES: [&str; 3] = ["robot", "library", "feed reader"];
/// Names of the mailbox providers' image proxies.
const PROXIES: [&str; 3] = ["gmail", "google", "yahoo"];

/// The body of the webhook.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow, rename = "event-data", default)]
    data: Lenient<Event<'a>>,
    /// Of the events API.
    #[serde(default)]
    pub(super) items: IsList,
}

impl Envelope<'_> {
    /// True if it holds no event, so that it may be one itself.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self.data, Lenient::Other)
    }
}

/// An event, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    event: Scalar<'a>,
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    recipient: Scalar<'a>,
    #[serde(borrow, default)]
    reason: Scalar<'a>,
    #[serde(borrow, default)]
    url: Scalar<'a>,
    #[serde(borrow, default)]
    ip: Scalar<'a>,
    #[serde(borrow, default)]
    message: Lenient<Message<'a>>,
    #[serde(borrow, default)]
    client_info: Lenient<Client<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    headers: Lenient<MessageHeaders<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct MessageHeaders<'a> {
    #[serde(borrow, rename = "message-id", default)]
    id: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Client<'a> {
    #[serde(borrow, default)]
    client_type: Scalar<'a>,
    #[serde(borrow, default)]
    bot: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
}

impl Client<'_> {
    fn by(&self) -> By {
        let is_one = |value: &Scalar<'_>, known: &[&str]| {
            value.as_str().is_some_and(|value| known.iter().any(|word| value.eq_ignore_ascii_case(word)))
        };
        if is_one(&self.bot, &PROXIES) {
            return By::Proxy;
        }
        By::machine_if(!self.bot.is_missing() || is_one(&self.client_type, &MACHINES))
    }
}

/// The meaning of a wrapped event.
fn hear_wrapped(envelope: Envelope<'_>) -> Heard<'_> {
    let missing = || {
        let text = "`event-data` is missing: is this source Mailgun's?".to_owned();
        Refusal::Dead(DeadReason::MissingField, text)
    };
    hear(envelope.data.object().ok_or_else(missing)?)
}

/// The meaning of a Mailgun event.
fn hear(event: Event<'_>) -> Heard<'_> {
    let suppressed = event.reason.as_str().is_some_and(|reason| SUPPRESSED.contains(&reason));
    let message = event.message.object().unwrap_or_default().headers.object().unwrap_or_default().id;
    let kind = match name_of("event", "Mailgun", &event.event)? {
        "opened" => SignalKind::EmailOpen,
        "clicked" => SignalKind::EmailClick,
        "delivered" => return Delivered::said(message, event.recipient, event.timestamp),
        "unsubscribed" | "complained" => {
            return opt_out(event.id, message, event.recipient, event.timestamp);
        }
        "failed" | "dropped" if suppressed => {
            return opt_out(event.id, message, event.recipient, event.timestamp);
        }
        name => return Err(other("event", "Mailgun", name, &OTHERS)),
    };
    let client = event.client_info.object().unwrap_or_default();
    Touch {
        id: event.id.text(),
        message: message.text(),
        by: client.by(),
        user_agent: client.user_agent.text(),
        address: event.ip,
        link: event.url.text(),
        ..Touch::new("mailgun", kind, by_email(event.recipient), ("timestamp", event.timestamp))
    }
    .said()
}

fn opt_out<'a>(id: Scalar<'a>, message: Scalar<'a>, who: Scalar<'a>, at: Scalar<'a>) -> Heard<'a> {
    let at = ("timestamp", at);
    OptOut { provider: "mailgun", id: id.text(), message: message.text(), who: vec![who], at }.said()
}
