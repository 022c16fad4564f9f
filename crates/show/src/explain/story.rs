//! From records to steps, in the order of the inbox: what was known at each is what stood before it.

use std::collections::{BTreeMap, HashMap, HashSet};

use winback_core::debounce::{BurstOutcome, Edge, Gate, Policy, SignalOutcome};
use winback_core::time::{Span, Time};
use winback_proto::v1::account_change::Change;
use winback_proto::v1::decision::Subject;
use winback_proto::v1::inbox_record::Body;
use winback_proto::{WireMessage as _, inbox, v1};

use super::account::changed;
use super::records::{Arrived, Cut, Records};
use super::step::{Step, StepKind};
use crate::sentence::Known;
use crate::{Sentence, sentence, words};

/// An arrival later than this after the event is printed with both times.
const LATE: Span = Span::from_mins(2);

/// A story: the account as the list has it now, and what happened.
#[derive(Debug)]
pub struct Story {
    /// The account; none when it is not on the list.
    pub account: Option<v1::Account>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// Tells what the records say.
pub fn story_of(records: &Records) -> Story {
    let mut builder = StoryBuilder::default();
    let mut steps: Vec<Step> = records.cuts.iter().enumerate().map(|(at, cut)| gone(cut, at)).collect();
    let decided: HashSet<i64> = records.decisions.iter().map(|decision| decision.inbox_offset).collect();
    let mut decisions = records.decisions.iter().enumerate().peekable();
    for arrived in &records.inbox {
        while let Some((at, decision)) =
            decisions.next_if(|(_, decision)| decision.inbox_offset < arrived.offset)
        {
            steps.push(builder.decision(decision, at));
        }
        steps.extend(builder.arrived(arrived, records, decided.contains(&arrived.offset)));
    }
    steps.extend(decisions.map(|(at, decision)| builder.decision(decision, at)));
    let triggers: HashMap<&str, Step> = records
        .triggers
        .iter()
        .enumerate()
        .map(|(at, (trigger, cause))| (trigger.id.as_str(), fired(trigger, *cause, at)))
        .collect();
    let actions = records.actions.iter().enumerate();
    steps.extend(actions.map(|(at, action)| done(action, triggers.get(action.trigger_id.as_str()), at)));
    steps.extend(triggers.into_values());
    steps.sort_by_key(|step| step.order);
    Story { account: builder.account, steps }
}

/// The knowledge that the story has gathered so far.
#[derive(Default)]
struct StoryBuilder {
    account: Option<v1::Account>,
    /// By name and version.
    policies: BTreeMap<(String, u32), Policy>,
    newest: BTreeMap<String, u32>,
    declined: Option<Time>,
    resting: Option<Time>,
    /// By policy and signal: when it counted.
    counted: HashMap<(String, String), Time>,
    fires: Vec<Time>,
    /// The bursts that were opened, by policy.
    bursts: HashSet<(String, String)>,
    /// The last change of the account, with its record.
    happened: (i64, String),
}

impl StoryBuilder {
    /// A record of the inbox; its decisions tell a signal that has some.
    fn arrived(&mut self, arrived: &Arrived, records: &Records, decided: bool) -> Option<Step> {
        let (kind, text) = match arrived.record.body.as_ref()? {
            Body::Account(change) => (StepKind::Account, self.account(change.change.as_ref()?, arrived)),
            Body::Response(response) => (StepKind::Response, self.response(response, arrived)),
            Body::SequenceEnded(ended) => (StepKind::SequenceEnded, self.sequence(ended)),
            Body::Policy(policy) => (StepKind::Policy, self.policy(policy)),
            Body::Hold(hold) => (StepKind::Hold, held(hold)),
            Body::Signal(_) if decided => return None,
            Body::Signal(signal) => return Some(undecided(signal, arrived, records)),
            // What the account was on the log that the deployment comes from.
            Body::Carried(row) => {
                self.carried(row);
                return None;
            }
            Body::Moved(moved) if moved.complete => (
                StepKind::Moved,
                format!("the state came here from {}, which tells what was before", words::safe(&moved.from)),
            ),
            // What an event comes to for the account are signals.
            Body::Progress(_) | Body::Event(_) | Body::Moved(_) => return None,
        };
        Some(at_record(Step::new(kind, Some(arrived.at), text, (arrived.offset, 0, 0)), arrived))
    }

    fn account(&mut self, change: &Change, arrived: &Arrived) -> String {
        let text = changed(change, self.account.as_ref());
        self.account = match change {
            Change::Upsert(account) => Some(account.clone()),
            Change::Gone(_) | Change::Erased(_) => None,
        };
        self.happened = (arrived.offset, text.clone());
        text
    }

    fn carried(&mut self, row: &v1::Carried) {
        let state = v1::StateRecord::from_bytes(&row.row).ok().and_then(|row| row.state);
        if let Some(v1::state_record::State::Account(state)) = state {
            self.account = state.account;
        }
    }

