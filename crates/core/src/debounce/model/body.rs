//! The records of one inbox partition: all that the detector reads.

use super::input::{AccountChange, Event, MatchedSignal, Moved, Progress, Response, RulesMark};
use super::policy_record::PolicyRecord;
use super::row::{StateKey, StateRow};
use crate::ids::{AccountId, InputName, Offset};
use crate::time::Time;

/// One record of the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Where it stands.
    pub offset: Offset,
    /// When the log took it.
    pub appended_at: Time,
    /// What it says.
    pub body: Body,
}

/// The content of an inbox record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A signal with its account.
    Signal(Box<MatchedSignal>),
    /// The account's own change.
    Account(AccountChange),
    /// An answer of an account.
    Response(Response),
    /// A sequence of touches ended without an answer, at this time.
    SequenceEnded(AccountId, Time),
    /// A policy from here on.
    Policy(PolicyRecord),
    /// Starting triggers of a policy (of all: `None`) are held, or let go.
    Hold(Option<String>, bool),
    /// A report of the readers' progress.
    Progress(Progress),
    /// All inputs that the config names; what is none of them any more is retired (R2).
    Inputs(Vec<InputName>),
    /// Something that many accounts may want to hear of.
    Event(Box<Event>),
    /// A row of the state that a deployment had on another log.
    Carried(Box<(StateKey, StateRow)>),
    /// Such rows begin or are complete.
    Moved(Moved),
    /// New rules hold, from a record on.
    Rules(RulesMark),
    /// A row of the state as it was before the first record that new rules decide. Only a comparison reads it.
    Kept(Box<(StateKey, StateRow)>),
}

impl Body {
    /// The account that its record is keyed by; `None` for what goes to every partition.
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Signal(signal) => Some(&signal.account),
            Self::Account(AccountChange::Upsert(account)) => Some(&account.id),
            Self::Account(AccountChange::Gone(id) | AccountChange::Erased(id))
            | Self::SequenceEnded(id, _) => Some(id),
            Self::Response(response) => Some(&response.account),
            Self::Carried(row) => row.0.account(),
            Self::Policy(_)
            | Self::Hold(..)
            | Self::Progress(_)
            | Self::Inputs(_)
            | Self::Event(_)
            | Self::Moved(_)
            | Self::Rules(_)
            | Self::Kept(_) => None,
        }
    }
}
