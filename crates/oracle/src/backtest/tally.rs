//! The counts of a backtest, a side each.

use std::collections::BTreeMap;

use serde::Serialize;
use winback_core::debounce::{Decision, Edge, Refusal, Subject, Trigger};
use winback_core::time::{Span, Time};

use super::change::{Change, ChangeKind, capped, gated};

/// A day in UTC: how many have passed since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

impl Day {
    /// The day that holds `at`.
    pub fn of(at: Time) -> Self {
        Self(at.millis().div_euclid(Span::from_days(1).millis()))
    }

    /// Its first moment.
    pub const fn begins(self) -> Time {
        Time::from_millis(self.0.saturating_mul(Span::from_days(1).millis()))
    }
}

/// The counts of one side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// Triggers by edge.
    pub triggers: BTreeMap<&'static str, u64>,
    /// Signals by outcome.
    pub signals: BTreeMap<&'static str, u64>,
    /// Bursts by how they ended.
    pub bursts: BTreeMap<&'static str, u64>,
    /// Refusals by gate and cap: `gated(hold_out)`, `capped(8 in 365d for the account)`.
    pub refusals: BTreeMap<String, u64>,
}

impl Side {
    /// Triggers that start something.
    pub fn starting(&self) -> u64 {
        let starts = |edge: &&Edge| edge.starts();
        Edge::ALL.iter().filter(starts).filter_map(|edge| self.triggers.get(edge.as_str())).sum()
    }

    pub(super) fn fired(&mut self, trigger: &Trigger) {
        *self.triggers.entry(trigger.edge.as_str()).or_default() += 1;
    }

    pub(super) fn decided(&mut self, decision: &Decision) {
        let outcomes = match decision.subject {
            Subject::Signal { .. } => &mut self.signals,
            Subject::Burst { .. } => &mut self.bursts,
        };
        *outcomes.entry(decision.outcome()).or_default() += 1;
        let refused = match &decision.refusal {
            Some(Refusal::Gate(gate)) => gated(*gate),
            Some(Refusal::Cap(cap)) => capped(&cap.describe()),
            None => return,
        };
        *self.refusals.entry(refused).or_default() += 1;
    }

    fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.triggers, &other.triggers),
            (&mut self.signals, &other.signals),
            (&mut self.bursts, &other.bursts),
        ];
        for (own, others) in pairs {
            others.iter().for_each(|(name, count)| *own.entry(name).or_default() += count);
        }
        for (name, count) in &other.refusals {
            *self.refusals.entry(name.clone()).or_default() += count;
        }
    }
}

/// The counts of both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records of the inbox that were stepped.
    pub records: u64,
    /// Matched signals among them.
    pub signals: u64,
    /// As it was.
    pub live: Side,
    /// As it would have been.
    pub candidate: Side,
    /// Starting triggers a day: as it was, as it would have been.
    pub days: BTreeMap<Day, (u64, u64)>,
    /// Changes by what became of the trigger and what the other side decided.
    pub changes: BTreeMap<(ChangeKind, String), u64>,
}

impl Tally {
    /// The number of changes of that sort.
    pub fn count(&self, kind: ChangeKind) -> u64 {
        self.changes.iter().filter(|((found, _), _)| *found == kind).map(|(_, count)| count).sum()
    }

    pub(super) fn changed(&mut self, change: &Change) {
        *self.changes.entry((change.change, change.why.outcome.clone())).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.signals += other.signals;
        self.live.add(&other.live);
        self.candidate.add(&other.candidate);
        for (day, (live, candidate)) in &other.days {
            let sum = self.days.entry(*day).or_default();
            *sum = (sum.0 + live, sum.1 + candidate);
        }
        for (change, count) in &other.changes {
            *self.changes.entry(change.clone()).or_default() += count;
        }
    }
}
