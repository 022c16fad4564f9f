//! Amazon SES: events and received mail, bare or as the text in an SNS notification, whose id is then the event's.
//!
//! An open or click is the message's, not a recipient's. With one recipient it is theirs; with several of one domain
//! it is that domain's; with several of different domains nobody knows, and it is dropped, counted.

use std::borrow::Cow;

use serde::Deserialize;
use winback_core::signal::{Identity, SignalKind};

use super::{Mail, Touch, bare, by_email, is_automatic, name_of, other};
use crate::element::{DeadReason, DropReason, Refusal, Verdict};
use crate::json::{Lenient, Scalar};

const OTHERS: [&str; 9] = [
    "Send",
    "Delivery",
    "DeliveryDelay",
    "Bounce",
    "Complaint",
    "Reject",
    "Rendering Failure",
    "Subscription",
    "AmazonSnsSubscriptionSucceeded",
];

/// An SNS notification or a bare event, as far as they matter here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event<'a> {
    /// SNS: what it carries.
    #[serde(borrow, rename = "Type", default)]
    pub(crate) envelope: Scalar<'a>,
    /// SNS: the event, as text.
    #[serde(borrow, rename = "Message", default)]
    pub(crate) wrapped: Scalar<'a>,
    /// SNS: its id, the same at every delivery.
    #[serde(borrow, rename = "MessageId", default)]
    pub(crate) envelope_id: Scalar<'a>,
    #[serde(borrow, default)]
    event_type: Scalar<'a>,
    #[serde(borrow, default)]
    notification_type: Scalar<'a>,
    #[serde(borrow, default)]
    mail: Lenient<Message<'a>>,
    #[serde(borrow, default)]
    open: Lenient<Action<'a>>,
    #[serde(borrow, default)]
    click: Lenient<Action<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message<'a> {
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    source: Scalar<'a>,
    #[serde(borrow, default)]
    message_id: Scalar<'a>,
    #[serde(borrow, default)]
    destination: Option<Vec<Scalar<'a>>>,
    #[serde(borrow, default)]
    headers: Lenient<Header<'a>>,
}

#[derive(Debug, Deserialize)]
struct Header<'a> {
    #[serde(borrow, default)]
    name: Scalar<'a>,
    #[serde(borrow, default)]
    value: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action<'a> {
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    link: Scalar<'a>,
}

impl Event<'_> {
    /// Whether it is an SNS notification with an event in it. What SNS or SES say about themselves is none.
    pub(crate) fn is_notification(&self) -> bool {
        let text = self.wrapped.as_str().unwrap_or_default();
        self.envelope.as_str() != Some("SubscriptionConfirmation")
            && self.envelope.as_str() != Some("UnsubscribeConfirmation")
            && text.trim_start().starts_with('{')
    }
}

impl Mail {
    /// The signal of an event; `id` is that of the notification around it.
    pub(crate) fn ses<'a>(&self, event: Event<'a>, id: Option<Cow<'a, str>>) -> Verdict<'a> {
        if !event.wrapped.is_missing() {
            return Err(DropReason::NotInterest.into());
        }
        let (field, name) = match event.event_type.is_missing() {
            true => ("notificationType", event.notification_type),
            false => ("eventType", event.event_type),
        };
        let message = event.mail.object().unwrap_or_default();
        let (kind, action) = match name_of(field, "Amazon SES", &name)? {
            "Open" => (SignalKind::EmailOpen, event.open),
            "Click" => (SignalKind::EmailClick, event.click),
            "Received" => return self.ses_received(message, id),
            name => return Err(other(field, "Amazon SES", name, &OTHERS)),
        };
        let action = action.object().unwrap_or_default();
        self.judge(Touch {
            provider: "ses",
            kind,
            id,
            message: message.message_id.text(),
            who: recipient(message.destination.unwrap_or_default())?,
            at: ("timestamp", action.timestamp),
            user_agent: action.user_agent.text(),
            by_machine: false,
            link: action.link.text(),
        })
    }

    fn ses_received<'a>(&self, message: Message<'a>, id: Option<Cow<'a, str>>) -> Verdict<'a> {
        let automatic = |header: &Header<'_>| {
            is_automatic(header.name.as_str().unwrap_or_default(), header.value.as_str().unwrap_or_default())
        };
        if message.headers.objects().iter().any(automatic) {
            return Err(DropReason::AutoReply.into());
        }
        self.judge(Touch {
            provider: "ses",
            kind: SignalKind::EmailReply,
            id,
            message: message.message_id.text(),
            who: by_email(message.source),
            at: ("mail.timestamp", message.timestamp),
            user_agent: None,
            by_machine: false,
            link: None,
        })
    }
}

fn recipient(destination: Vec<Scalar<'_>>) -> Result<Identity<'_>, Refusal> {
    let mut all: Vec<_> = destination.into_iter().filter_map(Scalar::text).map(bare).collect();
    let Some(last) = all.pop() else {
        let text = "`mail.destination` is missing: whose is it?".to_owned();
        return Err(Refusal::Dead(DeadReason::MissingField, text));
    };
    if all.is_empty() {
        return Ok(Identity { email: Some(last), ..Identity::default() });
    }
    let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
    match domain(&last) {
        Some(shared) if all.iter().all(|address| domain(address).as_ref() == Some(&shared)) => {
            Ok(Identity { domain: Some(Cow::Owned(shared)), ..Identity::default() })
        }
        _ => Err(DropReason::AmbiguousRecipient.into()),
    }
}
