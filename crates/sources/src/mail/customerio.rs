//! Customer.io's reporting webhooks, one event a record, in their present form and the one before.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::{By, Delivered, Heard, Mail, OptOut, Touch, by_email, name_of, other};
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
    mail.each_in(text, wanted, sink, hear)
}

const OTHERS: [&str; 15] = [
    "drafted",
    "attempted",
    "sent",
    "converted",
    "bounced",
    "dropped",
    "failed",
    "undeliverable",
    "deferred",
    "subscribed",
    "topic_subscribed",
    "created",
    "updated",
    "deleted",
    "subscription_preferences_changed",
];
/// What an event is about, beside mails and people.
const CHANNELS: [&str; 8] = ["push", "sms", "slack", "webhook", "in_app", "whatsapp", "line", "object"];

/// An event, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    event_id: Scalar<'a>,
    #[serde(borrow, default)]
    object_type: Scalar<'a>,
    #[serde(borrow, default)]
    metric: Scalar<'a>,
    /// The object and the metric in one, as it was written before.
    #[serde(borrow, default)]
    event_type: Scalar<'a>,
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    data: Lenient<Data<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Data<'a> {
    #[serde(borrow, default)]
    delivery_id: Scalar<'a>,
    #[serde(borrow, default)]
    email_id: Scalar<'a>,
    #[serde(borrow, default)]
    recipient: Scalar<'a>,
    #[serde(borrow, default)]
    email_address: Scalar<'a>,
    #[serde(borrow, default)]
    identifiers: Lenient<Identifiers<'a>>,
    #[serde(borrow, default)]
    href: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    ip: Scalar<'a>,
    #[serde(borrow, default)]
    machine: Scalar<'a>,
    #[serde(borrow, default)]
    prefetched: Scalar<'a>,
    #[serde(borrow, default)]
    proxied: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Identifiers<'a> {
    #[serde(borrow, default)]
    email: Scalar<'a>,
}

/// The meaning of an event of Customer.io.
fn hear(event: Event<'_>) -> Heard<'_> {
    let (object, metric) = match (event.event_type.as_str(), event.metric.is_missing()) {
        (Some(both), true) => both.split_once('_').unwrap_or(("", both)),
        _ => {
            (event.object_type.as_str().unwrap_or_default(), name_of("metric", "Customer.io", &event.metric)?)
        }
    };
    if CHANNELS.contains(&object) {
        return Err(DropReason::NotInterest.into());
    }
    let mut data = event.data.object().unwrap_or_default();
    let mut known = std::mem::take(&mut data.identifiers).object().unwrap_or_default().email;
    let people = [
        ("recipient", &mut data.recipient),
        ("email_address", &mut data.email_address),
        ("email", &mut known),
    ];
    let (_, who) = first_of(people, "recipient");
    let (_, message) =
        first_of([("delivery_id", &mut data.delivery_id), ("email_id", &mut data.email_id)], "delivery_id");
    let at = ("timestamp", event.timestamp);
    let kind = match metric {
        "opened" => SignalKind::EmailOpen,
        "clicked" => SignalKind::EmailClick,
        "delivered" => return Delivered::said(message, who, at.1),
        "unsubscribed" | "topic_unsubscribed" | "spammed" => {
            return OptOut::of("customerio", message, who, at).with_id(event.event_id).said();
        }
        metric => return Err(other("metric", "Customer.io", metric, &OTHERS)),
    };
    let by = match (data.machine.is_true() || data.prefetched.is_true(), data.proxied.is_true()) {
        (true, _) => By::Machine,
        (false, true) => By::Proxy,
        (false, false) => By::Somebody,
    };
    Touch {
        id: event.event_id.text(),
        message: message.text(),
        user_agent: data.user_agent.text(),
        address: data.ip,
        by,
        link: data.href.text(),
        ..Touch::new("customerio", kind, by_email(who), at)
    }
    .said()
}
