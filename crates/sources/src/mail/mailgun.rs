//! Mailgun's events: one a record, wrapped with its signature by the webhook, bare as its events API lists them, or as the
//! form that its first webhooks post. Replies come by its routes as forms, too.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::headers::Headers;
use super::inbound::Inbound;
use super::{By, Delivered, Heard, Mail, OptOut, Touch, by_email, form, items, name_of, other};
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
    let form = form::as_json(text);
    let text = form.as_ref();
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

const OTHERS: [&str; 10] = [
    "bounced",
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
/// The same in the words of the first webhooks.
const DESCRIBED: [&str; 2] = ["unsubscribed", "marked your messages as spam"];
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
    /// Of the first webhooks, which have no `client-info`.
    #[serde(borrow, default)]
    client_type: Scalar<'a>,
    #[serde(borrow, default)]
    bot: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    description: Scalar<'a>,
    /// Of those, and of a mail that came in.
    #[serde(borrow, rename = "Message-Id", alias = "message-id", default)]
    message_id: Scalar<'a>,
    #[serde(borrow, default)]
    sender: Scalar<'a>,
    #[serde(borrow, default)]
    from: Scalar<'a>,
    #[serde(borrow, default)]
    subject: Scalar<'a>,
    #[serde(borrow, default)]
    message_headers: Headers<'a>,
    #[serde(borrow, default)]
    body_mime: Scalar<'a>,
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
    if event.event.is_missing() && event.is_mail() {
        return hear_inbound(event);
    }
    let said = event.description.as_str().unwrap_or_default();
    let suppressed = event.reason.as_str().is_some_and(|reason| SUPPRESSED.contains(&reason))
        || DESCRIBED.iter().any(|words| said.contains(words));
    let message = event.message.object().unwrap_or_default().headers.object().unwrap_or_default().id;
    let message = if message.is_missing() { event.message_id } else { message };
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
    let flat = Client { client_type: event.client_type, bot: event.bot, user_agent: event.user_agent };
    let client = event.client_info.object().unwrap_or(flat);
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

impl Event<'_> {
    /// True if it is a mail that came in.
    fn is_mail(&self) -> bool {
        let fields = [&self.sender, &self.from, &self.body_mime];
        !self.message_headers.is_empty() || fields.into_iter().any(|field| !field.is_missing())
    }
}

fn hear_inbound(event: Event<'_>) -> Heard<'_> {
    let mut reply = Inbound::new("mailgun", event.message_headers);
    if let Some(raw) = event.body_mime.as_str() {
        reply = reply.with_mail(raw);
    }
    let at = ("timestamp", event.timestamp);
    let (from, path, message) = (event.from, event.sender, event.message_id);
    Inbound { from, path, subject: event.subject, message, at, ..reply }.heard()
}

fn opt_out<'a>(id: Scalar<'a>, message: Scalar<'a>, who: Scalar<'a>, at: Scalar<'a>) -> Heard<'a> {
    let at = ("timestamp", at);
    OptOut { provider: "mailgun", id: id.text(), message: message.text(), who: vec![who], at }.said()
}
