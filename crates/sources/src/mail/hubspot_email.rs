//! HubSpot's marketing mails, as its email events API lists them: below `events`, or one a record.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::{By, Delivered, Heard, Mail, OptOut, Touch, by_email, list_in, name_of, other};
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
    mail.each_in(&list_in(text, "events")?, wanted, sink, hear)
}

const OTHERS: [&str; 9] =
    ["SENT", "PROCESSED", "DEFERRED", "BOUNCE", "DROPPED", "PRINT", "FORWARD", "UNBOUNCE", "STATUSCHANGE"];
/// Reasons why a mail was not even tried: its recipient opted out before.
const SUPPRESSED: [&str; 3] =
    ["PREVIOUSLY_UNSUBSCRIBED_MESSAGE", "PREVIOUSLY_UNSUBSCRIBED_PORTAL", "PREVIOUSLY_SPAM"];

/// An event, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Scalar<'a>,
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    created: Scalar<'a>,
    #[serde(borrow, default)]
    recipient: Scalar<'a>,
    #[serde(borrow, default)]
    sent_by: Lenient<SentBy<'a>>,
    #[serde(borrow, default)]
    filtered_event: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    ip_address: Scalar<'a>,
    #[serde(borrow, default)]
    url: Scalar<'a>,
    #[serde(borrow, default)]
    drop_reason: Scalar<'a>,
    #[serde(borrow, default)]
    portal_subscription_status: Scalar<'a>,
    #[serde(borrow, default)]
    subscriptions: Lenient<Subscription<'a>>,
    /// A change that HubSpot made because a mail bounced.
    #[serde(borrow, default)]
    bounced: Scalar<'a>,
}

/// The event with which the mail was sent.
#[derive(Debug, Default, Deserialize)]
struct SentBy<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    created: Scalar<'a>,
}

#[derive(Debug, Deserialize)]
struct Subscription<'a> {
    #[serde(borrow, default)]
    status: Scalar<'a>,
}

/// The meaning of an event of a marketing mail.
fn hear(event: Event<'_>) -> Heard<'_> {
    let sent = event.sent_by.object().unwrap_or_default();
    let suppressed = event.drop_reason.as_str().is_some_and(|reason| SUPPRESSED.contains(&reason));
    let is_out = |status: &Scalar<'_>| status.as_str() == Some("UNSUBSCRIBED");
    let ends = is_out(&event.portal_subscription_status)
        || event.subscriptions.objects().iter().any(|one| is_out(&one.status));
    let at = ("created", event.created);
    let opt_out = |message, who, at| OptOut::of("hubspot_email", message, who, at);
    let kind = match name_of("type", "HubSpot", &event.kind)? {
        "OPEN" => SignalKind::EmailOpen,
        "CLICK" => SignalKind::EmailClick,
        "DELIVERED" => return Delivered::said(sent.id, event.recipient, at.1),
        "SPAMREPORT" => return opt_out(sent.id, event.recipient, at).with_id(event.id).said(),
        "DROPPED" if suppressed => return opt_out(sent.id, event.recipient, at).with_id(event.id).said(),
        "STATUSCHANGE" if event.bounced.is_true() => return Err(DropReason::NotInterest.into()),
        "STATUSCHANGE" if ends => return opt_out(sent.id, event.recipient, at).with_id(event.id).said(),
        name => return Err(other("type", "HubSpot", name, &OTHERS)),
    };
    Touch {
        id: event.id.text(),
        message: sent.id.text(),
        user_agent: event.user_agent.text(),
        address: event.ip_address,
        by: By::machine_if(event.filtered_event.is_true()),
        link: event.url.text(),
        sent: sent.created,
        ..Touch::new("hubspot_email", kind, by_email(event.recipient), at)
    }
    .said()
}
