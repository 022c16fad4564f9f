//! Why a comparison was not made.

use std::io;
use std::path::PathBuf;

use winback_core::ids::Offset;
use winback_log::{LogError, TopicPartition, Unreadable};

/// A comparison that could not be made. What differs is no error: it stands in the report.
#[derive(Debug, thiserror::Error)]
pub enum OracleError {
    /// The log is away or lacks a topic.
    #[error("{0}")]
    Log(#[from] LogError),
    /// Retention took records that nothing else tells of.
    #[error(
        "{partition} begins at offset {beginning}, what came before is gone, and {there}: give a checkpoint that was \
         written when the inbox still held its offset (`winback verify --checkpoint FILE`, run more often than the \
         inbox's retention), or keep the inbox longer"
    )]
    Cut {
        /// Which partition of the inbox.
        partition: TopicPartition,
        /// Its earliest record.
        beginning: Offset,
        /// What is there of a checkpoint.
        there: String,
    },
    /// A partition cannot be read to its end.
    #[error(
        "{partition} was not read beyond offset {position} of {end} for {seconds} s: a transaction that its writer left \
         open holds readers back until the log ends it; try again"
    )]
    Stalled {
        /// Which.
        partition: TopicPartition,
        /// How far.
        position: Offset,
        /// Of how much.
        end: Offset,
        /// How long nothing came.
        seconds: u64,
    },
    /// A changelog record makes no sense.
    #[error(
        "{partition}@{offset} cannot be read, and what it says is part of the state: {why}; stop the members and run \
         `winback topics doctor`"
    )]
    State {
        /// Where.
        partition: TopicPartition,
        /// At which offset.
        offset: Offset,
        /// Why.
        why: Unreadable,
    },
    /// What was before the beginning of the inbox cannot be read.
    #[error("{0}")]
    Seed(String),
    /// The checkpoint cannot be written.
    #[error("{0}")]
    Checkpoint(#[from] CheckpointError),
}

/// The first line of a checkpoint.
pub(crate) const MAGIC: &str = "winback checkpoint 2\n";

/// A checkpoint that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The machine refused.
    #[error("{doing} {path}: {why}")]
    Io {
        /// The attempt.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's message.
        why: io::Error,
    },
    /// Another version wrote it.
    #[error(
        "{path} is a \"{form}\", and this version reads a \"{}\": verify with the version that wrote it, or delete it where \
         the inbox is whole", MAGIC.trim_end()
    )]
    Form {
        /// The file.
        path: PathBuf,
        /// Its first line.
        form: String,
    },
    /// It is not what was written.
    #[error("{path} is torn or changed: {why}")]
    Torn {
        /// The file.
        path: PathBuf,
        /// The evidence.
        why: String,
    },
}
