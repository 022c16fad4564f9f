//! Braze Currents: a list of events below `events`, or one a record, with `event_type` and the properties beside it or below
//! `properties`. Files in a bucket have their type in the name of their folder: whoever reads them adds it.

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
    mail.each_in(&list_in(text, "events")?, wanted, sink, hear)
}

const OTHERS: [&str; 7] = ["Send", "Bounce", "SoftBounce", "Abort", "Deferral", "Retry", "EnterControl"];
const MAILS: &str = "users.messages.email.";

/// An event, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    event_type: Scalar<'a>,
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    time: Scalar<'a>,
    #[serde(borrow, default)]
    properties: Lenient<Properties<'a>>,
    #[serde(borrow, flatten)]
    flat: Properties<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Properties<'a> {
    #[serde(borrow, default)]
    email_address: Scalar<'a>,
    #[serde(borrow, default)]
    dispatch_id: Scalar<'a>,
    #[serde(borrow, default)]
    send_id: Scalar<'a>,
    #[serde(borrow, default)]
    link_url: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    machine_open: Scalar<'a>,
    #[serde(borrow, default)]
    is_suspected_bot_click: Scalar<'a>,
    #[serde(borrow, default)]
    subscription_status: Scalar<'a>,
    #[serde(borrow, default)]
    state_change: Scalar<'a>,
    #[serde(borrow, default)]
    channel: Scalar<'a>,
}

impl Properties<'_> {
    /// True if a change of subscription ends what comes by mail.
    fn stop_mail(&self) -> bool {
        let status = self.subscription_status.as_str().or(self.state_change.as_str()).unwrap_or_default();
        let is_mail = self.channel.as_str().is_none_or(|channel| channel.eq_ignore_ascii_case("email"));
        is_mail && status.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("unsub"))
    }
}

/// The meaning of an event of Braze.
fn hear(event: Event<'_>) -> Heard<'_> {
    let name = name_of("event_type", "Braze", &event.event_type)?;
    let mut said = event.properties.object().unwrap_or(event.flat);
    let at = ("time", event.time);
    let (_, message) =
        first_of([("dispatch_id", &mut said.dispatch_id), ("send_id", &mut said.send_id)], "dispatch_id");
    let who = std::mem::take(&mut said.email_address);
    let opt_out = |message, who, at| OptOut::of("braze", message, who, at);
    let kind = match name.strip_prefix(MAILS) {
        Some("Open") => SignalKind::EmailOpen,
        Some("Click") => SignalKind::EmailClick,
        Some("Delivery") => return Delivered::said(message, who, at.1),
        Some("Unsubscribe" | "MarkAsSpam") => return opt_out(message, who, at).with_id(event.id).said(),
        Some(name) => return Err(other("event_type", "Braze", name, &OTHERS)),
        None if name.starts_with("users.behaviors.subscription") && said.stop_mail() => {
            return opt_out(message, who, at).with_id(event.id).said();
        }
        None if name.starts_with("users.") || name.starts_with("catalogs.") => {
            return Err(DropReason::NotInterest.into());
        }
        None => return Err(other("event_type", "Braze", name, &OTHERS)),
    };
    Touch {
        id: event.id.text(),
        message: message.text(),
        user_agent: said.user_agent.text(),
        by: By::machine_if(said.machine_open.is_true() || said.is_suspected_bot_click.is_true()),
        link: said.link_url.text(),
        ..Touch::new("braze", kind, by_email(who), at)
    }
    .said()
}