    fn response(&mut self, response: &v1::Response, arrived: &Arrived) -> String {
        let at = words::time(response.event_time.as_ref());
        if response.kind == "declined" {
            self.declined = self.declined.max(at);
        }
        if response.kind == "reactivated" {
            self.happened = (arrived.offset, "came back".to_owned());
        }
        let when = at.map_or_else(String::new, |at| format!(" on {}", words::moment(at, Some(arrived.at))));
        format!("they answered{when}: {}", words::spaced(&response.kind))
    }

    fn sequence(&mut self, ended: &v1::SequenceEnded) -> String {
        self.resting = self.resting.max(words::time(ended.event_time.as_ref()));
        format!("the sequence of trigger {} ended without an answer", words::safe(&ended.trigger_id))
    }

    fn policy(&mut self, wire: &v1::PolicyVersion) -> String {
        let record = inbox::policy_from_wire(wire.clone()).ok();
        if let Some(policy) = record.as_ref().and_then(|record| record.policy()) {
            self.policies.insert((wire.name.clone(), wire.version), Policy::clone(policy));
            self.newest.insert(wire.name.clone(), wire.version);
        }
        format!("policy {} is in force in version {}", words::safe(&wire.name), wire.version)
    }

    /// A decision, the `at`th of the account.
    fn decision(&mut self, decision: &v1::Decision, at: usize) -> Step {
        let when = words::time(decision.decided_at.as_ref());
        let key = (decision.policy.clone(), signal_of(decision));
        let version = (decision.policy.clone(), decision.policy_version);
        let happened = Some(self.happened.1.as_str()).filter(|_| self.happened.0 == decision.inbox_offset);
        let known = Known {
            policy: self.policies.get(&version),
            counted: self.counted.get(&key).copied(),
            fires: &self.fires,
            opens: Gate::parse(&decision.because).and_then(|gate| self.opens(gate, &decision.policy)),
            happened,
        };
        let Sentence { what, differ } = sentence(decision, &known);
        let (kind, burst, text) = self.subject(decision, what);
        self.remember(decision, key.clone(), when);
        let step = Step::new(kind, when, text, (decision.inbox_offset, 1, at));
        Step {
            inbox: format!("{}/{}", decision.inbox_partition, decision.inbox_offset),
            policy: decision.policy.clone(),
            policy_version: Some(decision.policy_version),
            signal: key.1,
            burst,
            trigger: decision.trigger_id.clone(),
            ..step.decided(&decision.outcome, &decision.rule, differ).record(decision)
        }
    }

    fn subject(&mut self, decision: &v1::Decision, what: String) -> (StepKind, String, String) {
        match &decision.subject {
            Some(Subject::Signal(signal)) => {
                let opens = !signal.burst_id.is_empty()
                    && self.bursts.insert((decision.policy.clone(), signal.burst_id.clone()));
                let text = format!("{} {}", described(signal), opened(decision, what, opens));
                (StepKind::Signal, signal.burst_id.clone(), text)
            }
            Some(Subject::Burst(burst)) => {
                let opened = words::minute(words::time(burst.opened_at.as_ref()));
                let text = format!("the burst of {opened} ends: {what}");
                (StepKind::Burst, burst.burst_id.clone(), text)
            }
            None => (StepKind::Signal, String::new(), what),
        }
    }

    fn remember(&mut self, decision: &v1::Decision, key: (String, String), at: Option<Time>) {
        let signal = SignalOutcome::parse(&decision.outcome);
        let counts = matches!(&decision.subject, Some(Subject::Signal(_)))
            && !matches!(signal, Some(SignalOutcome::Duplicate | SignalOutcome::Expired));
        if let (true, Some(at)) = (counts, at) {
            self.counted.entry(key).or_insert(at);
        }
        let starts = match &decision.subject {
            Some(Subject::Signal(_)) => {
                matches!(signal, Some(SignalOutcome::FiredLeading | SignalOutcome::Escalated))
            }
            _ => BurstOutcome::parse(&decision.outcome) == Some(BurstOutcome::Fired),
        };
        self.fires.extend(at.filter(|_| starts && !decision.trigger_id.is_empty()));
    }

