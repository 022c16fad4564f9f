//! Brevo's webhooks: one event a record, or the list of mails that came in. An event's `id` is the webhook's and no
//! use; `date` is in the account's own zone (the source's `zone`), so the epochs are preferred.

use std::collections::BTreeMap;

use serde::Deserialize;

use winback_core::signal::SignalKind;

use super::{Mail, Touch, by_email, is_automatic, name_of, other};
use crate::element::{DropReason, Verdict};
use crate::json::{Lenient, Scalar};

const OTHERS: [&str; 20] = [
    "request",
    "sent",
    "delivered",
    "hard_bounce",
    "hardBounce",
    "soft_bounce",
    "softBounce",
    "blocked",
    "spam",
    "complaint",
    "invalid_email",
    "invalid",
    "error",
    "deferred",
    "unsubscribe",
    "unsubscribed",
    "list_addition",
    "contact_updated",
    "contact_deleted",
    "inboundEmailProcessed",
];

/// An event, or mails that came in, as far as they matter here.
#[derive(Debug, Deserialize)]
pub(crate) struct Event<'a> {
    #[serde(borrow, default)]
    event: Scalar<'a>,
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, rename = "message-id", default)]
    message: Scalar<'a>,
    #[serde(borrow, default)]
    ts_epoch: Scalar<'a>,
    #[serde(borrow, default)]
    s_epoch: Scalar<'a>,
    #[serde(borrow, default)]
    ts_event: Scalar<'a>,
    #[serde(borrow, default)]
    ts: Scalar<'a>,
    #[serde(borrow, default)]
    date: Scalar<'a>,
    #[serde(borrow, default)]
    link: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    pub(crate) items: Lenient<Inbound<'a>>,
}

/// A mail that came in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Inbound<'a> {
    #[serde(borrow, default)]
    message_id: Scalar<'a>,
    #[serde(borrow, default)]
    from: Lenient<Sender<'a>>,
    #[serde(borrow, default)]
    sent_at_date: Scalar<'a>,
    #[serde(borrow, default)]
    date: Scalar<'a>,
    #[serde(borrow, default)]
    headers: Lenient<BTreeMap<String, Scalar<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sender<'a> {
    #[serde(borrow, default)]
    address: Scalar<'a>,
}

impl Mail {
    /// The signal of a Brevo event.
    pub(crate) fn brevo<'a>(&self, event: Event<'a>) -> Verdict<'a> {
        let (kind, by_machine) = match name_of("event", "Brevo", &event.event)? {
            "opened" | "unique_opened" | "uniqueOpened" => (SignalKind::EmailOpen, false),
            "proxy_open" | "unique_proxy_open" | "proxyOpen" | "uniqueProxyOpen" => {
                (SignalKind::EmailOpen, true)
            }
            "click" | "clicked" => (SignalKind::EmailClick, false),
            name => return Err(other("event", "Brevo", name, &OTHERS)),
        };
        let times = [
            ("ts_epoch", event.ts_epoch),
            ("s_epoch", event.s_epoch),
            ("ts_event", event.ts_event),
            ("ts", event.ts),
            ("date", event.date),
        ];
        let at = times.into_iter().find(|(_, time)| !time.is_missing());
        self.judge(Touch {
            provider: "brevo",
            kind,
            id: None,
            message: event.message.text(),
            who: by_email(event.email),
            at: at.unwrap_or(("ts_epoch", Scalar::Missing)),
            user_agent: event.user_agent.text(),
            by_machine,
            link: event.link.text(),
        })
    }

    /// The signal of a mail that came in.
    pub(crate) fn brevo_inbound<'a>(&self, mail: Inbound<'a>) -> Verdict<'a> {
        let headers = mail.headers.object().unwrap_or_default();
        if headers.iter().any(|(name, value)| is_automatic(name, value.as_str().unwrap_or_default())) {
            return Err(DropReason::AutoReply.into());
        }
        let at = match mail.sent_at_date.is_missing() {
            true => ("Date", mail.date),
            false => ("SentAtDate", mail.sent_at_date),
        };
        self.judge(Touch {
            provider: "brevo",
            kind: SignalKind::EmailReply,
            id: None,
            message: mail.message_id.text(),
            who: by_email(mail.from.object().unwrap_or_default().address),
            at,
            user_agent: None,
            by_machine: false,
            link: None,
        })
    }
}
