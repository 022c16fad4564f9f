//! Finds each starting trigger's counterpart on the other side, or what that side decided instead.
//!
//! Both sides fire for one burst at most as far apart as a burst may last, so that a fire that found no counterpart for
//! that long has none. What differs between the sides' decisions is remembered for twice as long; where they decide
//! the same nothing is.

use std::collections::{BTreeMap, HashMap, VecDeque};

use winback_core::debounce::{Body, BurstId, Decision, Edge, Effect, Subject, Trigger};
use winback_core::ids::{AccountId, PolicyName};
use winback_core::time::{Span, Time};

use super::MOST_KEPT;
use super::change::{Change, ChangeKind, Fired, Why};
use super::fork::{Made, Question};
use super::kept::Kept;
use super::tally::{Day, Tally};

type BurstKey = (AccountId, PolicyName, BurstId);

/// The key of a burst's starting triggers: the one at its edges, and escalations by strength.
type FireKey = (BurstKey, Option<u8>);

fn key_of(trigger: &Trigger) -> FireKey {
    let burst = (trigger.account.id.clone(), trigger.policy.clone(), trigger.burst);
    (burst, (trigger.edge == Edge::Escalation).then_some(trigger.strength))
}

fn owner(((account, policy, _), _): &FireKey) -> (AccountId, PolicyName) {
    (account.clone(), policy.clone())
}

/// A fire without its counterpart.
struct Waiting {
    /// The bench's own number of it.
    number: u64,
    key: FireKey,
    name: String,
    fired: Fired,
    /// The other side's decision about the same signal, if a signal fired it.
    instead: Option<Why>,
}

/// One side's fires that wait, and what it decided otherwise than the other.
#[derive(Default)]
struct Bench {
    waiting: HashMap<(AccountId, PolicyName), Vec<Waiting>>,
    /// The fire times, by time and number.
    times: BTreeMap<(Time, u64), (AccountId, PolicyName)>,
    numbers: u64,
    /// By the burst, or the signal that would have opened it: its end counts more than its opening.
    decided: HashMap<BurstKey, (bool, Why)>,
    old: VecDeque<(Time, BurstKey)>,
}

impl Bench {
    fn remember(&mut self, decision: &Decision, now: Time) {
        let (is_end, burst) = match &decision.subject {
            Subject::Signal { signal, .. } => (false, BurstId::of(signal)),
            Subject::Burst { id, .. } => (true, *id),
        };
        let key = (decision.account.clone(), decision.policy.clone(), burst);
        let known = self.decided.get(&key).is_some_and(|(ended, _)| *ended && !is_end);
        if !known {
            self.decided.insert(key.clone(), (is_end, Why::of(decision)));
            self.old.push_back((now, key));
        }
    }

    fn forget(&mut self, before: Time) {
        while let Some((at, key)) = self.old.front() {
            if *at >= before {
                return;
            }
            self.decided.remove(key);
            self.old.pop_front();
        }
    }

    fn put(&mut self, mut waiting: Waiting) {
        self.numbers += 1;
        waiting.number = self.numbers;
        let owner = owner(&waiting.key);
        self.times.insert((waiting.fired.at, waiting.number), owner.clone());
        self.waiting.entry(owner).or_default().push(waiting);
    }

    fn take_at(&mut self, owner: &(AccountId, PolicyName), at: usize) -> Option<Waiting> {
        let own = self.waiting.get_mut(owner).filter(|own| at < own.len())?;
        let waiting = own.swap_remove(at);
        if own.is_empty() {
            self.waiting.remove(owner);
        }
        self.times.remove(&(waiting.fired.at, waiting.number));
        Some(waiting)
    }

    fn take(&mut self, key: &FireKey) -> Option<Waiting> {
        let owner = owner(key);
        let at = self.waiting.get(&owner)?.iter().position(|waiting| waiting.key == *key)?;
        self.take_at(&owner, at)
    }

    /// The fire of the same account and policy that is nearest, of whatever burst.
    fn take_near(&mut self, waiting: &Waiting, within: Span) -> Option<Waiting> {
        let owner = owner(&waiting.key);
        let apart = |other: &Waiting| other.fired.at.since(waiting.fired.at).millis().abs();
        let own = self.waiting.get(&owner)?.iter().enumerate();
        let near = own.filter(|(_, other)| other.key.1 == waiting.key.1 && apart(other) <= within.millis());
        let (at, _) = near.min_by_key(|(_, other)| (apart(other), other.number))?;
        self.take_at(&owner, at)
    }

