//! The contents of inbox records: signals, events, changes of accounts, answers, reports.

use crate::account::Account;
use crate::closed_enum;
use crate::ids::{AccountId, InputName, Offset};
use crate::index::Method;
use crate::signal::SignalKind;
use crate::time::{Span, Time};

/// A signal with its account, bounded in size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedSignal {
    /// Whose it is.
    pub account: AccountId,
    /// The source's name.
    pub source: String,
    /// Unique within the source.
    pub id: String,
    /// The kind of signal.
    pub kind: SignalKind,
    /// The finer class, such as `pricing`; empty when none.
    pub class: String,
    /// When it happened (`te`).
    pub event_time: Time,
    /// The earliest time at which it could be read (`ti`).
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
    /// The class, such as `feature` or `price_rise`; empty if there is none.
    pub class: String,
    /// When it happened (`te`).
    pub event_time: Time,
    /// The earliest time at which it could be read (`ti`).
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
    /// An answer of an account.
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
    /// The contact, as a hash; empty if it is unknown.
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

/// New rules hold from a record on. Two of these enclose the rows of the state as it was before that record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulesMark {
    /// Their version.
    pub version: u32,
    /// The first record that they decide.
    pub from: Offset,
    /// All rows are there.
    pub complete: bool,
}

/// A matcher lane's report (R2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The progress of each of its inputs.
    pub inputs: Vec<(InputName, Reached)>,
    /// All inputs that its process knows.
    pub known: Vec<InputName>,
}

/// The position of a reader in one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// An end was seen so long before the append, and has been passed since.
    EndSeenAgo(Span),
    /// No end was passed yet; this is the newest append time that was read.
    NewestAppend(Time),
}
