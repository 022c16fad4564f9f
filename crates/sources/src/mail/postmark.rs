//! Postmark's webhooks, one event a record. Opens and clicks have no id of their own, only the message's.

use serde::Deserialize;
use winback_core::signal::{Identity, SignalKind};

use super::{Mail, Touch, by_email, is_automatic, name_of, other};
use crate::element::{DropReason, Verdict};
use crate::json::{Lenient, Scalar};

const OTHERS: [&str; 5] = ["Delivery", "Bounce", "SpamComplaint", "SubscriptionChange", "SMTPApiError"];

/// An event, or a mail that came in, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Event<'a> {
    #[serde(borrow, default)]
    record_type: Scalar<'a>,
    #[serde(borrow, rename = "MessageID", default)]
    message: Scalar<'a>,
    #[serde(borrow, default)]
    recipient: Scalar<'a>,
    #[serde(borrow, default)]
    received_at: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    original_link: Scalar<'a>,
    #[serde(borrow, default)]
    message_stream: Scalar<'a>,
    #[serde(borrow, default)]
    from: Scalar<'a>,
    #[serde(borrow, default)]
    from_full: Lenient<Sender<'a>>,
    #[serde(borrow, default)]
    date: Scalar<'a>,
    #[serde(borrow, default)]
    headers: Lenient<Header<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sender<'a> {
    #[serde(borrow, default)]
    email: Scalar<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Header<'a> {
    #[serde(borrow, default)]
    name: Scalar<'a>,
    #[serde(borrow, default)]
    value: Scalar<'a>,
}

impl Mail {
    /// The signal of a Postmark event. A mail that came in has no record type, but a sender.
    pub(crate) fn postmark<'a>(&self, event: Event<'a>) -> Verdict<'a> {
        let inbound = event.message_stream.as_str() == Some("inbound") || !event.from.is_missing();
        if event.record_type.is_missing() && inbound {
            return self.postmark_inbound(event);
        }
        let kind = match name_of("RecordType", "Postmark", &event.record_type)? {
            "Open" => SignalKind::EmailOpen,
            "Click" => SignalKind::EmailClick,
            "Inbound" => return self.postmark_inbound(event),
            name => return Err(other("RecordType", "Postmark", name, &OTHERS)),
        };
        self.judge(Touch {
            provider: "postmark",
            kind,
            id: None,
            message: event.message.text(),
            who: by_email(event.recipient),
            at: ("ReceivedAt", event.received_at),
            user_agent: event.user_agent.text(),
            by_machine: false,
            link: event.original_link.text(),
        })
    }

    fn postmark_inbound<'a>(&self, event: Event<'a>) -> Verdict<'a> {
        let automatic = |header: &Header<'_>| {
            is_automatic(header.name.as_str().unwrap_or_default(), header.value.as_str().unwrap_or_default())
        };
        if event.headers.objects().iter().any(automatic) {
            return Err(DropReason::AutoReply.into());
        }
        let sender = by_email(event.from_full.object().unwrap_or_default().email);
        let who = if sender == Identity::default() { by_email(event.from) } else { sender };
        self.judge(Touch {
            provider: "postmark",
            kind: SignalKind::EmailReply,
            id: None,
            message: event.message.text(),
            who,
            at: ("Date", event.date),
            user_agent: None,
            by_machine: false,
            link: None,
        })
    }
}
