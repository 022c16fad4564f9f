//! Amazon SES: events and received mail, bare or as the text in an SNS notification, whose id is then the event's.
//!
//! An open or click is the message's, not a recipient's. With one recipient it is theirs; with several of one domain
//! it is that domain's; with several of different domains nobody knows, and it is dropped, counted. A complaint names all
//! who may have complained, and holds for each.

use std::borrow::Cow;

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::headers::Headers;
use super::inbound::{Inbound, decoded, is_mail};
use super::{Action, Heard, Mail, OptOut, Touch, name_of, other, recipient};
use crate::element::{DropReason, Refusal};
use crate::embedded::Several;
use crate::json::{self, Lenient, Scalar};
use crate::walk::{Placed, Wanted};

/// Decodes Amazon SES events, bare or as the text of an SNS notification.
pub(crate) fn decode(
    mail: &Mail,
    text: &str,
    wanted: Wanted<'_>,
    sink: &mut Placed<'_>,
) -> Result<(), Refusal> {
    if text.trim_start().starts_with('[') {
        return mail.each_in(text, wanted, sink, |event| hear(event, None));
    }
    // A mail as SES stores it in S3.
    if is_mail(text) {
        return mail.one(Inbound::new("ses", Headers::of_mail(text)).heard(), wanted, sink);
    }
    match json::parse::<Lenient<Event<'_>>>(text)? {
        Lenient::One(event) if event.is_notification() => {
            let Event { wrapped, envelope_id, .. } = event;
            let (inner, id) = (wrapped.text().unwrap_or_default(), envelope_id.text());
            mail.each_in(&inner, wanted, sink, |event| hear(event, id.clone()))
        }
        events => mail.each(events, wanted, sink, |event| hear(event, None)),
    }
}

const OTHERS: [&str; 8] = [
    "Send",
    "Delivery",
    "DeliveryDelay",
    "Bounce",
    "Reject",
    "Rendering Failure",
    "Subscription",
    "AmazonSnsSubscriptionSucceeded",
];

/// An SNS notification or a bare event, as far as they matter here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event<'a> {
    /// SNS: what it carries.
    #[serde(borrow, rename = "Type", default)]
    pub(super) envelope: Scalar<'a>,
    /// SNS: the event, as text.
    #[serde(borrow, rename = "Message", default)]
    pub(super) wrapped: Scalar<'a>,
    /// SNS: its id, the same at every delivery.
    #[serde(borrow, rename = "MessageId", default)]
    pub(super) envelope_id: Scalar<'a>,
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
    #[serde(borrow, default)]
    complaint: Lenient<Complaint<'a>>,
    #[serde(borrow, default)]
    subscription: Lenient<Subscription<'a>>,
    /// Of a mail that came in: the mail itself.
    #[serde(borrow, default)]
    content: Scalar<'a>,
    #[serde(borrow, default)]
    receipt: Lenient<Receipt<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint<'a> {
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    complained_recipients: Lenient<Complainer<'a>>,
    #[serde(borrow, default)]
    complaint_feedback_type: Scalar<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complainer<'a> {
    #[serde(borrow, default)]
    email_address: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscription<'a> {
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    old_topic_preferences: Lenient<Preferences<'a>>,
    #[serde(borrow, default)]
    new_topic_preferences: Lenient<Preferences<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Preferences<'a> {
    #[serde(borrow, default)]
    unsubscribe_all: Scalar<'a>,
    #[serde(borrow, default)]
    topic_subscription_status: Lenient<Topic<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Topic<'a> {
    #[serde(borrow, default)]
    topic_name: Scalar<'a>,
    #[serde(borrow, default)]
    subscription_status: Scalar<'a>,
}

impl<'a> Preferences<'a> {
    /// True if they refuse something that they wanted before: one topic counts for all. Topics that were refused
    /// before say nothing, because the list is of all topics, whichever changed.
    fn stop_more_than(self, old: Self) -> bool {
        let was_out = old.topic_subscription_status.out();
        let is_new = |topic: &Scalar<'a>| !was_out.contains(topic);
        (self.unsubscribe_all.is_true() && !old.unsubscribe_all.is_true())
            || self.topic_subscription_status.out().iter().any(is_new)
    }
}

impl<'a> Lenient<Topic<'a>> {
    /// The names of the topics that are not wanted.
    fn out(self) -> Vec<Scalar<'a>> {
        let is_out = |topic: &Topic<'_>| topic.subscription_status.as_str() == Some("OptOut");
        self.objects().into_iter().filter(is_out).map(|topic| topic.topic_name).collect()
    }
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
    headers: Headers<'a>,
    #[serde(borrow, default)]
    common_headers: Lenient<Common<'a>>,
}

