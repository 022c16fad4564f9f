//! The index as the lanes of a process share it.
//!
//! A lane pins it for a batch: one lock for thousands of lookups, and a change of several accounts is seen whole or
//! not at all. The one writer normalises before it takes the lock, and tidies up beside the readers, not before them.

use std::ops::Deref;
use std::sync::Arc;

use parking_lot::{
    ArcRwLockReadGuard, RawRwLock, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
};

use super::entry::Change;
use super::record::Prepared;
use super::store::Index;
use crate::account::Account;

/// One change of the list of accounts.
#[derive(Clone, Copy, Debug)]
pub enum IndexChange<'a> {
    /// The account is this now.
    Put(&'a Account),
    /// It is no longer in the list.
    Gone(&'a str),
}

/// The effect of a batch of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Accounts that were not known.
    pub added: usize,
    /// Accounts replaced.
    pub changed: usize,
    /// Accounts gone.
    pub removed: usize,
    /// Older versions, ignored.
    pub stale: usize,
    /// Accounts that found no room: the index is incomplete.
    pub full: usize,
}

/// Many readers, one writer at a time.
#[derive(Default)]
pub struct SharedIndex(Arc<RwLock<Index>>);

/// The index as it stands while this lives. A thread must not pin twice: a writer may wait between the two.
pub struct Pinned<'a>(RwLockReadGuard<'a, Index>);

impl Deref for Pinned<'_> {
    type Target = Index;

    fn deref(&self) -> &Index {
        &self.0
    }
}

/// As [`Pinned`], kept by a lane from the beginning of a batch to its end.
pub struct PinnedForBatch(ArcRwLockReadGuard<RawRwLock, Index>);

impl Deref for PinnedForBatch {
    type Target = Index;

    fn deref(&self) -> &Index {
        &self.0
    }
}

enum Step<'a> {
    Put(Prepared),
    Gone(&'a str),
}

impl SharedIndex {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds the index still for a batch of lookups. Writers wait until it is dropped.
    pub fn pin(&self) -> Pinned<'_> {
        Pinned(self.0.read())
    }

    /// Holds the index still for a batch, without a borrow. Writers wait until it is dropped.
    pub fn pin_for_batch(&self) -> PinnedForBatch {
        PinnedForBatch(self.0.read_arc())
    }

    /// Applies all changes at once, in order.
    pub fn apply<'a>(&self, changes: impl IntoIterator<Item = IndexChange<'a>>) -> Applied {
        let prepare = |change| match change {
            IndexChange::Put(account) => Step::Put(Prepared::of(account)),
            IndexChange::Gone(id) => Step::Gone(id),
        };
        let steps: Vec<Step<'_>> = changes.into_iter().map(prepare).collect();
        let mut applied = Applied::default();
        let mut index = self.0.write();
        for step in &steps {
            applied.step(&mut index, step);
        }
        tidy(index);
        applied
    }
}

/// Compacts under a lock that lets readers in, and shuts them out for the swap only.
fn tidy(index: RwLockWriteGuard<'_, Index>) {
    if !index.wants_compaction() {
        return;
    }
    let index = RwLockWriteGuard::downgrade_to_upgradable(index);
    let compacted = index.compacted();
    let old = std::mem::replace(&mut *RwLockUpgradableReadGuard::upgrade(index), compacted);
    drop(old);
}

impl Applied {
    fn step(&mut self, index: &mut Index, step: &Step<'_>) {
        match step {
            Step::Gone(id) => self.removed += usize::from(index.take(id)),
            Step::Put(account) => {
                let count = match index.put(account) {
                    Change::Added => &mut self.added,
                    Change::Changed => &mut self.changed,
                    Change::Stale => &mut self.stale,
                    Change::Full => &mut self.full,
                };
                *count += 1;
            }
        }
    }
}
