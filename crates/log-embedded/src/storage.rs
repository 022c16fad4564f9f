//! The interface of an embedded log to its storage.
//!
//! The threads of a process share a [`Storage`]. A [`View`] belongs to one session or reader, so that reading never
//! waits for writing. One `write` is atomic: its records and positions become visible together or not at all.

use std::sync::Arc;
use std::time::Duration;

use winback_core::ids::{Offset, Partition};
use winback_core::time::Time;
use winback_log::{CommitError, LogError, Record, TopicInfo, TopicSpec};

/// A topic as the storage knows it.
#[derive(Clone, Debug)]
pub(super) struct Topic {
    /// The storage's own number for it.
    pub(super) id: i64,
    /// Its settings and incarnation.
    pub(super) info: TopicInfo,
}

/// A partition as the storage addresses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Slot {
    pub(super) topic: i64,
    pub(super) partition: Partition,
}

/// The current bounds of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// The first offset that was not removed by age.
    pub(super) beginning: Offset,
    /// The offset behind the last record.
    pub(super) end: Offset,
}

/// A record that waits to be written.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) topic: Arc<Topic>,
    pub(super) partition: Partition,
    pub(super) timestamp: Option<Time>,
    pub(super) record: Record,
}

impl Pending {
    pub(super) fn slot(&self) -> Slot {
        Slot { topic: self.topic.id, partition: self.partition }
    }

    /// The timestamp to store at `now`, behind a record that has `newest`.
    pub(super) fn stamp(&self, now: Time, newest: Time) -> Time {
        match self.topic.info.spec.timestamps {
            winback_log::TimestampKind::Create => self.timestamp.unwrap_or(now),
            winback_log::TimestampKind::Append => now.max(newest),
        }
    }
}

/// A group's positions to be written with the records.
#[derive(Debug, Default)]
pub(super) struct Positions<'a> {
    pub(super) group: &'a str,
    pub(super) at: Vec<(Slot, Offset)>,
}

/// The failure of a write.
#[derive(Debug)]
pub(super) enum WriteError {
    /// Nothing of it was written.
    Refused(String),
    /// It may have been written; only a reopened storage tells.
    Unknown(String),
    /// Nothing was written, and waiting will not mend it.
    Fatal(String),
    /// Nothing was written: the storage is damaged.
    Damaged(LogError),
}

impl From<WriteError> for CommitError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Refused(why) => Self::Aborted(why),
            WriteError::Unknown(why) => Self::Unknown(why),
            WriteError::Fatal(why) => Self::Fatal(why),
            WriteError::Damaged(error) => Self::Fatal(error.to_string()),
        }
    }
}

/// The limits of a fetch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) records: usize,
    pub(super) bytes: usize,
}

/// The storage of records, positions and topics.
pub(super) trait Storage: Send + Sync {
    /// The log's name, as a person would write it.
    fn name(&self) -> String;

    /// A view for one session, reader or command.
    fn view(&self) -> Result<Box<dyn View>, LogError>;

    /// All topics, by name.
    fn topics(&self) -> Result<Vec<Topic>, LogError>;

    /// Makes a topic that is not there.
    fn create(&self, spec: &TopicSpec) -> Result<(), LogError>;

    /// Writes `records` and `positions` in one transaction and takes what was written out of `records`. With a
    /// `limit`, a prefix is enough: the transaction ends soon after that long.
    fn write(
        &self,
        records: &mut Vec<Pending>,
        positions: &Positions<'_>,
        now: Time,
        limit: Option<Duration>,
    ) -> Result<(), WriteError>;

    /// Makes this process the one that runs lanes.
    fn claim_lanes(&self) -> Result<(), LogError>;

    /// Opens the place anew after an unknown outcome.
    fn reopen(&self) -> Result<(), LogError>;

    /// One slice of retention and compaction; whether there is more to do.
    fn clean(&self, now: Time) -> Result<bool, LogError>;

    /// Takes what [`Storage::clean`] removed out of what the storage keeps beside its records. False where a reader is in
    /// the way: then it is tried again.
    fn settle(&self) -> Result<bool, LogError> {
        Ok(true)
    }

    /// What an operator should know of the storage at `now`, a sentence each.
    fn warnings(&self, now: Time) -> Result<Vec<String>, LogError> {
        let _ = now;
        Ok(Vec::new())
    }

    /// Removes single records; how many there were.
    fn remove(&self, slot: Slot, offsets: &[Offset]) -> Result<u64, LogError>;

    /// Takes what removed records left behind away; see [`winback_log::Log::scrub`].
    fn scrub(&self, whole: bool) -> Result<bool, LogError>;

    /// The time that a waiting poll may rely on this process's own wake-ups; `None` if no other process can write.
    fn longest_wait(&self) -> Option<Duration>;
}

/// One reader's sight of the storage.
pub(super) trait View {
    /// A number that changes when anything was written since it was last asked.
    fn version(&mut self) -> Result<i64, LogError>;

    /// The bounds of the partition.
    fn bounds(&mut self, slot: Slot) -> Result<Bounds, LogError>;

    /// Visits records from `from` on, in order; true when it came to the end of what is there.
    fn fetch(
        &mut self,
        slot: Slot,
        from: Offset,
        limit: Limit,
        visit: &mut dyn FnMut(Offset, Time, Record),
    ) -> Result<bool, LogError>;

    /// Offsets of the partition were passed that have no record.
    ///
    /// # Errors
    /// When they must have some.
    fn missed(&mut self, slot: Slot) -> Result<(), LogError> {
        let _ = slot;
        Ok(())
    }

    /// The group's position.
    fn committed(&mut self, group: &str, slot: Slot) -> Result<Option<Offset>, LogError>;

    /// The first record whose timestamp is at least `time`.
    fn offset_at(&mut self, slot: Slot, time: Time) -> Result<Option<Offset>, LogError>;
}

/// The weight of a record against a limit in bytes.
pub(super) fn weight(record: &Record) -> usize {
    let bytes = |part: &Option<bytes::Bytes>| part.as_ref().map_or(0, bytes::Bytes::len);
    let headers = record.headers.iter().map(|(name, value)| name.len() + value.len());
    bytes(&record.key) + bytes(&record.value) + headers.sum::<usize>()
}
