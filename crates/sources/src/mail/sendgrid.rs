//! SendGrid's event webhook: a list of events a record, each with its own id. Replies come to its inbound parser as
//! forms, not as JSON, and are not read here.

use serde::Deserialize;
use winback_core::signal::SignalKind;

use super::{Mail, Touch, by_email, name_of, other};
use crate::element::Verdict;
use crate::json::Scalar;

const OTHERS: [&str; 11] = [
    "processed",
    "delivered",
    "deferred",
    "bounce",
    "blocked",
    "dropped",
    "spamreport",
    "unsubscribe",
    "group_unsubscribe",
    "group_resubscribe",
    "account_status_change",
];

/// An event, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(crate) struct Event<'a> {
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
    sg_machine_open: Scalar<'a>,
    #[serde(borrow, default)]
    url: Scalar<'a>,
}

impl Mail {
    /// The signal of a SendGrid event.
    pub(crate) fn sendgrid<'a>(&self, event: Event<'a>) -> Verdict<'a> {
        let kind = match name_of("event", "SendGrid", &event.event)? {
            "open" => SignalKind::EmailOpen,
            "click" => SignalKind::EmailClick,
            name => return Err(other("event", "SendGrid", name, &OTHERS)),
        };
        self.judge(Touch {
            provider: "sendgrid",
            kind,
            id: event.sg_event_id.text(),
            message: event.sg_message_id.text(),
            who: by_email(event.email),
            at: ("timestamp", event.timestamp),
            user_agent: event.useragent.text(),
            by_machine: event.sg_machine_open.is_true(),
            link: event.url.text(),
        })
    }
}
