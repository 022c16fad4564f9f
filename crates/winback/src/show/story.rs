//! An account's story: what came, what was decided and what was done, in the order of the inbox.

use std::collections::HashSet;

use serde::Serialize;
use winback_core::account::Tier;
use winback_core::debounce::{Edge, SignalOutcome};
use winback_core::time::Time;
use winback_proto::v1;
use winback_proto::v1::account_change::Change;
use winback_proto::v1::decision::Subject;
use winback_proto::v1::inbox_record::Body;

use super::words::{self, BOLD, DIM, GOOD, styled};
use super::{Sentence, sentence};

/// How wide a paragraph may be.
const WIDTH: usize = 110;
/// Where the text of each step begins.
const INDENT: &str = "                    ";

/// One thing that happened.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Step {
    /// What sort of thing: `account`, `response`, `sequence_ended`, `policy`, `hold`, `signal`, `burst`, `trigger`, `action`.
    pub(crate) step: &'static str,
    #[serde(serialize_with = "rfc3339")]
    at: Option<Time>,
    /// The inbox record that it comes from, `partition/offset`.
    inbox: String,
    text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    outcome: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    rule: String,
    /// What would have had to differ for a trigger.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_fire: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) policy: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) burst: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) trigger: String,
    /// The record, in its canonical JSON.
    record: serde_json::Value,
    #[serde(skip)]
    pub(crate) order: Order,
}

/// Where a step stands: the inbox offset, what comes first at the same one, and the order within that.
pub(crate) type Order = (i64, u8, usize);

fn rfc3339<S: serde::Serializer>(at: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}

impl Step {
    fn new(
        step: &'static str,
        at: Option<Time>,
        inbox: String,
        text: String,
        record: &impl Serialize,
        order: Order,
    ) -> Self {
        let record = serde_json::to_value(record).unwrap_or_default();
        let none = String::new;
        Self {
            step,
            at,
            inbox,
            text,
            outcome: none(),
            rule: none(),
            to_fire: None,
            policy: none(),
            burst: none(),
            trigger: none(),
            record,
            order,
        }
    }

    /// A record of the inbox that is no signal; `None` for signals, whose decisions tell them, and for progress.
    pub(crate) fn of_inbox(
        record: &v1::InboxRecord,
        partition: i32,
        offset: i64,
        at: Time,
        known: bool,
    ) -> Option<Self> {
        let (step, text) = match record.body.as_ref()? {
            Body::Account(change) => ("account", changed(change.change.as_ref()?, known)),
            Body::Response(response) => {
                ("response", format!("they answered: {}", words::spaced(&response.kind)))
            }
            Body::SequenceEnded(ended) => (
                "sequence_ended",
                format!("the sequence of trigger {} ended without an answer", words::safe(&ended.trigger_id)),
            ),
            Body::Policy(policy) => (
                "policy",
                format!("policy {} is in force in version {}", words::safe(&policy.name), policy.version),
            ),
            Body::Hold(hold) => ("hold", held(hold)),
            Body::Moved(moved) if moved.complete => (
                "moved",
                format!("the state came here from {}, which tells what was before", words::safe(&moved.from)),
            ),
            Body::Signal(_) | Body::Progress(_) | Body::Event(_) | Body::Carried(_) | Body::Moved(_) => {
                return None;
            }
        };
        Some(Self::new(step, Some(at), format!("{partition}/{offset}"), text, record, (offset, 0, 0)))
    }

    /// A decision, the `at`th of the account. `bursts` are the bursts that were open before it.
    pub(crate) fn of_decision(
        decision: &v1::Decision,
        at: usize,
        bursts: &mut HashSet<(String, String)>,
    ) -> Self {
        let Sentence { what, differ } = sentence(decision);
        let (step, burst, text) = match &decision.subject {
            Some(Subject::Signal(signal)) => {
                let opens = !signal.burst_id.is_empty()
                    && bursts.insert((decision.policy.clone(), signal.burst_id.clone()));
                (
                    "signal",
                    signal.burst_id.clone(),
                    format!("{} {}", arrived(signal), opened(decision, what, opens)),
                )
            }
            Some(Subject::Burst(burst)) => {
                let opened = words::minute(words::time(burst.opened_at.as_ref()));
                ("burst", burst.burst_id.clone(), format!("the burst of {opened} ends: {what}"))
            }
            None => ("signal", String::new(), what),
        };
        let inbox = format!("{}/{}", decision.inbox_partition, decision.inbox_offset);
        let when = words::time(decision.decided_at.as_ref());
        let order = (decision.inbox_offset, 1, at);
        Self {
            outcome: decision.outcome.clone(),
            rule: decision.rule.clone(),
            to_fire: differ,
            policy: decision.policy.clone(),
            burst,
            trigger: decision.trigger_id.clone(),
            ..Self::new(step, when, inbox, text, decision, order)
        }
    }

    /// A trigger that fired at that inbox record.
    pub(crate) fn of_trigger(trigger: &v1::Trigger, cause: Option<(i32, i64)>, at: usize) -> Self {
        let score = trigger.score.as_ref().map_or(0, |score| score.total);
        let play = if trigger.play.is_empty() {
            String::new()
        } else {
            format!(", play {} recommended", words::safe(&trigger.play))
        };
        let text = match Edge::parse(&trigger.edge) {
            Some(Edge::Update) => {
                format!(
                    "update {} of trigger {}: score {score}",
                    words::safe(&trigger.id),
                    words::safe(&trigger.parent_id)
                )
            }
            _ => format!(
                "trigger {} ({}): score {score}{play}",
                words::safe(&trigger.id),
                words::spaced(&trigger.edge)
            ),
        };
        let (partition, offset) = cause.unwrap_or((0, i64::MAX));
        let inbox = cause.map_or_else(String::new, |_| format!("{partition}/{offset}"));
        Self {
            policy: trigger.policy.clone(),
            burst: trigger.burst_id.clone(),
            trigger: trigger.id.clone(),
            ..Self::new(
                "trigger",
                words::time(trigger.fired_at.as_ref()),
                inbox,
                text,
                trigger,
                (offset, 2, at),
            )
        }
    }