    fn take_older(&mut self, than: Time) -> Option<Waiting> {
        let ((_, number), owner) = self.times.first_key_value().filter(|((at, _), _)| *at < than)?;
        let (number, owner) = (*number, owner.clone());
        let at = self.waiting.get(&owner)?.iter().position(|waiting| waiting.number == number)?;
        self.take_at(&owner, at)
    }
}

/// The comparison of both sides.
pub(super) struct Pairing {
    question: Question,
    tally: Tally,
    changes: Kept,
    live: Bench,
    candidate: Bench,
    longest: Span,
}

impl Pairing {
    pub(super) fn new(question: &Question) -> Self {
        let (live, candidate) = (Bench::default(), Bench::default());
        let (tally, changes) = (Tally::default(), Kept::new(MOST_KEPT));
        Self { question: question.clone(), tally, changes, live, candidate, longest: Span::ZERO }
    }

    pub(super) fn step(&mut self, made: &Made<'_>) {
        self.tally.records += 1;
        self.tally.signals += u64::from(matches!(made.input.body, Body::Signal(_)));
        self.longest = made.longest;
        self.count(made);
        if !alike(made.live, made.candidate) {
            self.differ(made);
        }
        let settled = made.now - self.longest;
        while let Some(waiting) = self.live.take_older(settled) {
            self.settle(waiting, true, false);
        }
        while let Some(waiting) = self.candidate.take_older(settled) {
            self.settle(waiting, false, false);
        }
        self.live.forget(settled - self.longest);
        self.candidate.forget(settled - self.longest);
    }

    fn count(&mut self, made: &Made<'_>) {
        let Self { question, tally, .. } = self;
        for (effects, is_live) in [(made.live, true), (made.candidate, false)] {
            let side = if is_live { &mut tally.live } else { &mut tally.candidate };
            for effect in effects {
                match effect {
                    Effect::Trigger(trigger) if question.covers(trigger.fired_at) => {
                        side.fired(trigger);
                        if trigger.edge.starts() {
                            let day = tally.days.entry(Day::of(trigger.fired_at)).or_default();
                            *(if is_live { &mut day.0 } else { &mut day.1 }) += 1;
                        }
                    }
                    Effect::Decision(decision) if question.covers(decision.at) => side.decided(decision),
                    _ => {}
                }
            }
        }
    }

    /// The sides made something else of a record.
    fn differ(&mut self, made: &Made<'_>) {
        for (own, others, is_live) in [(made.live, made.candidate, true), (made.candidate, made.live, false)]
        {
            let side = if is_live { &mut self.live } else { &mut self.candidate };
            for decision in decisions(own) {
                if !decisions(others).any(|other| same_decision(decision, other)) {
                    side.remember(decision, made.now);
                }
            }
            for trigger in starting(own) {
                if !starting(others).any(|other| same_trigger(trigger, other)) {
                    self.wait(trigger, instead(trigger, others), is_live);
                }
            }
        }
    }

    fn wait(&mut self, trigger: &Trigger, instead: Option<Why>, is_live: bool) {
        let key = key_of(trigger);
        let name = trigger.account.name.clone();
        let waiting = Waiting { number: 0, key, name, fired: trigger.into(), instead };
        let (own, other) = self.sides(is_live);
        match other.take(&waiting.key) {
            Some(counterpart) => self.both(waiting, counterpart, is_live),
            None => own.put(waiting),
        }
    }

    const fn sides(&mut self, is_live: bool) -> (&mut Bench, &mut Bench) {
        if is_live { (&mut self.live, &mut self.candidate) } else { (&mut self.candidate, &mut self.live) }
    }

    /// Both sides fire; at the same time, though not at the same record, nothing changed.
    fn both(&mut self, one: Waiting, other: Waiting, is_live: bool) {
        let (live, candidate) = if is_live { (one, other) } else { (other, one) };
        let change = match candidate.fired.at.cmp(&live.fired.at) {
            std::cmp::Ordering::Less => ChangeKind::Earlier,
            std::cmp::Ordering::Equal => return,
            std::cmp::Ordering::Greater => ChangeKind::Later,
        };
        let why = Why::moved(&live.fired, &candidate.fired);
        self.tell(change, live.key, live.name, Some(live.fired), Some(candidate.fired), why);
    }

