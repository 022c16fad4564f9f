//! Failures that a test asks for.

use std::collections::VecDeque;

use parking_lot::Mutex;

/// A fault that happens once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The next commit is written, but its outcome is reported as unknown.
    CommitUnknownApplied,
    /// The next commit is not written, and its outcome is reported as unknown.
    CommitUnknownDropped,
    /// The next commit's outcome is reported as unknown while its end is on its way: what it wrote is neither there nor
    /// gone, and its positions are unstable, until [`crate::EmbeddedLog::arrive`] or [`crate::EmbeddedLog::expire`], or
    /// until somebody takes the transactional id anew.
    CommitUnknownLater,
    /// A request for a position that a transaction under way may change waits until the transaction arrives. For the
    /// session of that transaction.
    ArriveWhenAsked,
    /// The next commit is aborted.
    CommitAborted,
    /// The member is thrown out of its group just before its next commit.
    CommitExpelled,
    /// Another takes the transactional id just before the next commit.
    CommitFenced,
    /// The next append fails, and its transaction with it.
    AppendFails,
    /// The next abort's outcome is unknown.
    AbortUnknown,
    /// The next poll fails.
    PollFails,
    /// The next poll of a reader fails; a reader has no transactional id, so that it is empty here.
    ReadFails,
    /// The next partitions that are revoked deliver late: records come with the next assignment, under the old epoch.
    StaleDelivery,
}

/// The failures that are waiting for their step.
#[derive(Debug, Default)]
pub(super) struct Faults {
    waiting: Mutex<VecDeque<(String, Fault)>>,
}

impl Faults {
    pub(super) fn add(&self, transactional_id: &str, fault: Fault) {
        self.waiting.lock().push_back((transactional_id.to_owned(), fault));
    }

    pub(super) fn clear(&self) {
        self.waiting.lock().clear();
    }

    /// Takes the first of these faults that waits for that session.
    pub(super) fn take(&self, transactional_id: &str, among: &[Fault]) -> Option<Fault> {
        let mut waiting = self.waiting.lock();
        let at = waiting.iter().position(|(id, fault)| id == transactional_id && among.contains(fault))?;
        waiting.remove(at).map(|(_, fault)| fault)
    }
}
