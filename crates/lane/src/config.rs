//! A lane's settings, with defaults that a deployment rarely changes.

use std::sync::Arc;
use std::time::Duration;

use winback_core::closed_enum;
use winback_core::time::{Span, Time};

use crate::breaker::BreakerPolicy;
use crate::commit::CommitPolicy;
use crate::dead::DeadLetters;
use crate::snapshot::Snapshots;

closed_enum! {
    /// The position that wins if state and group differ.
    PositionsFrom {
        /// Neither: the lane ends and names both.
        Refuse = "refuse",
        /// The one that the changelog speaks of.
        State = "state",
        /// The one that the group committed.
        Group = "group",
    }
}

/// The settings of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneConfig {
    /// The lane's name in logs and status.
    pub name: String,
    /// The topic of dead letters.
    pub dead_letters: DeadLetters,
    /// The most bytes of dead letters in an hour, without limit for `None`; what is over it is counted and told.
    pub dead_bytes_per_hour: Option<usize>,
    /// The limits at which it stops instead of making dead letters.
    pub breaker: BreakerPolicy,
    /// The commit policy.
    pub commit: CommitPolicy,
    /// The most records of a poll, and of a turn.
    pub poll_max: usize,
    /// The longest that a turn waits for records.
    pub max_wait: Duration,
    /// The interval between requests for the ends of the inputs.
    pub ends_every: Span,
    /// A partition with this many records buffered is paused until half of them are stepped.
    pub buffer_records: usize,
    /// The same in bytes.
    pub buffer_bytes: usize,
    /// The time the merge waits for a partition that has more records but does not deliver them.
    pub merge_timeout: Span,
    /// The time that a turn restores.
    pub restore_slice: Span,
    /// The time that the log may be unavailable, or each transaction may fail, before the lane ends.
    pub unavailable_timeout: Span,
    /// The position that wins if state and group differ.
    pub positions: PositionsFrom,
    /// The snapshots of the changelog, if there are any.
    pub snapshots: Option<Arc<Snapshots>>,
}

impl LaneConfig {
    /// The defaults for a lane of that name.
    pub fn new(name: impl Into<String>, dead_letters: DeadLetters) -> Self {
        Self {
            name: name.into(),
            dead_letters,
            dead_bytes_per_hour: None,
            breaker: BreakerPolicy::OFF,
            commit: CommitPolicy::default(),
            poll_max: 4_096,
            max_wait: Duration::from_millis(100),
            ends_every: Span::from_millis(250),
            buffer_records: 16_384,
            buffer_bytes: 32 << 20,
            merge_timeout: Span::from_secs(30),
            restore_slice: Span::from_millis(20),
            unavailable_timeout: Span::from_mins(2),
            positions: PositionsFrom::Refuse,
            snapshots: None,
        }
    }
}

/// A duration as a span.
pub(crate) fn span(duration: Duration) -> Span {
    Span::from_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

/// The time from `now` until `then`; zero if it is past.
pub(crate) fn until(now: Time, then: Time) -> Duration {
    Duration::from_millis(u64::try_from(then.since(now).millis()).unwrap_or_default())
}
