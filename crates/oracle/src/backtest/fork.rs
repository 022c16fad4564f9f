//! The two sides: the partition as it was recorded, and the one in which the candidate stands for its policy.

use winback_core::account::Account;
use winback_core::debounce::{
    AccountState, Body, Effect, Input, Partition, PolicyRecord, StateKey, StateRow, VersionKey, shadow,
};
use winback_core::ids::{AccountId, PolicyName};
use winback_core::time::{Span, Time};
use winback_policy::PolicyError;

/// A policy to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The policy that it replaces; a new one where none has that name.
    pub name: String,
    /// The file.
    pub toml: String,
}

impl Candidate {
    /// From a policy file, as it would be in force.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(toml: &str) -> Result<Self, PolicyError> {
        let toml = winback_policy::as_live(toml);
        let policy = winback_policy::parse(&toml, 1)?;
        Ok(Self { name: policy.name.to_string(), toml })
    }

    /// The candidate as a version of its policy.
    pub fn record(&self, version: u32) -> PolicyRecord {
        winback_policy::record(&self.name, version, &self.toml)
    }
}

/// The question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The policy to try.
    pub candidate: Candidate,
    /// True if the inbox has a policy of its name; a new one is in force from the first record.
    pub is_known: bool,
    /// The candidate is in force from then on, by the inbox's own clock; from its policy's first version without it.
    pub from: Option<Time>,
    /// Triggers from then on are not looked at.
    pub to: Option<Time>,
}

impl Question {
    /// True if a trigger or decision of that time is asked for.
    pub(super) fn covers(&self, at: Time) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }
}

/// The effects of one record on both sides.
pub(super) struct Made<'a> {
    pub(super) input: &'a Input,
    pub(super) live: &'a [Effect],
    pub(super) candidate: &'a [Effect],
    /// The clock after it, the same for both.
    pub(super) now: Time,
    /// The longest that a burst of either side may last.
    pub(super) longest: Span,
    /// Nothing that is asked for can come any more.
    pub(super) is_over: bool,
}

pub(super) struct Fork {
    question: Question,
    live: Partition,
    /// From when the candidate is in force.
    other: Option<Partition>,
    effects: (Vec<Effect>, Vec<Effect>),
    longest: Span,
}

impl Fork {
    pub(super) fn new(question: &Question) -> Self {
        let other = question.from.is_none().then(Partition::default);
        let effects = (Vec::new(), Vec::new());
        let mut fork = Self {
            question: question.clone(),
            live: Partition::default(),
            other,
            effects,
            longest: Span::ZERO,
        };
        if let (Some(other), false) = (&mut fork.other, question.is_known) {
            put(other, &question.candidate.record(1));
        }
        fork.measure();
        fork
    }

    /// An account that is known before the first record.
    pub(super) fn known(&mut self, account: &Account) {
        for side in std::iter::once(&mut self.live).chain(&mut self.other) {
            let row = StateRow::Account(AccountState::new(account.clone()).into());
            side.load(StateKey::Account(account.id.clone()), Some(row));
        }
    }

    /// The state before the first record; a shadow's rows change nothing on either side.
    pub(super) fn restored(&mut self, rows: Vec<(StateKey, StateRow)>) {
        for row in rows {
            let body = Body::Carried(Box::new(row));
            if is_of_shadow(&body) {
                continue;
            }
            let other = self.of_candidate(&body).unwrap_or_else(|| body.clone());
            for (side, body) in [(Some(&mut self.live), body), (self.other.as_mut(), other)] {
                if let (Some(side), Body::Carried(row)) = (side, body) {
                    side.load(row.0, Some(row.1));
                }
            }
        }
        self.measure();
    }

    /// A policy that is in force before the first record.
    pub(super) fn in_force(&mut self, text: &PolicyRecord) {
        put(&mut self.live, text);
        let text = self.replaced(text).unwrap_or_else(|| text.clone());
        if let Some(other) = &mut self.other {
            put(other, &text);
        }
        self.measure();
    }