/// What the notification tells of the headers without the headers themselves.
#[derive(Debug, Default, Deserialize)]
struct Common<'a> {
    #[serde(borrow, default)]
    from: Several<'a>,
    #[serde(borrow, default)]
    subject: Scalar<'a>,
}

/// What was done with a mail that came in.
#[derive(Debug, Default, Deserialize)]
struct Receipt<'a> {
    #[serde(borrow, default)]
    action: Lenient<Done<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Done<'a> {
    #[serde(borrow, default)]
    encoding: Scalar<'a>,
}

impl Event<'_> {
    /// True if it is an SNS notification with an event in it. Notices of SNS or SES about themselves are none.
    pub(super) fn is_notification(&self) -> bool {
        let text = self.wrapped.as_str().unwrap_or_default();
        self.envelope.as_str() != Some("SubscriptionConfirmation")
            && self.envelope.as_str() != Some("UnsubscribeConfirmation")
            && text.trim_start().starts_with('{')
    }
}

/// The meaning of an event; `id` is that of the notification around it.
fn hear<'a>(event: Event<'a>, id: Option<Cow<'a, str>>) -> Heard<'a> {
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
        "Received" => return hear_received(message, &event.content, event.receipt, id),
        "Complaint" => return complained(event.complaint, message, id),
        "Subscription" => return unsubscribed(event.subscription, message, id),
        name => return Err(other(field, "Amazon SES", name, &OTHERS)),
    };
    let action = action.object().unwrap_or_default();
    let who = recipient("mail.destination", message.destination.unwrap_or_default())?;
    Touch {
        id,
        message: message.message_id.text(),
        user_agent: action.user_agent.text(),
        address: action.ip_address,
        link: action.link.text(),
        sent: message.timestamp,
        ..Touch::new("ses", kind, who, ("timestamp", action.timestamp))
    }
    .said()
}

fn complained<'a>(
    complaint: Lenient<Complaint<'a>>,
    message: Message<'a>,
    id: Option<Cow<'a, str>>,
) -> Heard<'a> {
    let complaint = complaint.object().unwrap_or_default();
    // Their mailbox took it for spam, and they took it out again.
    if complaint.complaint_feedback_type.as_str() == Some("not-spam") {
        return Err(DropReason::NotInterest.into());
    }
    let who = complaint.complained_recipients.objects().into_iter().map(|one| one.email_address).collect();
    opt_out(who, ("complaint.timestamp", complaint.timestamp), message, id)
}

fn unsubscribed<'a>(
    subscription: Lenient<Subscription<'a>>,
    mut message: Message<'a>,
    id: Option<Cow<'a, str>>,
) -> Heard<'a> {
    let subscription = subscription.object().unwrap_or_default();
    let [old, new] = [subscription.old_topic_preferences, subscription.new_topic_preferences]
        .map(|preferences| preferences.object().unwrap_or_default());
    if !new.stop_more_than(old) {
        return Err(DropReason::NotInterest.into());
    }
    let who = message.destination.take().unwrap_or_default();
    opt_out(who, ("subscription.timestamp", subscription.timestamp), message, id)
}

/// The time of the mail where the answer's own is missing: an opt-out counts, however late it was told.
fn opt_out<'a>(
    who: Vec<Scalar<'a>>,
    at: (&'static str, Scalar<'a>),
    message: Message<'a>,
    id: Option<Cow<'a, str>>,
) -> Heard<'a> {
    let at = if at.1.is_missing() { (at.0, message.timestamp) } else { at };
    OptOut { provider: "ses", id, message: message.message_id.text(), who, at }.said()
}

/// A mail that came in: as the notification tells it, which is all where the mail itself went to S3, or as the mail that
/// the notification carries.
fn hear_received<'a>(
    message: Message<'a>,
    content: &Scalar<'_>,
    receipt: Lenient<Receipt<'a>>,
    id: Option<Cow<'a, str>>,
) -> Heard<'a> {
    let mut reply = Inbound::new("ses", message.headers);
    if let Some(raw) = content.as_str() {
        let encoding = receipt.object().unwrap_or_default().action.object().unwrap_or_default().encoding;
        let is_packed = encoding.as_str().is_some_and(|encoding| encoding.eq_ignore_ascii_case("base64"));
        reply =
            reply.with_mail(&if is_packed || !is_mail(raw.trim_start()) { decoded(raw) } else { raw.into() });
    }
    let common = message.common_headers.object().unwrap_or_default();
    let from = common.from.first();
    let at = ("mail.timestamp", message.timestamp);
    let (path, subject) = (message.source, common.subject);
    Inbound { id, from, path, subject, message: message.message_id, at, ..reply }.heard()
}
