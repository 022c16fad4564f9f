//! The state of one (account, policy).

use std::sync::Arc;

use super::evidence::{Evidence, EvidenceItem, keep};
use super::fading::{Fading, points};
use super::input::MatchedSignal;
use super::kind_rule::{KindRule, STRONGEST};
use super::outcome::FiredBecause;
use super::policy::Policy;
use super::trigger_id::{BurstId, TriggerId};
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
    /// The time at which it ends.
    pub deadline: Time,
    /// Signals that joined.
    pub signals: u32,
    /// Signals that joined since its last trigger.
    pub signals_since_trigger: u32,
    /// The highest strength.
    pub strength: u8,
    /// True once a signal met the leading rule.
    pub leading_tried: bool,
    /// True once a signal matched by more than a name. A name alone never suffices for an immediate trigger (DESIGN 5).
    pub has_strong_match: bool,
    /// The leading trigger, when it fired.
    pub leading_trigger: Option<TriggerId>,
    /// Its evidence.
    pub evidence: Evidence,
}

impl Burst {
    /// A burst that nothing has joined yet.
    pub(crate) const fn open(
        id: BurstId,
        policy_version: u32,
        at: Time,
        cooldown_evidence: Vec<Arc<EvidenceItem>>,
    ) -> Self {
        Self {
            id,
            policy_version,
            first: at,
            last: at,
            deadline: at,
            signals: 0,
            signals_since_trigger: 0,
            strength: 0,
            leading_tried: false,
            has_strong_match: false,
            leading_trigger: None,
            evidence: Evidence::after_cooldown(cooldown_evidence),
        }
    }

    /// Takes a signal in at its effective time: deadline = min(last + Q, first + M).
    pub(crate) fn join(&mut self, signal: &MatchedSignal, rule: KindRule, at: Time, policy: &Policy) {
        self.last = self.last.max(at);
        self.deadline = (self.last + policy.gap).min(self.first + policy.max_wait);
        self.signals = self.signals.saturating_add(1);
        self.signals_since_trigger = self.signals_since_trigger.saturating_add(1);
        self.strength = self.strength.max(rule.strength);
        self.has_strong_match |= signal.method != Method::Name;
        self.evidence.add(EvidenceItem::new(signal, rule));
    }

    /// The one of its two limits that its deadline is.
    pub(crate) fn because(&self, policy: &Policy) -> FiredBecause {
        if self.last + policy.gap <= self.first + policy.max_wait {
            FiredBecause::GapElapsed
        } else {
            FiredBecause::MaxWait
        }
    }
}

/// The cool-down after a starting trigger (R6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cooldown {
    /// The burst that began it.
    pub burst: BurstId,
    /// Its end; never moves back.
    pub until: Time,
    /// The highest strength that fired in it (R7).
    pub strength: u8,
}

/// Something of the greatest strength that no trigger has named: the cool-down, a cap or a hold kept it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsaid {
    /// The signal.
    pub item: Arc<EvidenceItem>,
    /// The end of what keeps it; `None` until a hold is let go.
    pub due: Option<Time>,
}

/// The machine of one (account, policy).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// The open burst.
    pub burst: Option<Burst>,
    /// The cool-down, also when it is over but nothing has come since.
    pub cooldown: Option<Cooldown>,
    /// The signals of the cool-down: evidence for the next burst, weight 0 (R6).
    pub cooldown_evidence: Vec<Arc<EvidenceItem>>,
    /// The score that bursts left that did not fire, where the policy carries it over.
    pub carried_score: Option<Fading>,
    /// The signal of strength 3 that is told when the cool-down, a cap or a hold ends.
    pub unsaid: Option<Unsaid>,
}

impl Machine {
    /// The cool-down that `at` falls into.
    pub(crate) fn cooldown_at(&self, at: Time) -> Option<Cooldown> {
        self.cooldown.filter(|cooldown| at < cooldown.until)
    }

    /// Keeps a signal of the cool-down as evidence for the next burst.
    pub(crate) fn keep_for_next(&mut self, signal: &MatchedSignal, rule: KindRule) {
        let item = EvidenceItem { weight: 0, ..EvidenceItem::new(signal, rule) };
        keep(&mut self.cooldown_evidence, item.into());
    }

    /// Carries the evidence of a burst of a backlog into the next one, with no weight and no strength (R15).
    pub(crate) fn carry(&mut self, burst: &Burst) {
        for item in &burst.evidence.items {
            let item = EvidenceItem { weight: 0, strength: 0, ..EvidenceItem::clone(item) };
            keep(&mut self.cooldown_evidence, item.into());
        }
    }

    /// Keeps what says the most until what stops it ends. What was kept before stays: the next trigger names both.
    pub(crate) fn keep_unsaid(&mut self, item: &Arc<EvidenceItem>, due: Option<Time>) {
        if item.strength >= STRONGEST && item.method != Method::Name && self.unsaid.is_none() {
            self.unsaid = Some(Unsaid { item: item.clone(), due });
        }
    }

    /// A trigger of this evidence fired: what it names is said.
    pub(crate) fn said(&mut self, evidence: &Evidence) {
        let names = |unsaid: &Unsaid| {
            evidence
                .items
                .iter()
                .any(|item| (&item.source, &item.id) == (&unsaid.item.source, &unsaid.item.id))
        };
        if self.unsaid.as_ref().is_some_and(names) {
            self.unsaid = None;
        }
    }

    /// A starting trigger fired: the cool-down begins, or begins anew, and never ends earlier than before.
    pub(crate) fn start_cooldown(&mut self, burst: BurstId, from: Time, strength: u8, policy: &Policy) {
        let before = self.cooldown_at(from);
        let until = from + policy.cooldown;
        self.cooldown = Some(Cooldown {
            burst,
            until: before.map_or(until, |before| before.until.max(until)),
            strength: before.map_or(strength, |before| before.strength.max(strength)),
        });
    }

    /// The score left by earlier bursts, in whole points.
    pub(crate) fn carried_points(&self, at: Time, policy: &Policy) -> u32 {
        let left =
            policy.half_life.zip(self.carried_score).map(|(half_life, score)| score.left(at, half_life));
        left.map_or(0, points)
    }

    /// Keeps the score of a burst that did not reach the minimum. One that was gated or capped leaves nothing: what a
    /// rule stopped must not fire by a word said later.
    pub(crate) fn keep_score(&mut self, burst: &Burst, at: Time, policy: &Policy) {
        let score = burst.evidence.own_score();
        self.carried_score =
            policy.half_life.and_then(|half_life| Fading::with(self.carried_score, score, at, half_life));
    }

    /// True when nothing is left to remember at `now`.
    pub(crate) fn is_over(&self, now: Time) -> bool {
        let remembered = self.burst.is_some() || self.unsaid.is_some() || !self.cooldown_evidence.is_empty();
        let cooldown = self.cooldown.map(|cooldown| cooldown.until);
        let score = self.carried_score.map(|score| score.until);
        !remembered && cooldown.max(score).is_none_or(|until| until <= now)
    }
}
