//! The facts that a template may know.

use serde::Serialize;
use winback_core::time::Time;
use winback_proto::v1::AccountSnapshot;

use winback_sequences::{UNNAMED, sign_off};

use super::Rendered;
use crate::moment::Moment;
use crate::play::{Discount, Offer, Play};
use crate::trigger::CheckedTrigger;
use winback_core::visible::one_line;

/// All that a text to the customer may use.
#[derive(Serialize)]
pub(super) struct MessageFacts {
    account: String,
    owner: String,
    features: Vec<String>,
    /// The promises at exit. They are owed and no offer, so that the first message may name them, too.
    concessions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
}

impl MessageFacts {
    pub(super) fn of(trigger: &CheckedTrigger<'_>, release: Option<&str>) -> Self {
        Self {
            account: account_name(trigger),
            owner: sign_off(&trigger.account.owner),
            features: lines(&trigger.account.missing_features),
            concessions: lines(&trigger.account.concessions),
            release: release.map(one_line),
        }
    }

    /// With these as what was missing and as what was promised.
    pub(super) fn sample(lists: &[String], release: Option<&str>) -> Self {
        Self {
            account: "Sample".to_owned(),
            owner: UNNAMED.to_owned(),
            features: lists.to_vec(),
            concessions: lists.to_vec(),
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
    segment: String,
    manner: String,
    concessions: Vec<String>,
    /// The kind of customer that it was, a phrase each.
    before: Vec<String>,
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
            segment: one_line(&account.segment).replace('_', " "),
            manner: one_line(&account.manner),
            concessions: lines(&account.concessions),
            before: before(account),
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
            segment: word(),
            manner: word(),
            concessions: vec![word(), word()],
            before: vec![word(), word()],
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
        at: item
            .event_time
            .as_ref()
            .map(|at| minute(&Time::from(at).within_calendar().to_string()))
            .unwrap_or_default(),
        kind: item.kind.replace('_', " "),
        class: one_line(&item.page_class),
        detail: one_line(&item.detail),
        method: one_line(&item.method),
    };
    trigger.evidence().iter().map(facts).collect()
}

/// `a customer for 26 months`, `40 seats`, `71 % in use`: what the books say of the time before it left.
fn before(account: &AccountSnapshot) -> Vec<String> {
    let plural = |count: u32| if count == 1 { "" } else { "s" };
    let said = [
        account.tenure_months.map(|months| format!("a customer for {months} month{}", plural(months))),
        account.seats.map(|seats| format!("{seats} seat{}", plural(seats))),
        account.usage_percent.map(|percent| format!("{percent} % in use")),
    ];
    said.into_iter().flatten().collect()
}

fn account_name(trigger: &CheckedTrigger<'_>) -> String {
    let name = one_line(&trigger.account.name);
    if name.is_empty() { one_line(&trigger.account.id) } else { name }
}

fn lines(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| one_line(text)).filter(|text| !text.is_empty()).collect()
}

fn day(rfc3339: &str) -> String {
    rfc3339.chars().take(10).collect()
}

fn minute(rfc3339: &str) -> String {
    rfc3339.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect()
}
