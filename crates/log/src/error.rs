//! The failures of a log, and the conclusions that a lane may draw.

/// A failure outside a transaction's end.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The log cannot be reached or opened.
    #[error("cannot reach the log {log}: {why}: check its address, that it runs, and that it has room")]
    Unavailable {
        /// The log's name.
        log: String,
        /// The message.
        why: String,
    },
    /// A topic is not there.
    #[error("topic `{0}` does not exist in the log: create it, or run `winback topics apply`")]
    NoTopic(String),
    /// Another process holds the file.
    #[error("{0} is in use by another winback that runs lanes: stop it, or use another file")]
    Locked(String),
    /// What the log's file holds is not what was written.
    #[error(
        "the log {log} is damaged ({why}): stop winback and put a backup of the file in its place, or save what can be \
         read with `sqlite3 FILE .recover | sqlite3 NEW`"
    )]
    Damaged {
        /// The log's name.
        log: String,
        /// How that was seen.
        why: String,
    },
    /// Positions and log do not fit: the offset was never there or is gone.
    #[error("{topic}/{partition}: offset {offset} is not in the log ({beginning}..{end}): begin within it")]
    OutOfRange {
        /// The topic.
        topic: String,
        /// Its partition.
        partition: i32,
        /// The requested offset.
        offset: i64,
        /// The earliest offset there.
        beginning: i64,
        /// The offset behind the last record.
        end: i64,
    },
    /// A URL or a setting makes no sense.
    #[error("{0}")]
    Config(String),
    /// Nothing that waiting mends.
    #[error("{0}")]
    Fatal(String),
}

impl LogError {
    /// A stable name for labels.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "away",
            Self::NoTopic(_) => "no_topic",
            Self::Locked(_) => "locked",
            Self::Damaged { .. } => "damaged",
            Self::OutOfRange { .. } => "out_of_range",
            Self::Config(_) => "config",
            Self::Fatal(_) => "fatal",
        }
    }
}

/// The failure of a transaction, and so the knowledge about it.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing of it is in the log. Drop what the batch changed, seek back, try again.
    #[error("the transaction was aborted: {0}")]
    Aborted(String),
    /// Nothing of it is in the log, because this member's generation is over: the group is being shared out anew, and will
    /// say so. No record explains it; try again soon.
    #[error("the transaction was aborted, the group is being shared out anew: {0}")]
    Displaced(String),
    /// It may or may not be in the log. Only [`crate::Session::recover`] and a reload may follow.
    #[error("the outcome of the transaction is unknown: {0}")]
    Unknown(String),
    /// Another member took the transactional id or the partitions. While still a member of the group this means
    /// that two deployments share ids: exit.
    #[error("transactional id `{id}` was taken by another: {why}")]
    Fenced {
        /// The transactional id.
        id: String,
        /// The log's message.
        why: String,
    },
    /// A transaction without positions is not fenced and therefore refused.
    #[error("a transaction must send the positions of the partitions that it writes for")]
    NoPositions,
    /// One record cannot be taken, now or later; the transaction is still open.
    #[error(
        "a record of {bytes} bytes for `{topic}` cannot be taken: {why}: make it smaller, or raise max.message.bytes"
    )]
    Record {
        /// The target topic.
        topic: String,
        /// Its size.
        bytes: usize,
        /// The log's message.
        why: String,
    },
    /// Nothing that waiting mends: not allowed, no such topic, disk gone.
    #[error("{0}")]
    Fatal(String),
}

impl CommitError {
    /// A stable name for labels.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Aborted(_) => "aborted",
            Self::Displaced(_) => "displaced",
            Self::Unknown(_) => "unknown",
            Self::Fenced { .. } => "fenced",
            Self::NoPositions => "no_positions",
            Self::Record { .. } => "record",
            Self::Fatal(_) => "fatal",
        }
    }
}
