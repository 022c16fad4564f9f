//! Names and settings of topics and sessions.

use std::fmt;
use std::sync::Arc;

use winback_core::ids::Partition;
use winback_core::time::Span;

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's number.
    pub partition: Partition,
}

impl TopicPartition {
    /// Partition `partition` of `topic`.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition: Partition(partition) }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

/// The identity of a session, and its topics.
#[derive(Clone, Debug)]
pub struct SessionSpec {
    /// The consumer group.
    pub group: String,
    /// The transactional id, `{deployment}.{role}.{instance}.{lane}`; unique among running lanes.
    pub transactional_id: String,
    /// The topics to join for, in the order that [`crate::Message::topic`] counts.
    pub topics: Vec<Arc<str>>,
}

/// The cleanup of old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// Deleted after this long; `None` keeps them for ever.
    Delete(Option<Span>),
    /// Only the newest record of a key stays, tombstones for this long.
    Compact {
        /// The time a tombstone stays.
        tombstones: Span,
    },
}

/// The clock that stamps a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampKind {
    /// The producer's.
    Create,
    /// The log's, at the append.
    Append,
}

/// A topic to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// The number of partitions.
    pub partitions: i32,
    /// The number of replicas; a log of one file ignores it.
    pub replication: i32,
    /// The cleanup of old records.
    pub cleanup: Cleanup,
    /// The clock that stamps a record.
    pub timestamps: TimestampKind,
    /// The largest record, in bytes.
    pub max_record_bytes: usize,
}

/// A topic as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicInfo {
    /// Its settings.
    pub spec: TopicSpec,
    /// The log's own id of this incarnation of the topic; changes when it is deleted and made again.
    pub id: String,
}
