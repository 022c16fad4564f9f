//! SendGrid's event webhook: a list of events a record, each with its own id. Replies come to its inbound parser as
//! forms, not as JSON, and are not read here.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::{By, Delivered, Heard, Mail, OptOut, Touch, by_email, name_of, other};
use crate::element::Refusal;
use crate::json::Scalar;
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
}

/// The meaning of a SendGrid event.
fn hear(event: Event<'_>) -> Heard<'_> {
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

fn opt_out(event: Event<'_>) -> Heard<'_> {
    let at = ("timestamp", event.timestamp);
    OptOut::of("sendgrid", event.sg_message_id, event.email, at).with_id(event.sg_event_id).said()
}
