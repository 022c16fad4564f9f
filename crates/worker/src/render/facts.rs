//! What the templates may know.

use lettre::message::Mailbox;
use serde::Serialize;

use super::Rendered;
use crate::moment::Moment;
use crate::play::{Discount, Offer, Play};
use crate::trigger::{CheckedTrigger, time};

const UNNAMED: &str = "[your name]";

/// All that a text to the customer may use.
#[derive(Serialize)]
pub(super) struct MessageFacts {
    account: String,
    owner: String,
    features: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
}

impl MessageFacts {
    pub(super) fn of(trigger: &CheckedTrigger<'_>, release: Option<&str>) -> Self {
        Self {
            account: account_name(trigger),
            owner: sign_off(&trigger.account.owner),
            features: trigger.account.missing_features.iter().map(|feature| one_line(feature)).collect(),
            release: release.map(one_line),
        }
    }

    pub(super) fn sample(features: &[&str], release: Option<&str>) -> Self {
        Self {
            account: "Sample".to_owned(),
            owner: UNNAMED.to_owned(),
            features: features.iter().map(|feature| (*feature).to_owned()).collect(),
            release: release.map(str::to_owned),
        }
    }
}

/// All that the owner's note may use.
#[derive(Default, Serialize)]
pub(super) struct NoteFacts {
    account: String,
    account_id: String,
    owner: String,
    tier: String,
    arr_usd: u64,
    churned: String,
    months: u32,
    reason: String,
    reason_detail: String,
    competitor: String,
    score: u32,
    priority: u32,
    signals: u32,
    evidence: Vec<EvidenceFacts>,
    edge: String,
    policy: String,
    fired_at: String,
    play: String,
    framework: String,
    offer: String,
    discount: Option<Discount>,
    send: String,
    trigger_id: String,
    subject: String,
    body: String,
}

#[derive(Default, Serialize)]
struct EvidenceFacts {
    at: String,
    kind: String,
    class: String,
    detail: String,
    method: String,
}

impl NoteFacts {
    pub(super) fn of(play: &Play, trigger: &CheckedTrigger<'_>, message: &Rendered, moment: &Moment) -> Self {
        let (record, account) = (trigger.trigger, trigger.account);
        Self {
            account: account_name(trigger),
            account_id: one_line(&account.id),
            owner: one_line(&account.owner),
            tier: one_line(&account.tier),
            arr_usd: account.arr_usd,
            churned: trigger.churned_at.map(|at| day(&at.to_string())).unwrap_or_default(),
            months: account.months_since_churn,
            reason: trigger.reason.to_string(),
            reason_detail: one_line(&account.reason_detail),
            competitor: one_line(&account.competitor),
            score: record.score.as_ref().map_or(0, |score| score.total),
            priority: record.priority.as_ref().map_or(0, |priority| priority.total),
            signals: record.evidence.as_ref().map_or(0, |evidence| evidence.signals),
            evidence: evidence(trigger),
            edge: trigger.edge.to_string(),
            policy: one_line(&record.policy),
            fired_at: trigger.fired_at.to_string(),
            play: play.name.clone(),
            framework: one_line(&play.framework),
            offer: play.offer.to_string(),
            discount: play.discount,
            send: moment.told().unwrap_or_default(),
            trigger_id: record.id.clone(),
            subject: message.subject.clone(),
            body: message.body.clone(),
        }
    }

    /// Nothing but what is always there.
    pub(super) fn sparse() -> Self {
        Self { offer: Offer::None.to_string(), ..Self::default() }
    }

    /// Everything that may be there.
    pub(super) fn full() -> Self {
        let word = || "sample".to_owned();
        Self {
            owner: word(),
            churned: word(),
            months: 7,
            reason_detail: word(),
            competitor: word(),
            priority: 80,
            signals: 2,
            evidence: vec![
                EvidenceFacts::default(),
                EvidenceFacts { at: word(), kind: word(), class: word(), detail: word(), method: word() },
            ],
            offer: Offer::Discount.to_string(),
            discount: Some(Discount { percent: 20, valid_days: 30, commitment_months: 12 }),
            send: word(),
            ..Self::default()
        }
    }
}

fn evidence(trigger: &CheckedTrigger<'_>) -> Vec<EvidenceFacts> {
    let facts = |item: &winback_proto::v1::EvidenceItem| EvidenceFacts {
        at: item.event_time.as_ref().map(|at| minute(&time(at).to_string())).unwrap_or_default(),
        kind: item.kind.replace('_', " "),
        class: one_line(&item.page_class),
        detail: one_line(&item.detail),
        method: one_line(&item.method),
    };
    trigger.evidence().iter().map(facts).collect()
}

fn account_name(trigger: &CheckedTrigger<'_>) -> String {
    let name = one_line(&trigger.account.name);
    if name.is_empty() { one_line(&trigger.account.id) } else { name }
}

/// The owner's address, where the books have one.
pub(crate) fn mailbox(owner: &str) -> Option<Mailbox> {
    owner.trim().parse().ok()
}

/// The name under a message; an address is none.
fn sign_off(owner: &str) -> String {
    let name = match mailbox(owner) {
        Some(mailbox) => mailbox.name.unwrap_or_default(),
        None => owner.to_owned(),
    };
    let name = one_line(&name);
    if name.is_empty() || name.contains('@') { UNNAMED.to_owned() } else { name }
}

/// Foreign text without line breaks and control characters, so that it stays in its place.
pub(crate) fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn day(rfc3339: &str) -> String {
    rfc3339.chars().take(10).collect()
}

fn minute(rfc3339: &str) -> String {
    rfc3339.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}