    /// The effects of a record on both sides; `None` while there is only one side.
    pub(super) fn step<'a>(&'a mut self, input: &'a Input) -> Option<Made<'a>> {
        if is_of_shadow(&input.body) {
            // What is in shadow changes nothing on either side.
            return None;
        }
        if self.other.is_none() && self.begins(input) {
            self.begin();
        }
        self.effects.0.clear();
        self.effects.1.clear();
        self.live.step(input, &mut self.effects.0);
        self.live.commit();
        let replaced = self.of_candidate(&input.body).map(|body| Input { body, ..input.clone() });
        if let Some(other) = &mut self.other {
            other.step(replaced.as_ref().unwrap_or(input), &mut self.effects.1);
            other.commit();
            if matches!(&input.body, Body::Moved(moved) if !moved.complete) && !self.question.is_known {
                // Rows of another log begin in an empty state: a policy that none of them is stands there again.
                put(other, &self.question.candidate.record(1));
            }
        }
        if matches!(input.body, Body::Policy(_) | Body::Carried(_)) {
            self.measure();
        }
        self.other.as_ref()?;
        let now = self.live.clock().now();
        let is_over = self.question.to.is_some_and(|to| now >= to);
        let (live, candidate) = (self.effects.0.as_slice(), self.effects.1.as_slice());
        Some(Made { input, live, candidate, now, longest: self.longest, is_over })
    }

    /// True if a burst is open where the records end, as recorded or under the candidate.
    pub(super) fn has_open_burst(&self, is_live: bool, account: &AccountId, policy: &PolicyName) -> bool {
        let side = if is_live { Some(&self.live) } else { self.other.as_ref() };
        side.is_some_and(|side| side.has_open_burst(account, policy))
    }

    /// The version of the candidate that stands for that one.
    fn replaced(&self, text: &PolicyRecord) -> Option<PolicyRecord> {
        let candidate = &self.question.candidate;
        (text.name.as_str() == candidate.name).then(|| candidate.record(text.version))
    }

    /// The record in which the candidate stands for its policy, as it came or as it was carried from another log.
    fn of_candidate(&self, body: &Body) -> Option<Body> {
        match body {
            Body::Policy(text) => self.replaced(text).map(Body::Policy),
            Body::Carried(row) => match &**row {
                (key, StateRow::Policy(text)) => {
                    let row = StateRow::Policy(self.replaced(text)?.into());
                    Some(Body::Carried(Box::new((key.clone(), row))))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// True if a progress record that moves nothing would still make signals on a side.
    pub(super) fn is_behind(&self) -> bool {
        std::iter::once(&self.live).chain(&self.other).any(Partition::is_behind)
    }

    /// True if the record is the first of the time that is asked for.
    fn begins(&self, input: &Input) -> bool {
        let Some(from) = self.question.from else { return true };
        let signal = if let Body::Signal(signal) = &input.body { Some(signal.append_time) } else { None };
        self.live.clock().now() >= from || signal.is_some_and(|at| at >= from)
    }

    /// The candidate comes into force as any version does: open bursts end under theirs.
    fn begin(&mut self) {
        let mut other = self.live.clone();
        let newest = self.live.policies().find(|policy| policy.name.as_str() == self.question.candidate.name);
        let version = newest.map_or(1, |policy| policy.version + 1);
        put(&mut other, &self.question.candidate.record(version));
        self.other = Some(other);
        self.measure();
    }

    fn measure(&mut self) {
        let sides = std::iter::once(&self.live).chain(&self.other);
        let longest = sides.flat_map(Partition::policies).map(|policy| policy.max_wait).max();
        // A version may still be needed by open bursts: the longest ever counts.
        self.longest = self.longest.max(longest.unwrap_or(Span::ZERO));
    }
}

/// True if a record is a shadow's: its versions, and its rows from another log.
fn is_of_shadow(body: &Body) -> bool {
    let name = match body {
        Body::Policy(text) => text.name.as_str(),
        Body::Carried(row) => match &row.0 {
            StateKey::Policy(version) => version.policy.as_str(),
            StateKey::Machine(machine) => machine.policy.as_str(),
            _ => "",
        },
        _ => "",
    };
    shadow::is_shadow(name)
}

/// Puts a policy into force between two records, as a restored one would be: no time passes.
fn put(partition: &mut Partition, text: &PolicyRecord) {
    let key = StateKey::Policy(VersionKey::of(&text.name, text.version));
    partition.load(key, Some(StateRow::Policy(text.clone().into())));
}