    /// What the worker did about the trigger of that order.
    pub(crate) fn of_action(action: &v1::Action, trigger: Option<&Self>, at: usize) -> Self {
        let order = trigger.map_or((i64::MAX, 3, at), |trigger| (trigger.order.0, 3, at));
        let inbox = trigger.map_or_else(String::new, |trigger| trigger.inbox.clone());
        let text = format!("the worker: {}", super::action(action));
        Self {
            outcome: action.outcome.clone(),
            policy: action.policy.clone(),
            burst: trigger.map_or_else(String::new, |trigger| trigger.burst.clone()),
            trigger: action.trigger_id.clone(),
            ..Self::new("action", words::time(action.at.as_ref()), inbox, text, action, order)
        }
    }

    /// Whether it is an update of that trigger.
    pub(crate) fn updates(&self, parent: &str) -> bool {
        self.step == "trigger" && self.record.get("parentId").and_then(|id| id.as_str()) == Some(parent)
    }

    /// As a paragraph.
    pub(crate) fn text(&self) -> String {
        let text = words::wrapped(&self.text, INDENT.len(), WIDTH, INDENT);
        let text = if self.step == "trigger" { styled(GOOD, &text) } else { text };
        let rule = if self.rule.is_empty() {
            String::new()
        } else {
            styled(DIM, &format!(" [{} {}]", words::safe(&self.policy), words::safe(&self.rule)))
        };
        let mut shown = format!("  {}  {text}{rule}", words::minute(self.at));
        if let Some(differ) = &self.to_fire {
            let differ = words::wrapped(&format!("for a trigger: {differ}"), INDENT.len(), WIDTH, INDENT);
            shown.push_str(&format!("\n{INDENT}{}", styled(DIM, &differ)));
        }
        shown
    }
}

/// The heading of an account's story.
pub(crate) fn heading(id: &str, account: Option<&v1::Account>) -> String {
    let Some(account) = account else {
        return format!("{}  not on the list", styled(BOLD, &words::safe(id)));
    };
    format!(
        "{}  {}  {}",
        styled(BOLD, &words::safe(&account.name)),
        styled(DIM, &format!("({})", words::safe(id))),
        row(account)
    )
}

/// `tier 1, $84k, left 20 Apr 2026: product gap (sso)`.
fn row(account: &v1::Account) -> String {
    let tier = Tier::of(account.arr_usd);
    let tier = if tier == Tier::Below { "below the tiers".to_owned() } else { format!("tier {tier}") };
    let left =
        words::time(account.churned_at.as_ref()).map_or_else(|| "-".to_owned(), |at| words::day(at, None));
    let features: Vec<String> =
        account.missing_features.iter().take(3).map(|feature| words::safe(feature)).collect();
    let features = if features.is_empty() {
        String::new()
    } else {
        format!(" ({})", words::short(&features.join(", "), 40))
    };
    format!(
        "{tier}, {}, left {left}: {}{features}",
        words::money(account.arr_usd),
        words::spaced(&account.reason)
    )
}

fn changed(change: &Change, known: bool) -> String {
    match change {
        Change::Upsert(account) if known => format!("the list says now: {}", row(account)),
        Change::Upsert(account) => format!("comes onto the list: {}", row(account)),
        Change::Gone(_) => "is no longer on the list".to_owned(),
        Change::Erased(_) => "is erased: its personal data goes, and it is never approached again".to_owned(),
    }
}

fn held(hold: &v1::Hold) -> String {
    let whose = if hold.policy.is_empty() {
        "all policies".to_owned()
    } else {
        format!("policy {}", words::safe(&hold.policy))
    };
    let who = if hold.by.is_empty() { String::new() } else { format!(" by {}", words::safe(&hold.by)) };
    let what = if hold.held { "are held" } else { "are let go again" };
    let why = if hold.why.is_empty() { String::new() } else { format!(": {}", words::safe(&hold.why)) };
    format!("starting triggers of {whose} {what}{who}{why}")
}

/// `pricing page (/pricing), matched by domain northwind.example,`.
fn arrived(signal: &v1::SignalSubject) -> String {
    let what = words::happened(&signal.kind, &signal.page_class);
    let detail =
        if signal.detail.is_empty() { String::new() } else { format!(" ({})", words::safe(&signal.detail)) };
    let event = words::minute(words::time(signal.event_time.as_ref()));
    let on = if signal.matched_on.is_empty() {
        words::spaced(&signal.method)
    } else {
        words::safe(&signal.matched_on)
    };
    format!("{what}{detail} of {event}, from {}, matched by {on},", words::safe(&signal.source))
}

/// The first signal of a burst opens it.
fn opened(decision: &v1::Decision, what: String, opens: bool) -> String {
    let at = words::time(decision.decided_at.as_ref());
    match (SignalOutcome::parse(&decision.outcome), words::time(decision.deadline.as_ref())) {
        (Some(SignalOutcome::Joined), Some(deadline)) if opens => {
            format!("opens a burst, which ends {} unless more comes", words::moment(deadline, at))
        }
        _ => what,
    }
}
