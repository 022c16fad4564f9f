//! What the detector reads: the records of one inbox partition.

use super::state::{StateKey, StateRow};
use crate::account::Account;
use crate::closed_enum;
use crate::ids::{AccountId, InputName, Offset};
use crate::index::Method;
use crate::signal::SignalKind;
use crate::time::{Span, Time};

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

/// What an inbox record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A signal with its account.
    Signal(Box<MatchedSignal>),
    /// The account's own change.
    Account(AccountChange),
    /// What an account answered.
    Response(Response),
    /// A sequence of touches ended without an answer, at this time.
    SequenceEnded(AccountId, Time),
    /// A policy from here on.
    Policy(PolicyText),
    /// Starting triggers of a policy (of all: `None`) are held, or let go.
    Hold(Option<String>, bool),
    /// How far the readers are.
    Progress(Progress),
    /// Something that many accounts may want to hear of.
    Event(Box<Event>),
    /// A row of the state that a deployment had on another log.
    Carried(Box<(StateKey, StateRow)>),
    /// Such rows begin or are complete.
    Moved(Moved),
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
            Self::Policy(_) | Self::Hold(..) | Self::Progress(_) | Self::Event(_) | Self::Moved(_) => None,
        }
    }
}

/// A signal with its account, bounded in size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedSignal {
    /// Whose it is.
    pub account: AccountId,
    /// The source's name.
    pub source: String,
    /// Unique within the source.
    pub id: String,
    /// What sort of thing happened.
    pub kind: SignalKind,
    /// The finer class, such as `pricing`; empty when none.
    pub class: String,
    /// When it happened (`te`).
    pub event_time: Time,
    /// When it could first be read (`ti`).
    pub append_time: Time,
    /// The source partition that it came from.
    pub input: InputName,
    /// The other inputs that its lane merges by time and has read up to `append_time`, too.
    pub merged_with: Vec<InputName>,
    /// How it matched.
    pub method: Method,
    /// On what it matched, masked.
    pub matched_on: String,
    /// A few words for a person.
    pub detail: String,
}

/// A release of ours or an event at a competitor: one record in every partition, a signal for each account that it is
/// about (a fan-out). Bounded in size by who writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The source's name.
    pub source: String,
    /// Unique within the source.
    pub id: String,
    /// `product_release` or `competitor_event`.
    pub kind: SignalKind,
    /// What sort of it, such as `feature` or `price_rise`; empty when none.
    pub class: String,
    /// When it happened (`te`).
    pub event_time: Time,
    /// When it could first be read (`ti`).
    pub append_time: Time,
    /// A few words for a person.
    pub title: String,
    /// The features that it brings.
    pub features: Vec<String>,
    /// The competitor that it is about; empty when none.
    pub competitor: String,
}

/// A change of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountChange {
    /// It is so now.
    Upsert(Box<Account>),
    /// No longer in the list.
    Gone(AccountId),
    /// Its personal data goes, for ever.
    Erased(AccountId),
}

closed_enum! {
    /// What an account answered.
    ResponseKind {
        /// Wrote back.
        Replied = "replied",
        /// Said no.
        Declined = "declined",
        /// A contact must not be written to any more.
        OptedOut = "opted_out",
        /// Came back.
        Reactivated = "reactivated",
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Whose.
    pub account: AccountId,
    /// The source that brought it; empty when none did.
    pub source: String,
    /// Unique within the source; empty when nobody gave one, and then it counts each time.
    pub id: String,
    /// Which.
    pub kind: ResponseKind,
    /// When.
    pub at: Time,
    /// Whose contact's, as a hash; empty when unknown.
    pub contact: Vec<u8>,
}

/// A deployment comes from another log: its rows begin, or are complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Tells this move from another.
    pub id: String,
    /// The log that it comes from.
    pub from: String,
    /// All rows are there.
    pub complete: bool,
}

/// A policy's file as it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyText {
    /// The policy's name.
    pub name: String,
    /// Its version; higher is newer.
    pub version: u32,
    /// The file.
    pub toml: String,
}

/// A matcher lane's report (R2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How far each of its inputs is.
    pub inputs: Vec<(InputName, Reached)>,
    /// All inputs that its process knows.
    pub known: Vec<InputName>,
}

/// How far an input was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// An end was seen so long before the append, and has been passed since.
    EndSeenAgo(Span),
    /// No end was passed yet; this is the newest append time that was read.
    NewestAppend(Time),
}
