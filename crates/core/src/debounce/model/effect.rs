//! Effects: all that a step asks for.

use super::decision::Decision;
use super::trigger::Trigger;
use crate::closed_enum;
use crate::ids::{InputName, PolicyName};

/// One thing that a step asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Emit a trigger.
    Trigger(Box<Trigger>),
    /// Write a decision down.
    Decision(Box<Decision>),
    /// Write a dead letter: this record cannot be processed.
    DeadLetter {
        /// The reason.
        reason: DeadReason,
        /// The reason and the fix, for a person.
        text: String,
    },
    /// Tell the operator.
    Note(Note),
}

closed_enum! {
    /// The reason that a record cannot be processed.
    DeadReason {
        /// It is dated more than a day after its arrival.
        Future = "future",
        /// It is no policy that can be read.
        Policy = "policy",
        /// An id of it is longer than any that winback writes.
        TooLarge = "too_large",
        /// A row of another log's state came when this one had begun, or is none that is known.
        LateRow = "late_row",
    }
}

/// News for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The clock no longer waits for this input (R2).
    LeftOut(InputName),
    /// The clock waits for it (again).
    Counts(InputName),
    /// The config no longer names this input: it is retired.
    Retired(InputName),
    /// Starting triggers of a policy (of all: `None`) are held from here on, or let go.
    Held(Option<PolicyName>, bool),
    /// An event came too late to be told: its source and id.
    TooOld(String, String),
}

impl Note {
    /// The clock no longer waits for an input, or waits again.
    pub(crate) const fn of_input(input: InputName, counts: bool) -> Self {
        if counts { Self::Counts(input) } else { Self::LeftOut(input) }
    }
}
