//! Klaviyo's system webhooks: a list of events below `data`, each with its topic and its payload, whose `included` names the
//! person.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::{By, Delivered, Heard, Mail, OptOut, Touch, by_email, list_in, name_of, other};
use crate::element::{DropReason, Refusal};
use crate::json::{Lenient, Scalar, first_of};
use crate::walk::{Placed, Wanted};

/// Decodes the events of a record.
pub(crate) fn decode(
    mail: &Mail,
    text: &str,
    wanted: Wanted<'_>,
    sink: &mut Placed<'_>,
) -> Result<(), Refusal> {
    mail.each_in(&list_in(text, "data")?, wanted, sink, hear)
}

const TOPIC: &str = "event:klaviyo.";
const OTHERS: [&str; 6] = [
    "bounced_email",
    "dropped_email",
    "skipped_email",
    "subscribed_to_list",
    "subscribed_to_email_marketing",
    "updated_email_preferences",
];

/// An event, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    topic: Scalar<'a>,
    #[serde(borrow, default)]
    payload: Lenient<Payload<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Payload<'a> {
    #[serde(borrow, default)]
    data: Lenient<Data<'a>>,
    #[serde(borrow, default)]
    included: Lenient<Included<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Data<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    attributes: Lenient<Attributes<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Attributes<'a> {
    #[serde(borrow, default)]
    uuid: Scalar<'a>,
    #[serde(borrow, default)]
    datetime: Scalar<'a>,
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    event_properties: Lenient<Properties<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Properties<'a> {
    #[serde(borrow, rename = "Recipient Email Address", alias = "email", default)]
    email: Scalar<'a>,
    #[serde(borrow, rename = "$message", default)]
    message: Scalar<'a>,
    #[serde(borrow, rename = "URL", default)]
    url: Scalar<'a>,
    #[serde(borrow, rename = "user_agent", alias = "User Agent", default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, rename = "machine_open", alias = "Machine Open", default)]
    machine_open: Scalar<'a>,
    #[serde(borrow, rename = "bot_click", alias = "Bot Click", default)]
    bot_click: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Included<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Scalar<'a>,
    #[serde(borrow, default)]
    attributes: Lenient<Person<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Person<'a> {
    #[serde(borrow, default)]
    email: Scalar<'a>,
}

/// The meaning of an event of Klaviyo.
fn hear(event: Event<'_>) -> Heard<'_> {
    let topic = name_of("topic", "Klaviyo", &event.topic)?;
    let payload = event.payload.object().unwrap_or_default();
    let data = payload.data.object().unwrap_or_default();
    let mut said = data.attributes.object().unwrap_or_default();
    let mut mail = std::mem::take(&mut said.event_properties).object().unwrap_or_default();
    let person = payload.included.objects().into_iter().find(|one| one.kind.as_str() == Some("profile"));
    let mut known = person.and_then(|one| one.attributes.object()).unwrap_or_default().email;
    let (_, who) = first_of([("profile", &mut known), ("recipient", &mut mail.email)], "email");
    let at = first_of([("datetime", &mut said.datetime), ("timestamp", &mut said.timestamp)], "datetime");
    let id = if said.uuid.is_missing() { data.id } else { said.uuid };
    let kind = match topic.strip_prefix(TOPIC) {
        Some("opened_email") => SignalKind::EmailOpen,
        Some("clicked_email") => SignalKind::EmailClick,
        Some("received_email") => return Delivered::said(mail.message, who, at.1),
        Some(
            "marked_email_as_spam"
            | "unsubscribed_from_email_marketing"
            | "unsubscribed_from_list"
            | "unsubscribed",
        ) => return OptOut::of("klaviyo", mail.message, who, at).with_id(id).said(),
        Some(name) if !name.contains("email") && !name.contains("subscribe") => {
            return Err(DropReason::NotInterest.into());
        }
        name => return Err(other("topic", "Klaviyo", name.unwrap_or(topic), &OTHERS)),
    };
    Touch {
        id: id.text(),
        message: mail.message.text(),
        user_agent: mail.user_agent.text(),
        by: By::machine_if(mail.machine_open.is_true() || mail.bot_click.is_true()),
        link: mail.url.text(),
        ..Touch::new("klaviyo", kind, by_email(who), at)
    }
    .said()
}
