//! The state of a partition as rows: what the changelog holds, a record a row.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::account_state::AccountState;
use super::clock::InboxClock;
use super::fanout::FanOut;
use super::input::PolicyText;
use super::machine::Machine;
use super::partition::Counts;
use crate::ids::{AccountId, Offset, PolicyName};
use crate::time::Time;

/// Names a remembered signal id (R1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeenKey {
    /// Whose signal; nobody's (empty) for an event, which every partition has.
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
    /// Where the first one stands, so that a record replayed after an abort is not its own duplicate.
    pub offset: Offset,
    /// When it is forgotten.
    pub until: Time,
}

/// Names a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StateKey {
    /// The clock and the position.
    Clock,
    /// An account.
    Account(AccountId),
    /// The machine of an account under a policy.
    Machine(AccountId, PolicyName),
    /// A remembered signal id.
    Seen(SeenKey),
    /// A version of a policy.
    Policy(PolicyName, u32),
    /// A hold on a policy; empty for all.
    Hold(String),
    /// An event that is being told to accounts, by its offset in the inbox.
    Event(Offset),
}

impl StateKey {
    /// Whose row it is; `None` for one of the whole partition, such as an event's id, which is remembered for nobody.
    pub fn account(&self) -> Option<&AccountId> {
        let account = match self {
            Self::Account(account) | Self::Machine(account, _) => account,
            Self::Seen(seen) => &seen.account,
            Self::Clock | Self::Policy(..) | Self::Event(_) | Self::Hold(_) => return None,
        };
        (!account.as_str().is_empty()).then_some(account)
    }
}

/// A row's content. `None` instead of a row means that it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateRow {
    /// The clock, the offset read next, the counts.
    Clock(Box<InboxClock>, Offset, Counts),
    /// An account.
    Account(Arc<AccountState>),
    /// A machine.
    Machine(Arc<Machine>),
    /// A remembered signal id.
    Seen(Seen),
    /// A version of a policy.
    Policy(PolicyText),
    /// A hold.
    Hold,
    /// An event on its way.
    Event(Box<FanOut>),
}
