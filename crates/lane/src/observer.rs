//! The lane's reports to an observer: metrics stay out of the runtime.

use winback_core::closed_enum;
use winback_core::time::Span;
use winback_log::{ClientFigure, TopicPartition};

/// A transaction that is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Records stepped.
    pub records: usize,
    /// Records appended.
    pub appends: usize,
    /// Their bytes.
    pub bytes: usize,
    /// The time from begin to commit.
    pub took: Span,
}

closed_enum! {
    /// How a lane's assignment changed.
    Rebalanced {
        /// Partitions came.
        Assigned = "assigned",
        /// Partitions were asked for and given back in order.
        Revoked = "revoked",
        /// Partitions were taken.
        Lost = "lost",
    }
}

/// Hears what a lane does, on the lane's thread. Everything is optional.
pub trait Observer: Send + Sync {
    /// A transaction is in the log.
    fn committed(&self, commit: &Committed) {
        let _ = commit;
    }

    /// The group gave or took partitions, and the lane has answered.
    fn rebalanced(&self, how: Rebalanced) {
        let _ = how;
    }

    /// A transaction failed; `kind` is that of [`winback_log::CommitError`], or [`crate::PANICKED`].
    fn failed(&self, kind: &'static str) {
        let _ = kind;
    }

    /// A partition's state was restored from so many records.
    fn restored(&self, partition: &TopicPartition, records: u64, took: Span) {
        let _ = (partition, records, took);
    }

    /// So many records, or elements of one, could not be processed; told when their letters are committed.
    fn dead_letters(&self, source: &str, reason: &'static str, count: u64) {
        let _ = (source, reason, count);
    }

    /// Of these, so many have no letter, since there were too many bytes of them.
    fn left_out(&self, source: &str, count: u64) {
        let _ = (source, count);
    }

    /// The client library's statistics, a few times a minute; empty where there is none.
    fn statistics(&self, statistics: &[(ClientFigure, f64)]) {
        let _ = statistics;
    }
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {}
