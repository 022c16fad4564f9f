//! The errors that end a lane. A lane mends everything else itself; these end the process or turn readiness red.

use winback_core::ids::Offset;
use winback_log::{CommitError, LogError, TopicPartition};

use crate::partition::IllegalChange;

/// A lane cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum LaneError {
    /// The log failed outside a transaction.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Another took the transactional id while this one is a member: two deployments share ids.
    #[error(
        "transactional id `{id}` was taken by another process while this one is still a member ({why}): either this process \
         stood still for longer than its transaction time-out, then start it again; or two deployments or instances share \
         ids, then stop the other, or give this one its own `deployment` or `instance`"
    )]
    Fenced {
        /// The transactional id.
        id: String,
        /// The log's message.
        why: String,
    },
    /// The log refuses for good: not allowed, no such topic, disk gone.
    #[error("the log refuses: {0}")]
    Fatal(String),
    /// Transactions fail, and no single record explains it.
    #[error(
        "transactions fail and no record explains it: {0}: check the topics, the rights and the log's own messages"
    )]
    CannotCommit(String),
    /// The log was unavailable for longer than the time-out.
    #[error(
        "the log did not come back within {seconds} s: {why}: start winback again when it is back, or raise lanes.unavailable_timeout"
    )]
    Unavailable {
        /// The time the lane waited.
        seconds: u64,
        /// The log's last message.
        why: String,
    },
    /// The state and the group speak of different positions.
    #[error(
        "{partition}: the state in `{changelog}` speaks of offset {}, the group's position is {}: start once with \
         `--positions state` or `--positions group` to choose", shown(.state), shown(.group)
    )]
    Positions {
        /// The input partition.
        partition: TopicPartition,
        /// The changelog topic.
        changelog: String,
        /// The position in the state.
        state: Option<Offset>,
        /// The position of the group.
        group: Option<Offset>,
    },
    /// The changelog's first records were deleted.
    #[error(
        "{partition} begins at offset {beginning}, and the state is read from {next} on: records of the changelog were deleted, so \
         the state cannot be whole; see `a changelog that was cut` in the runbook"
    )]
    Truncated {
        /// The changelog's partition.
        partition: TopicPartition,
        /// Its earliest offset.
        beginning: Offset,
        /// The offset that should be there.
        next: Offset,
    },
    /// A record of the changelog makes no sense.
    #[error(
        "{partition}@{offset} cannot be read, and what it says is part of the state: {why}; stop the members and run \
         `winback topics doctor`"
    )]
    Restore {
        /// The changelog's partition.
        partition: TopicPartition,
        /// The record.
        offset: Offset,
        /// The fault.
        why: String,
    },
    /// A partition was moved to where it cannot go; a defect of the lane or of the log.
    #[error(transparent)]
    State(#[from] IllegalChange),
    /// The lane panicked outside of a step, or in steps that bring nothing into the log.
    #[error(
        "it panicked {at}: {why}: this is a defect of winback; nothing is lost, since what was not committed is read again: \
         start it again, and report this line with the log lines before it"
    )]
    Panicked {
        /// In which call, or at which record.
        at: String,
        /// The panic's text.
        why: String,
    },
    /// The stepped records could not be committed and the session could not be closed in time.
    #[error(
        "the lane was not drained within {seconds} s: {why}: start winback again; what was not committed is read again"
    )]
    Drain {
        /// The deadline.
        seconds: u64,
        /// The step that it was at.
        why: String,
    },
}

fn shown(offset: &Option<Offset>) -> String {
    offset.map_or_else(|| "none".to_owned(), |offset| offset.to_string())
}

impl LaneError {
    /// A stable name for labels.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Log(error) => error.kind(),
            Self::Fenced { .. } => "fenced",
            Self::Fatal(_) => "fatal",
            Self::CannotCommit(_) => "cannot_commit",
            Self::Unavailable { .. } => "away_too_long",
            Self::Positions { .. } => "positions_differ",
            Self::Truncated { .. } => "changelog_cut",
            Self::Restore { .. } => "restore",
            Self::State(_) => "illegal_change",
            Self::Panicked { .. } => "panicked",
            Self::Drain { .. } => "drain",
        }
    }

    /// The meaning of a transaction's failure when no other attempt follows.
    pub(crate) fn from_commit(error: CommitError) -> Self {
        match error {
            CommitError::Fenced { id, why } => Self::Fenced { id, why },
            CommitError::Fatal(why) => Self::Fatal(why),
            other => Self::CannotCommit(other.to_string()),
        }
    }
}
