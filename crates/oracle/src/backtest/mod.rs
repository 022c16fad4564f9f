//! The effects of another policy: the inbox is decided twice, as recorded and under a candidate.
//!
//! Both sides are the production core, stepped record by record in one pass of the inbox. So a candidate that equals
//! the policy in force changes nothing. Memory holds two partitions' states, the fires that still wait for their
//! counterpart, and the earliest of the changes. A fire waits no longer than a burst may last.

mod change;
mod fork;
mod kept;
mod pairing;
mod read;
mod tally;

pub use change::{Change, ChangeKind, Fired, Why};
pub use fork::{Candidate, Question};
pub use read::{Inbox, Seed, backtest};
pub use tally::{Day, Side, Tally};

use winback_core::account::Account;
use winback_core::debounce::{Input, PolicyRecord, StateKey, StateRow};

use fork::Fork;
use pairing::Pairing;

/// So many changes are kept whole for each partition; the others are counted.
const MOST_KEPT: usize = 100_000;

/// One partition, or any other ordered stream of inputs, decided twice.
pub struct Backtest {
    fork: Fork,
    pairing: Pairing,
}

impl Backtest {
    /// Before the first record.
    pub fn new(question: &Question) -> Self {
        Self { fork: Fork::new(question), pairing: Pairing::new(question) }
    }

    /// A policy that is in force before the first record.
    pub fn in_force(&mut self, text: &PolicyRecord) {
        self.fork.in_force(text);
    }

    /// The state before the first record, as rules of an older version made it.
    pub fn restored(&mut self, rows: Vec<(StateKey, StateRow)>) {
        self.fork.restored(rows);
    }

    /// An account that is known before the first record.
    pub fn known(&mut self, account: &Account) {
        self.fork.known(account);
    }

    /// Takes the next record in; false when nothing that is asked for can come any more.
    pub fn step(&mut self, input: &Input) -> bool {
        let Some(made) = self.fork.step(input) else { return true };
        self.pairing.step(&made);
        !made.is_over
    }

    /// True if a progress record that moves nothing would still make signals: of the calendar, or of an event.
    pub fn is_behind(&self) -> bool {
        self.fork.is_behind()
    }

    /// The outcome, with the changes in the order of their times.
    pub fn end(self) -> Outcome {
        let Self { fork, pairing } = self;
        let (tally, kept) =
            pairing.end(|is_live, account, policy| fork.has_open_burst(is_live, account, policy));
        let (changes, not_kept) = kept.end();
        Outcome { tally, changes, not_kept }
    }
}

/// The findings of a backtest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The counts.
    pub tally: Tally,
    /// The changes.
    pub changes: Vec<Change>,
    /// Changes that were counted only.
    pub not_kept: u64,
}

impl Outcome {
    /// Takes another partition's in.
    pub fn add(&mut self, other: Self) {
        self.tally.add(&other.tally);
        self.changes.extend(other.changes);
        self.not_kept += other.not_kept;
        self.changes.sort_by(|left, right| left.order().cmp(&right.order()));
    }

    /// True if both sides decided the same.
    pub fn is_empty(&self) -> bool {
        self.tally.changes.is_empty() && self.tally.live == self.tally.candidate
    }
}
