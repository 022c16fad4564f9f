//! The types of the state's small rows.

use sha2::{Digest, Sha256};

use super::clock::InboxClock;
use super::input::Event;
use crate::ids::{AccountId, Offset};
use crate::time::Time;

/// The clock, the position and the counts of a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The clock.
    pub(crate) clock: InboxClock,
    /// The offset that is read next; `None` before the first record.
    pub(crate) next: Option<Offset>,
    /// The counts.
    pub(crate) counts: Counts,
}

/// Counts since the partition began: bursts opened = ended + open (R14).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bursts that opened.
    pub opened: u64,
    /// Bursts that ended.
    pub ended: u64,
    /// Synthetic signals: those of the calendar and of events.
    pub synthetic: u64,
    /// Signals of the greatest strength that were made anew for one policy, when what kept them had ended.
    pub unsaid: u64,
}

impl Counts {
    /// The signals that were made since those counts.
    pub const fn made_since(self, before: Self) -> u64 {
        self.synthetic - before.synthetic + self.unsaid - before.unsaid
    }

    /// The decisions that the signals made since then have, where a signal of all policies has `each`.
    pub const fn decisions_since(self, before: Self, each: u64) -> u64 {
        (self.synthetic - before.synthetic) * each + self.unsaid - before.unsaid
    }
}

/// Names a remembered signal id (R1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeenKey {
    /// The account of the signal; empty for an event, which every partition has.
    pub account: AccountId,
    /// Hash of source and id.
    pub hash: [u8; 16],
}

impl SeenKey {
    /// The key of (account, source, id).
    pub fn of(account: &AccountId, source: &str, id: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update((source.len() as u64).to_be_bytes());
        hasher.update(source.as_bytes());
        hasher.update(id.as_bytes());
        let mut hash = [0; 16];
        hash.copy_from_slice(&hasher.finalize()[..16]);
        Self { account: account.clone(), hash }
    }
}

/// A remembered signal id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its event time.
    pub event_time: Time,
    /// The offset of the first one, so that a record replayed after an abort is not its own duplicate.
    pub offset: Offset,
    /// The time at which it is forgotten.
    pub until: Time,
}

/// A hold on a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold;

/// An event on its way to the accounts that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FanOut {
    /// The event.
    pub event: Event,
    /// The last account that it was told to.
    pub after: Option<AccountId>,
}
