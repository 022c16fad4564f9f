//! Decisions: every signal and every burst's end has one (R14).

use std::borrow::Cow;
use std::fmt;

use super::cap::Cap;
use super::gate::Gate;
use super::input::MatchedSignal;
use super::outcome::{BurstOutcome, FiredBecause, SignalOutcome};
use super::trigger::Trigger;
use super::trigger_id::{BurstId, TriggerId};
use crate::ids::{AccountId, PolicyName};
use crate::time::Time;

/// The subject of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A signal's arrival, and the burst that it belongs to.
    Signal {
        /// The signal.
        signal: Box<MatchedSignal>,
        /// Its outcome.
        outcome: SignalOutcome,
        /// The burst that it opened, joined or fired for.
        burst: Option<BurstId>,
    },
    /// A burst's end.
    Burst {
        /// The burst.
        id: BurstId,
        /// Its outcome.
        outcome: BurstOutcome,
        /// The event that ended it; `None` when it was cancelled.
        because: Option<FiredBecause>,
        /// The number of its signals.
        signals: u32,
        /// Its score.
        score: u32,
        /// The part of it that earlier bursts left.
        carried: u32,
        /// The least score.
        min_score: u32,
        /// The time at which it opened.
        opened_at: Time,
    },
}

/// One outcome, with all that a person needs to see why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The account.
    pub account: AccountId,
    /// The policy.
    pub policy: PolicyName,
    /// Its version.
    pub policy_version: u32,
    /// Its subject.
    pub subject: Subject,
    /// The rule that forbade it.
    pub refusal: Option<Refusal>,
    /// The effective time.
    pub at: Time,
    /// The trigger that it made.
    pub trigger: Option<TriggerId>,
    /// The deadline of the burst that is open after it.
    pub deadline: Option<Time>,
    /// The end of the cool-down.
    pub cooldown_until: Option<Time>,
    /// The trigger that a burst of a backlog would have made (R15).
    pub would_be: Option<Box<Trigger>>,
}

impl Decision {
    /// The name of the outcome.
    pub const fn outcome(&self) -> &'static str {
        match &self.subject {
            Subject::Signal { outcome, .. } => outcome.as_str(),
            Subject::Burst { outcome, .. } => outcome.as_str(),
        }
    }

    /// The rule that decided.
    pub const fn rule(&self) -> &'static str {
        match &self.subject {
            Subject::Signal { outcome, .. } => match outcome {
                SignalOutcome::Duplicate => "R1",
                SignalOutcome::Expired => "R8",
                SignalOutcome::Joined => "R3",
                SignalOutcome::FiredLeading => "R4",
                SignalOutcome::Escalated => "R7",
                SignalOutcome::InCooldown => "R6",
                SignalOutcome::Gated => "gate",
                SignalOutcome::Capped => "R9",
                SignalOutcome::Ended => "R10",
            },
            Subject::Burst { outcome, .. } => match outcome {
                BurstOutcome::Fired => "R3",
                BurstOutcome::Updated | BurstOutcome::NothingNew => "R4",
                BurstOutcome::BelowThreshold => "R5",
                BurstOutcome::Capped => "R9",
                BurstOutcome::Gated => "gate",
                BurstOutcome::TooLarge => "R14",
                BurstOutcome::Stale => "R15",
                BurstOutcome::Cancelled => "R10",
            },
        }
    }

    /// The reason; `None` when the rule says it all. A refusal counts before what ended the burst.
    pub fn because(&self) -> Option<Because<'_>> {
        if let Some(refusal) = &self.refusal {
            return Some(match refusal {
                Refusal::Gate(gate) => Because::Gate(*gate),
                Refusal::Cap(cap) => Because::Cap(Cow::Borrowed(cap)),
            });
        }
        match &self.subject {
            Subject::Burst { because, .. } => because.map(Because::Fired),
            Subject::Signal { .. } => None,
        }
    }

    /// The gate that forbade it.
    pub const fn gate(&self) -> Option<Gate> {
        match &self.refusal {
            Some(Refusal::Gate(gate)) => Some(*gate),
            Some(Refusal::Cap(_)) | None => None,
        }
    }

    /// The cap that was reached.
    pub const fn cap(&self) -> Option<&Cap> {
        match &self.refusal {
            Some(Refusal::Cap(cap)) => Some(cap),
            Some(Refusal::Gate(_)) | None => None,
        }
    }
}

/// The rule that forbade a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A gate was shut.
    Gate(Gate),
    /// A cap was reached.
    Cap(Cap),
}

/// The reason of a decision, from closed lists. Its text is the word that the record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because<'a> {
    /// A gate was shut.
    Gate(Gate),
    /// A cap was reached.
    Cap(Cow<'a, Cap>),
    /// The event that ended the burst.
    Fired(FiredBecause),
}

impl Because<'_> {
    /// The reason of that text; `None` for an empty one, and for a word of a newer winback.
    pub fn parse(text: &str) -> Option<Because<'static>> {
        let gate = Gate::parse(text).map(Because::Gate);
        let fired = || FiredBecause::parse(text).map(Because::Fired);
        gate.or_else(fired).or_else(|| Cap::parse(text).map(|cap| Because::Cap(Cow::Owned(cap))))
    }
}

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate(gate) => gate.fmt(f),
            Self::Cap(cap) => f.write_str(&cap.describe()),
            Self::Fired(because) => because.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cap::{Calendar, CapScope, CapWindow};
    use super::*;
    use crate::time::Span;

    #[test]
    fn every_reason_is_read_back_from_its_text() {
        let windows = Calendar::ALL.iter().map(|unit| CapWindow::Calendar(*unit));
        let windows: Vec<_> = windows.chain([CapWindow::Rolling(Span::from_days(365))]).collect();
        let caps = CapScope::ALL
            .iter()
            .flat_map(|scope| windows.iter().map(|window| Cap { scope: *scope, max: 4, window: *window }));
        let gates = Gate::ALL.iter().map(|gate| Because::Gate(*gate));
        let fired = FiredBecause::ALL.iter().map(|because| Because::Fired(*because));
        for because in gates.chain(fired).chain(caps.map(|cap| Because::Cap(Cow::Owned(cap)))) {
            assert_eq!(Because::parse(&because.to_string()), Some(because));
        }
        for text in ["", "tomorrow", "4 in 365d for nobody", "4 a fortnight for the account"] {
            assert_eq!(Because::parse(text), None, "{text}");
        }
    }
}
