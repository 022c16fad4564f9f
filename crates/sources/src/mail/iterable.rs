//! Iterable's system webhooks, one event a record. An event has no id of its own, only the message's.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::{By, Heard, Mail, OptOut, Touch, by_email, name_of, other};
use crate::element::{DropReason, Refusal};
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

const OTHERS: [&str; 4] = ["emailSend", "emailSendSkip", "emailBounce", "emailSubscribe"];

/// An event, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, default)]
    event_name: Scalar<'a>,
    #[serde(borrow, default)]
    data_fields: Lenient<Fields<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, default)]
    message_id: Scalar<'a>,
    #[serde(borrow, default)]
    created_at: Scalar<'a>,
    #[serde(borrow, default)]
    ip: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    /// The image proxy that it came through.
    #[serde(borrow, default)]
    proxy_source: Scalar<'a>,
    #[serde(borrow, default)]
    is_bot: Scalar<'a>,
    #[serde(borrow, default)]
    url: Scalar<'a>,
}

impl Fields<'_> {
    fn by(&self) -> By {
        match (self.is_bot.is_true(), self.proxy_source.as_str()) {
            (true, _) => By::Machine,
            (false, Some(proxy)) if proxy.eq_ignore_ascii_case("apple") => By::Machine,
            (false, Some(proxy)) if !proxy.trim().is_empty() => By::Proxy,
            (false, _) => By::Somebody,
        }
    }
}

/// The meaning of an event of Iterable.
fn hear(event: Event<'_>) -> Heard<'_> {
    let name = name_of("eventName", "Iterable", &event.event_name)?;
    let fields = event.data_fields.object().unwrap_or_default();
    let by = fields.by();
    let who = if event.email.is_missing() { fields.email } else { event.email };
    let at = ("dataFields.createdAt", fields.created_at);
    let kind = match name {
        "emailOpen" => SignalKind::EmailOpen,
        "emailClick" => SignalKind::EmailClick,
        "emailUnSubscribe" | "emailUnsubscribe" | "emailComplaint" => {
            return OptOut::of("iterable", fields.message_id, who, at).said();
        }
        // Of other channels.
        name if !name.starts_with("email") => return Err(DropReason::NotInterest.into()),
        name => return Err(other("eventName", "Iterable", name, &OTHERS)),
    };
    Touch {
        message: fields.message_id.text(),
        user_agent: fields.user_agent.text(),
        address: fields.ip,
        by,
        link: fields.url.text(),
        ..Touch::new("iterable", kind, by_email(who), at)
    }
    .said()
}
