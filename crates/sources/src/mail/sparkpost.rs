//! SparkPost's event webhook: a list of events a record, each wrapped by its class, and mails that its relay received.
//!
//! One opening gives an `initial_open` from the top of the mail and an `open` from its end; only the second counts, or one
//! look would be two.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};
use winback_core::signal::SignalKind;

use super::headers::Headers;
use super::inbound::{Inbound, decoded};
use super::{By, Delivered, Heard, Mail, OptOut, Touch, by_email, name_of, other};
use crate::element::{DeadReason, DropReason, Refusal};
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

const OTHERS: [&str; 21] = [
    "injection",
    "delay",
    "bounce",
    "out_of_band",
    "policy_rejection",
    "sms_status",
    "generation_failure",
    "generation_rejection",
    "initial_open",
    "amp_initial_open",
    "relay_injection",
    "relay_rejection",
    "relay_delivery",
    "relay_tempfail",
    "relay_permfail",
    "ab_test_completed",
    "ab_test_cancelled",
    "success",
    "error",
    "subscribe",
    "list_subscribe",
];
/// The class of a bounce that is a request to be taken off the list.
const UNSUBSCRIBE: &str = "90";

/// An event with what it is wrapped in.
#[derive(Debug, Deserialize)]
pub(super) struct Wrapped<'a> {
    #[serde(borrow, default)]
    msys: Lenient<Classed<'a>>,
}

/// An event and its class, `track_event` or the like; neither in a ping.
#[derive(Debug)]
struct Classed<'a>(Option<(Cow<'a, str>, Event<'a>)>);

/// An event, or a mail that came in, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Scalar<'a>,
    #[serde(borrow, default)]
    event_id: Scalar<'a>,
    #[serde(borrow, default)]
    message_id: Scalar<'a>,
    #[serde(borrow, default)]
    rcpt_to: Scalar<'a>,
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    injection_time: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent_parsed: Lenient<Agent<'a>>,
    #[serde(borrow, default)]
    is_prefetched: Scalar<'a>,
    #[serde(borrow, default)]
    ip_address: Scalar<'a>,
    #[serde(borrow, default)]
    target_link_url: Scalar<'a>,
    #[serde(borrow, default)]
    bounce_class: Scalar<'a>,
    #[serde(borrow, default)]
    friendly_from: Scalar<'a>,
    #[serde(borrow, default)]
    msg_from: Scalar<'a>,
    #[serde(borrow, default)]
    content: Lenient<Content<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Agent<'a> {
    #[serde(borrow, default)]
    is_prefetched: Scalar<'a>,
    #[serde(borrow, default)]
    is_proxy: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    subject: Scalar<'a>,
    /// The mail as it was sent.
    #[serde(borrow, default)]
    email_rfc822: Scalar<'a>,
    #[serde(borrow, default)]
    email_rfc822_is_base64: Scalar<'a>,
    #[serde(borrow, default)]
    headers: Headers<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Classed<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClassedVisitor)
    }
}

struct ClassedVisitor;

impl<'de> Visitor<'de> for ClassedVisitor {
    type Value = Classed<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut first = None;
        while let Some(class) = map.next_key::<Scalar<'de>>()? {
            match (first.is_none(), class.text()) {
                (true, Some(class)) => {
                    let event: Lenient<Event<'de>> = map.next_value()?;
                    first = event.object().map(|event| (class, event));
                }
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(Classed(first))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Classed(None))
    }
}

impl Event<'_> {
    fn by(&mut self) -> By {
        let agent = std::mem::take(&mut self.user_agent_parsed).object().unwrap_or_default();
        let prefetched = self.is_prefetched.is_true() || agent.is_prefetched.is_true();
        match (prefetched, agent.is_proxy.is_true()) {
            (true, _) => By::Machine,
            (false, true) => By::Proxy,
            (false, false) => By::Somebody,
        }
    }
}

/// The meaning of a SparkPost event.
fn hear(wrapped: Wrapped<'_>) -> Heard<'_> {
    let missing = || {
        let text = "`msys` is missing: is this source SparkPost's?".to_owned();
        Refusal::Dead(DeadReason::MissingField, text)
    };
    let Classed(classed) = wrapped.msys.object().ok_or_else(missing)?;
    let (class, mut event) = classed.ok_or(DropReason::NotInterest)?;
    if class == "relay_message" {
        return hear_inbound(event);
    }
    let kind = match name_of("type", "SparkPost", &event.kind)? {
        "open" | "amp_open" => SignalKind::EmailOpen,
        "click" | "amp_click" => SignalKind::EmailClick,
        "delivery" => return Delivered::said(event.message_id, event.rcpt_to, event.timestamp),
        "list_unsubscribe" | "link_unsubscribe" | "spam_complaint" => return opt_out(event),
        "bounce" | "out_of_band" if is_unsubscribe(&event.bounce_class) => return opt_out(event),
        name => return Err(other("type", "SparkPost", name, &OTHERS)),
    };
    let by = event.by();
    Touch {
        id: event.event_id.text(),
        message: event.message_id.text(),
        user_agent: event.user_agent.text(),
        address: event.ip_address,
        by,
        link: event.target_link_url.text(),
        sent: event.injection_time,
        ..Touch::new("sparkpost", kind, by_email(event.rcpt_to), ("timestamp", event.timestamp))
    }
    .said()
}

fn is_unsubscribe(class: &Scalar<'_>) -> bool {
    *class == Scalar::Int(90) || class.as_str() == Some(UNSUBSCRIBE)
}

fn opt_out(event: Event<'_>) -> Heard<'_> {
    let at = ("timestamp", event.timestamp);
    OptOut::of("sparkpost", event.message_id, event.rcpt_to, at).with_id(event.event_id).said()
}

/// A mail that came in has no time but the one in its headers.
fn hear_inbound(event: Event<'_>) -> Heard<'_> {
    let content = event.content.object().unwrap_or_default();
    let mut reply = Inbound::new("sparkpost", content.headers);
    if let Some(raw) = content.email_rfc822.as_str() {
        let packed = content.email_rfc822_is_base64.is_true();
        reply = reply.with_mail(&if packed { decoded(raw) } else { raw.into() });
    }
    let at = ("content.headers.Date", Scalar::Missing);
    Inbound { from: event.friendly_from, path: event.msg_from, subject: content.subject, at, ..reply }.heard()
}
