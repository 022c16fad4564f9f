//! The state of one (account, policy).

use super::evidence::{Evidence, EvidenceItem, keep};
use super::fading::{Fading, points};
use super::policy::{KindRule, Policy};
use super::trigger::{BurstId, TriggerId};
use super::{FiredBecause, MatchedSignal};
use crate::index::Method;
use crate::time::Time;

/// An open burst (R3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burst {
    /// Named after the signal that arrived first (R11).
    pub id: BurstId,
    /// The version of the policy that it opened under and ends under (R13).
    pub policy_version: u32,
    /// The effective time of the first signal.
    pub first: Time,
    /// The largest effective time.
    pub last: Time,
    /// When it ends.
    pub deadline: Time,
    /// How many signals joined.
    pub signals: u32,
    /// How many of them no trigger has told.
    pub untold: u32,
    /// The highest strength.
    pub strength: u8,
    /// Whether the leading rule was met once.
    pub leading_tried: bool,
    /// Whether a signal matched by more than a name, which never suffices for an immediate trigger (DESIGN 5).
    pub known_well: bool,
    /// The leading trigger, when it fired.
    pub led: Option<TriggerId>,
    /// What it shows for itself.
    pub evidence: Evidence,
}

impl Burst {
    /// A burst that nothing has joined yet.
    pub(super) const fn open(id: BurstId, policy_version: u32, at: Time, carried: Vec<EvidenceItem>) -> Self {
        Self {
            id,
            policy_version,
            first: at,
            last: at,
            deadline: at,
            signals: 0,
            untold: 0,
            strength: 0,
            leading_tried: false,
            known_well: false,
            led: None,
            evidence: Evidence::carried(carried),
        }
    }

    /// Takes a signal in at its effective time: deadline = min(last + Q, first + M).
    pub(super) fn join(&mut self, signal: &MatchedSignal, rule: KindRule, at: Time, policy: &Policy) {
        self.last = self.last.max(at);
        self.deadline = (self.last + policy.quiet).min(self.first + policy.max_wait);
        self.signals = self.signals.saturating_add(1);
        self.untold = self.untold.saturating_add(1);
        self.strength = self.strength.max(rule.strength);
        self.known_well |= signal.method != Method::Name;
        self.evidence.add(EvidenceItem::new(signal, rule));
    }

    /// Which of its two limits its deadline is.
    pub(super) fn because(&self, policy: &Policy) -> FiredBecause {
        if self.last + policy.quiet <= self.first + policy.max_wait {
            FiredBecause::Quiet
        } else {
            FiredBecause::MaxWait
        }
    }
}

/// The quiet after a starting trigger (R6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// The burst that began it.
    pub burst: BurstId,
    /// Its end; never moves back.
    pub until: Time,
    /// The highest strength that fired in it (R7).
    pub strength: u8,
}

/// The machine of one (account, policy).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// The open burst.
    pub burst: Option<Burst>,
    /// The quiet, also when it is over but nothing has come since.
    pub quiet: Option<Quiet>,
    /// What came in the quiet: evidence for the next burst, weight 0 (R6).
    pub carried: Vec<EvidenceItem>,
    /// What bursts that did not fire left of their score, where the policy carries it over.
    pub score: Option<Fading>,
}

impl Machine {
    /// The quiet that `at` falls into.
    pub(super) fn quiet_at(&self, at: Time) -> Option<Quiet> {
        self.quiet.filter(|quiet| at < quiet.until)
    }

    /// Keeps a signal of the quiet time as evidence.
    pub(super) fn carry(&mut self, signal: &MatchedSignal, rule: KindRule) {
        keep(&mut self.carried, EvidenceItem { weight: 0, ..EvidenceItem::new(signal, rule) });
    }

    /// A starting trigger fired: the quiet begins, or begins anew, and never ends earlier than before.
    pub(super) fn hush(&mut self, burst: BurstId, from: Time, strength: u8, policy: &Policy) {
        let before = self.quiet_at(from);
        let until = from + policy.cooldown;
        self.quiet = Some(Quiet {
            burst,
            until: before.map_or(until, |quiet| quiet.until.max(until)),
            strength: before.map_or(strength, |quiet| quiet.strength.max(strength)),
        });
    }

    /// What is left of earlier bursts' score, in whole points.
    pub(super) fn carried_score(&self, at: Time, policy: &Policy) -> u32 {
        let left = policy.half_life.zip(self.score).map(|(half_life, score)| score.left(at, half_life));
        left.map_or(0, points)
    }

    /// Keeps the score of a burst that did not reach the minimum. One that was gated or capped leaves nothing: what a
    /// rule stopped must not fire by a word said later.
    pub(super) fn keep_score(&mut self, burst: &Burst, at: Time, policy: &Policy) {
        let score = burst.evidence.own_score();
        self.score = policy.half_life.and_then(|half_life| Fading::with(self.score, score, at, half_life));
    }

    /// Whether nothing is left to remember at `now`.
    pub(super) fn is_over(&self, now: Time) -> bool {
        let remembered = self.burst.is_some() || !self.carried.is_empty();
        let (quiet, score) = (self.quiet.map(|quiet| quiet.until), self.score.map(|score| score.until));
        !remembered && quiet.max(score).is_none_or(|until| until <= now)
    }
}