    /// No counterpart will come.
    fn settle(&mut self, waiting: Waiting, is_live: bool, is_open: bool) {
        let longest = self.longest;
        let (_, other) = self.sides(is_live);
        if let Some(counterpart) = other.take_near(&waiting, longest) {
            return self.both(waiting, counterpart, is_live);
        }
        let decided = other.decided.get(&waiting.key.0).cloned();
        // The end of the burst says more than what became of one signal, unless it fired for another.
        let ended = |(is_end, why): &(bool, Why)| *is_end && why.is_refusal();
        let why = match (decided, waiting.instead) {
            (Some(decided), _) if ended(&decided) => Some(decided.1),
            (_, Some(why)) | (Some((_, why)), None) => Some(why),
            (None, None) => None,
        };
        let is_open = is_open && why.as_ref().is_none_or(|why| why.outcome == "joined");
        let (change, why) = match (why, is_live) {
            _ if is_open => (ChangeKind::Undecided, Why::open()),
            (why, true) => (ChangeKind::Removed, why.unwrap_or_else(Why::nothing)),
            (why, false) => (ChangeKind::Added, why.unwrap_or_else(Why::nothing)),
        };
        let (live, candidate) =
            if is_live { (Some(waiting.fired), None) } else { (None, Some(waiting.fired)) };
        self.tell(change, waiting.key, waiting.name, live, candidate, why);
    }

    fn tell(
        &mut self,
        change: ChangeKind,
        ((account, policy, _), _): FireKey,
        name: String,
        live: Option<Fired>,
        candidate: Option<Fired>,
        why: Why,
    ) {
        let (account, policy) = (account.to_string(), policy.to_string());
        let change = Change { change, account, name, policy, live, candidate, why };
        if self.question.covers(change.at()) {
            self.tally.changed(&change);
            self.changes.push(change);
        }
    }

    /// The records end: what still waits has no counterpart in them. `is_open` says whether a side, the one in force or
    /// the candidate's, has a burst open.
    pub(super) fn end(mut self, is_open: impl Fn(bool, &AccountId, &PolicyName) -> bool) -> (Tally, Kept) {
        while let Some(waiting) = self.live.take_older(Time::MAX) {
            let is_open = is_open(false, &waiting.key.0.0, &waiting.key.0.1);
            self.settle(waiting, true, is_open);
        }
        while let Some(waiting) = self.candidate.take_older(Time::MAX) {
            let is_open = is_open(true, &waiting.key.0.0, &waiting.key.0.1);
            self.settle(waiting, false, is_open);
        }
        (self.tally, self.changes)
    }
}

fn decisions(effects: &[Effect]) -> impl Iterator<Item = &Decision> {
    effects.iter().filter_map(|effect| if let Effect::Decision(made) = effect { Some(&**made) } else { None })
}

fn starting(effects: &[Effect]) -> impl Iterator<Item = &Trigger> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Trigger(fired) = effect { Some(&**fired) } else { None })
        .filter(|trigger| trigger.edge.starts())
}

/// The other side's decision about the signal that fired at once.
fn instead(trigger: &Trigger, others: &[Effect]) -> Option<Why> {
    if !matches!(trigger.edge, Edge::Leading | Edge::Escalation) {
        return None;
    }
    let signals = decisions(others).filter(|made| matches!(made.subject, Subject::Signal { .. }));
    let mut own = signals.filter(|made| made.account == trigger.account.id && made.policy == trigger.policy);
    own.next().map(Why::of)
}

/// True if both sides made the same of a record, apart from versions of policies.
fn alike(live: &[Effect], candidate: &[Effect]) -> bool {
    live.len() == candidate.len()
        && live.iter().zip(candidate).all(|pair| match pair {
            (Effect::Decision(live), Effect::Decision(candidate)) => same_decision(live, candidate),
            (Effect::Trigger(live), Effect::Trigger(candidate)) => same_trigger(live, candidate),
            (live, candidate) => live == candidate,
        })
}

fn same_decision(one: &Decision, other: &Decision) -> bool {
    let subject = match (&one.subject, &other.subject) {
        (
            Subject::Signal { signal, outcome, burst },
            Subject::Signal { signal: other, outcome: came, burst: joined },
        ) => outcome == came && burst == joined && signal.id == other.id && signal.source == other.source,
        (Subject::Burst { id, outcome, .. }, Subject::Burst { id: other, outcome: came, .. }) => {
            id == other && outcome == came
        }
        _ => false,
    };
    subject
        && one.account == other.account
        && one.policy == other.policy
        && one.at == other.at
        && one.refusal == other.refusal
}

fn same_trigger(one: &Trigger, other: &Trigger) -> bool {
    one.fired_at == other.fired_at && one.edge.starts() == other.edge.starts() && key_of(one) == key_of(other)
}