    /// The time at which a timed gate opens by itself.
    fn opens(&self, gate: Gate, policy: &str) -> Option<Time> {
        let newest = || {
            let version = *self.newest.get(policy)?;
            self.policies.get(&(policy.to_owned(), version))
        };
        let account = self.account.as_ref();
        match gate {
            Gate::NotYet => words::time(account?.earliest_at.as_ref()),
            Gate::Declined => {
                let booked = account.and_then(|account| words::time(account.declined_at.as_ref()));
                Some(self.declined.max(booked)? + newest()?.declined_cooldown)
            }
            Gate::NoReplyCooldown => Some(self.resting? + newest()?.no_reply_cooldown),
            // The others do not open by themselves, or what is known here does not say when.
            _ => None,
        }
    }
}

fn signal_of(decision: &v1::Decision) -> String {
    match &decision.subject {
        Some(Subject::Signal(signal)) => format!("{}:{}", signal.source, signal.id),
        Some(Subject::Burst(_)) | None => String::new(),
    }
}

fn at_record(step: Step, arrived: &Arrived) -> Step {
    let inbox = format!("{}/{}", arrived.partition, arrived.offset);
    Step { inbox, ..step.record(&arrived.record) }
}

fn gone(cut: &Cut, at: usize) -> Step {
    let from = cut.from.map_or_else(
        || "nothing of it is kept".to_owned(),
        |from| format!("what is told of it begins {}", words::minute(Some(from))),
    );
    let text = format!(
        "retention has taken {} away from {}/{}: {from}",
        words::count_of(usize::try_from(cut.gone).unwrap_or_default(), "record"),
        words::safe(&cut.topic),
        cut.partition
    );
    Step::new(StepKind::Cut, cut.from, text, (i64::MIN, 0, at))
}

/// A signal that no decision tells: the detector is not that far, or the decision is gone, or there was none.
fn undecided(signal: &v1::Signal, arrived: &Arrived, records: &Records) -> Step {
    let cut = records.cuts.iter().any(|cut| cut.topic.ends_with("decisions"));
    let why = match records.decided_to {
        Some(next) if arrived.offset < next && cut => "its decision is no longer kept",
        Some(next) if arrived.offset < next => {
            "it has no decision: no policy was in force, or it is a dead letter of the detector"
        }
        _ => "it is not decided yet: the detector has not come to it",
    };
    let subject = v1::SignalSubject {
        source: signal.source.clone(),
        id: signal.id.clone(),
        kind: signal.kind.clone(),
        page_class: signal.page_class.clone(),
        event_time: signal.event_time,
        append_time: signal.append_time,
        method: signal.method.clone(),
        matched_on: signal.matched_on.clone(),
        detail: signal.detail.clone(),
        ..v1::SignalSubject::default()
    };
    let text = format!("{} {why}", described(&subject));
    let step = Step::new(StepKind::Undecided, Some(arrived.at), text, (arrived.offset, 0, 0));
    let signal = format!("{}:{}", signal.source, signal.id);
    Step { signal, ..at_record(step, arrived) }
}

fn fired(trigger: &v1::Trigger, cause: Option<(i32, i64)>, at: usize) -> Step {
    let score = trigger.score.as_ref().map_or(0, |score| score.total);
    let id = words::safe(&trigger.id);
    let text = if Edge::parse(&trigger.edge) == Some(Edge::Update) {
        format!("update {id} of trigger {}: score {score}", words::safe(&trigger.parent_id))
    } else {
        let play = if trigger.play.is_empty() {
            String::new()
        } else {
            format!(", play {} recommended", words::safe(&trigger.play))
        };
        let story = trigger.account.as_ref().and_then(crate::of_snapshot);
        let story = story.map(|story| format!("; {story}")).unwrap_or_default();
        format!("trigger {id} ({}): score {score}{play}{story}", words::spaced(&trigger.edge))
    };
    let (partition, offset) = cause.unwrap_or((0, i64::MAX));
    let when = words::time(trigger.fired_at.as_ref());
    Step {
        inbox: cause.map_or_else(String::new, |_| format!("{partition}/{offset}")),
        policy: trigger.policy.clone(),
        policy_version: Some(trigger.policy_version),
        burst: trigger.burst_id.clone(),
        trigger: trigger.id.clone(),
        parent: trigger.parent_id.clone(),
        ..Step::new(StepKind::Trigger, when, text, (offset, 2, at)).record(trigger)
    }
}

/// The worker's action about a trigger.
fn done(action: &v1::Action, trigger: Option<&Step>, at: usize) -> Step {
    let order = trigger.map_or((i64::MAX, 3, at), |trigger| (trigger.order.0, 3, at));
    let text = format!("the worker: {}", crate::action(action));
    let of_trigger =
        |field: fn(&Step) -> &String| trigger.map_or_else(String::new, |step| field(step).clone());
    Step {
        inbox: of_trigger(|step| &step.inbox),
        outcome: action.outcome.clone(),
        policy: action.policy.clone(),
        burst: of_trigger(|step| &step.burst),
        parent: of_trigger(|step| &step.parent),
        trigger: action.trigger_id.clone(),
        ..Step::new(StepKind::Action, words::time(action.at.as_ref()), text, order).record(action)
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

/// `pricing page (/pricing) of 2026-11-22 14:02, from web, matched by domain northwind.example,`.
fn described(signal: &v1::SignalSubject) -> String {
    let what = words::happened(&signal.kind, &signal.page_class);
    let detail =
        if signal.detail.is_empty() { String::new() } else { format!(" ({})", words::safe(&signal.detail)) };
    let (event, arrived) =
        (words::time(signal.event_time.as_ref()), words::time(signal.append_time.as_ref()));
    let late = event.zip(arrived).map(|(event, arrived)| arrived.since(event)).filter(|late| *late > LATE);
    let late = late.map_or_else(String::new, |late| {
        format!(" (arrived {} later, {})", words::length(late), words::minute(arrived))
    });
    let on = if signal.matched_on.is_empty() {
        words::spaced(&signal.method)
    } else {
        words::safe(&signal.matched_on)
    };
    let on = if on.is_empty() { String::new() } else { format!(", matched by {on}") };
    format!("{what}{detail} of {}{late}, from {}{on},", words::minute(event), words::safe(&signal.source))
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
