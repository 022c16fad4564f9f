//! Erasure: what names a person goes at the record that says so; what names the account goes when nothing can be on its
//! way any more.
//!
//! At the record: open bursts are cancelled, the machines and all that is known of the account go. The ids of its signals
//! that are remembered go a few a report of the readers, since there may be many, and it takes a look at all ids to find
//! them, once for all erasures since the last report ([`Sweep`] is a function of the rows, so that a partition that was
//! restored goes on as the one that never stopped). A row stays that says that it was erased, so that what was
//! still on its way is shut out; it goes after [`KEPT`].

use std::collections::BTreeSet;

use super::account_state::AccountState;
use super::partition::{Effect, Forget, Partition};
use super::state::SeenKey;
use crate::ids::AccountId;
use crate::time::{Span, Time};

/// How long the detector knows that an account was erased: no record takes longer from the registrar or a matcher to it. With
/// the week of a tombstone and a week until Kafka compacts it, all is over within a month.
pub const KEPT: Span = Span::from_days(14);

/// The remembered signal ids of erased accounts: those that are still to go.
#[derive(Clone, Debug, Default)]
pub(super) struct Sweep {
    /// `None` when they are to be found anew.
    left: Option<BTreeSet<SeenKey>>,
    /// Whether the batch changed them.
    touched: bool,
}

impl Sweep {
    pub(super) const fn commit(&mut self) {
        self.touched = false;
    }

    /// A row came from the changelog.
    pub(super) fn loaded(&mut self) {
        self.left = None;
    }

    /// Who was erased, or what is remembered of them, changed.
    pub(super) fn reset(&mut self) {
        (self.left, self.touched) = (None, true);
    }

    pub(super) fn rollback(&mut self) {
        if std::mem::take(&mut self.touched) {
            self.left = None;
        }
    }
}

/// When the row that says "erased" goes: moves the account's entry.
pub(super) fn index_erased(
    forget: &mut BTreeSet<(Time, Forget)>,
    id: &AccountId,
    old: Option<&AccountState>,
    new: Option<&AccountState>,
) {
    let goes_at = |state: &AccountState| state.erased_at.filter(|_| state.erased).map(|at| at + KEPT);
    let entry = |at: Time| (at, Forget::Erased(id.clone()));
    if let Some(at) = old.and_then(goes_at) {
        forget.remove(&entry(at));
    }
    if let Some(at) = new.and_then(goes_at) {
        forget.insert(entry(at));
    }
}

impl Partition {
    pub(super) fn erase(&mut self, id: &AccountId, out: &mut Vec<Effect>) {
        if self.accounts.get(id).is_some_and(|state| state.erased) {
            return;
        }
        self.cancel_all(id, out);
        self.unhush(id);
        let at = self.clock().last_append.unwrap_or_else(|| self.clock().now());
        let erased = AccountState::erased_then(at);
        self.put_account(id.clone(), Some(erased.into()));
        self.sweep.reset();
    }

    /// Forgets at most `most` ids of erased accounts, at a report of the readers. How many other rows the step may forget:
    /// `None` while there are ids left, lest the row that says "erased" goes before them.
    pub(super) fn sweep_some(&mut self, most: usize) -> Option<usize> {
        let mut left = match self.sweep.left.take() {
            Some(left) => left,
            None => self.of_erased(),
        };
        let mut swept = 0;
        while swept < most {
            let Some(key) = left.pop_first() else { break };
            // Some may have gone by their own time since they were found.
            if self.seen.get(&key).is_some() {
                self.put_seen(key, None);
                swept += 1;
            }
        }
        let done = left.is_empty();
        self.sweep.touched |= swept > 0;
        self.sweep.left = Some(left);
        done.then_some(most - swept)
    }

    fn of_erased(&self) -> BTreeSet<SeenKey> {
        let is_erased = |id: &AccountId| self.accounts.get(id).is_some_and(|state| state.erased);
        if !self.accounts.rows().any(|(_, state)| state.erased) {
            return BTreeSet::new();
        }
        self.seen.rows().map(|(key, _)| key).filter(|key| is_erased(&key.account)).cloned().collect()
    }
}
