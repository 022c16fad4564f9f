//! One log interface, three logs: Kafka, a SQLite file, memory.
//!
//! The lane runtime knows a log, not Kafka. This is the only crate that names rdkafka or the log's SQL, and one
//! conformance suite (`tests/conformance`) runs against all three.
//!
//! A [`Session`] belongs to one lane, on one thread. Its group membership and its transactions fence each other:
//! a transaction without positions is refused, because a transaction that consumed nothing would not be fenced.

mod clock;
mod embedded;
mod error;
mod fail_point;
mod foreign;
mod kafka;
mod message;
mod open;
pub mod partitioner;
mod spec;

pub use clock::{Clock, GuardedClock, SystemClock, clock_for};
pub use embedded::{EmbeddedLog, Fault};
pub use error::{CommitError, LogError};
pub use fail_point::{FailPoint, fail_point};
#[cfg(feature = "fail-points")]
pub use fail_point::{call_off_failures, order_failure};
pub use foreign::{Defect, ForeignRecord, ForeignRecords, Unreadable};
pub use kafka::{GroupProtocol, KafkaLog, KafkaOptions};
pub use message::{Append, Headers, Message, Record};
pub use open::{OpenOptions, open};
pub use spec::{Cleanup, SessionSpec, TimestampKind, TopicInfo, TopicPartition, TopicSpec};

use std::sync::Arc;
use std::time::Duration;

use winback_core::ids::Offset;
use winback_core::time::Time;

/// A log, shared by the threads of a process.
pub trait Log: Send + Sync {
    /// The log as a person would name it: `sqlite:try.db`, `kafka://127.0.0.1:9092`; never with a secret.
    fn name(&self) -> String;

    /// Joins a consumer group under a transactional id. Another session with the same transactional id is fenced.
    ///
    /// # Errors
    /// When the log is away, a topic is missing or the id is refused.
    fn session(&self, spec: SessionSpec) -> Result<Box<dyn Session>, LogError>;

    /// A reader without a group: restores, the account index, the command line.
    ///
    /// # Errors
    /// When the log is away.
    fn reader(&self) -> Result<Box<dyn Reader>, LogError>;

    /// A reader for restores: it hears sooner that it is at the end, for more requests while it waits there.
    ///
    /// # Errors
    /// When the log is away.
    fn restore_reader(&self) -> Result<Box<dyn Reader>, LogError> {
        self.reader()
    }

    /// A writer without a transaction that may set timestamps: `ingest`, `generate`.
    ///
    /// # Errors
    /// When the log is away.
    fn writer(&self) -> Result<Box<dyn Writer>, LogError>;

    /// The log's facts about these topics, in their order; `None` for a topic that does not exist.
    ///
    /// # Errors
    /// If the log is unavailable.
    fn describe(&self, topics: &[&str]) -> Result<Vec<Option<TopicInfo>>, LogError>;

    /// All topics, by name.
    ///
    /// # Errors
    /// When the log is away.
    fn topics(&self) -> Result<Vec<TopicInfo>, LogError>;

    /// Makes a topic; one that is there is left as it is and is no error.
    ///
    /// # Errors
    /// When the log is away or refuses.
    fn create(&self, topic: &TopicSpec) -> Result<(), LogError>;

    /// Removes single records, where the log can: how many there were. `None` where it cannot, as Kafka, and they go with
    /// compaction and retention only.
    ///
    /// # Errors
    /// When the log is away.
    fn remove(&self, partition: &TopicPartition, offsets: &[Offset]) -> Result<Option<u64>, LogError> {
        let _ = (partition, offsets);
        Ok(None)
    }

    /// Takes what removed records left in the log's files away; false where that must wait until nobody else has them
    /// open. `whole` writes the files anew, which takes long and wants them alone; without it the next start of lanes does.
    ///
    /// # Errors
    /// When the files cannot be written.
    fn scrub(&self, whole: bool) -> Result<bool, LogError> {
        let _ = whole;
        Ok(true)
    }

    /// True if another process could join this one's groups: only on Kafka.
    fn is_shared(&self) -> bool;

    /// The warnings about the log's own settings, a sentence each.
    ///
    /// # Errors
    /// If the log is unavailable.
    fn warnings(&self) -> Result<Vec<String>, LogError> {
        Ok(Vec::new())
    }
}

/// A change of a session's group membership. Until it is answered, no other one comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupEvent {
    /// These partitions are ours; answer with [`Session::assign`].
    Assigned(Vec<TopicPartition>),
    /// These are asked for: commit or abort first, then answer with [`Session::release`].
    Revoked(Vec<TopicPartition>),
    /// These are already somebody else's: drop their work, touch nothing, then answer with [`Session::release`].
    Lost(Vec<TopicPartition>),
}

/// One lane's membership, positions and transactions.
///
/// Call order: `poll` … `begin`, `append`…, `commit` or `abort`. After [`CommitError::Unknown`] nothing but
/// [`Session::recover`] may follow.
pub trait Session {
    /// Waits at most `wait` for records and pushes at most `max` of them, each partition's in order.
    /// Records come only from partitions that are assigned and not paused, and carry the epoch of their assignment.
    /// A group event is returned alone and at once.
    ///
    /// # Errors
    /// Only what the lane cannot go on with; a log that is away for a while is no error, but nothing arrives.
    fn poll(
        &mut self,
        max: usize,
        wait: Duration,
        into: &mut Vec<Message>,
    ) -> Result<Option<GroupEvent>, LogError>;

    /// Takes partitions, each from the offset that is read next. Records that come under the session's n-th
    /// assignment have epoch n.
    ///
    /// # Errors
    /// When the membership is gone.
    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<(), LogError>;

    /// Takes partitions of which nobody knows yet where they are read from, so that a rebalance need not wait for it: paused,
    /// and nothing is delivered before [`Session::seek`] and [`Session::resume`].
    ///
    /// # Errors
    /// As [`Session::assign`].
    fn assign_paused(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        let anywhere: Vec<_> = partitions.iter().map(|at| (at.clone(), Offset::ZERO)).collect();
        self.assign(&anywhere)?;
        self.pause(partitions)
    }

    /// Gives partitions back. Their buffered records are dropped.
    ///
    /// # Errors
    /// When the membership is gone.
    fn release(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError>;

    /// Stops delivery from assigned partitions.
    ///
    /// # Errors
    /// When one is not assigned.
    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError>;

    /// Resumes delivery where it stopped.
    ///
    /// # Errors
    /// When one is not assigned.
    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError>;

    /// Reads an assigned partition again from `offset`; records that were buffered from elsewhere are dropped.
    ///
    /// # Errors
    /// When it is not assigned.
    fn seek(&mut self, partition: &TopicPartition, offset: Offset) -> Result<(), LogError>;

    /// The group's committed positions, `None` where it has none. Waits for open transactions to end
    /// (stable offsets).
    ///
    /// # Errors
    /// When the log is away.
    fn committed(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<Offset>>, LogError>;

    /// The same, but `None` where the answer is not there within about `wait`: for who has other work meanwhile.
    ///
    /// # Errors
    /// What waiting does not mend.
    fn committed_within(
        &mut self,
        partitions: &[TopicPartition],
        wait: Duration,
    ) -> Result<Option<Vec<Option<Offset>>>, LogError> {
        let _ = wait;
        self.committed(partitions).map(Some)
    }

    /// The offset behind the last record that was appended, as asked of the log. Records of transactions that are open
    /// or are just being completed lie before it: a position that has passed it has seen all that was appended before.
    ///
    /// # Errors
    /// When the log is away.
    fn ends(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError>;

    /// The same, but `None` where the answer is not there within about `wait`: one broker that stands still would have
    /// everybody wait.
    ///
    /// # Errors
    /// What waiting does not mend.
    fn ends_within(
        &mut self,
        partitions: &[TopicPartition],
        wait: Duration,
    ) -> Result<Option<Vec<Offset>>, LogError> {
        let _ = wait;
        self.ends(partitions).map(Some)
    }

    /// The offset of the earliest record that is still there.
    ///
    /// # Errors
    /// When the log is away.
    fn beginnings(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError>;

    /// The first offset at or behind which records have a timestamp of at least `time`; the end when none.
    ///
    /// # Errors
    /// When the log is away.
    fn offset_at(&mut self, partition: &TopicPartition, time: Time) -> Result<Offset, LogError>;

    /// The offset that is delivered next from an assigned partition; passes control records at the end, so that it
    /// reaches the partition's end when all was delivered.
    fn position(&self, partition: &TopicPartition) -> Option<Offset>;

    /// The assigned partitions' ends as last heard from the log without asking it; a lower bound.
    fn known_end(&self, partition: &TopicPartition) -> Option<Offset>;

    /// Opens a transaction.
    ///
    /// # Errors
    /// When one is open or the id is fenced.
    fn begin(&mut self) -> Result<(), CommitError>;

    /// Adds a record to the open transaction. Bytes are copied.
    ///
    /// # Errors
    /// When no transaction is open or the record cannot be taken.
    fn append(&mut self, record: &Append<'_>) -> Result<(), CommitError>;

    /// Commits the appends together with the concrete positions (the offset read next) of every partition that the
    /// transaction wrote for. On success all is visible; the error says what is known otherwise.
    ///
    /// # Errors
    /// See [`CommitError`]; [`CommitError::NoPositions`] when `positions` is empty.
    fn commit(&mut self, positions: &[(TopicPartition, Offset)]) -> Result<(), CommitError>;

    /// Aborts the open transaction. Positions in the log stay; the lane seeks back.
    ///
    /// # Errors
    /// See [`CommitError`]; an abort can end unknown, too.
    fn abort(&mut self) -> Result<(), CommitError>;

    /// After [`CommitError::Unknown`]: destroys the producer and takes the same transactional id anew, which fences
    /// whatever was in flight. The lane then reloads positions and state.
    ///
    /// # Errors
    /// When the log is away or the id was taken by another.
    fn recover(&mut self) -> Result<(), CommitError>;

    /// Leaves the group. An open transaction is aborted.
    ///
    /// # Errors
    /// When the log is away; the membership then ends by its time-out.
    fn close(self: Box<Self>) -> Result<(), LogError>;

    /// Statistics of the client library as (name, value), for metrics; empty where there is none.
    fn statistics(&mut self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }
}

/// The earliest offsets of partitions, and those behind their last records.
pub type Bounds = (Vec<Offset>, Vec<Offset>);

/// Reads committed records of chosen partitions, without a group.
pub trait Reader {
    /// Replaces what is read: each partition from the offset that is read next. [`Offset::ZERO`] reads from the
    /// earliest record that is there; an offset beyond the end waits for it. A log with several replicas waits for some
    /// seconds only, since a replica may be behind; then what was read is gone, and a poll says so.
    ///
    /// # Errors
    /// When the log is away.
    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<(), LogError>;

    /// As [`Session::poll`], without group events. `Message::epoch` is 0.
    ///
    /// # Errors
    /// When the log is away for good or an offset is no longer there.
    fn poll(&mut self, max: usize, wait: Duration, into: &mut Vec<Message>) -> Result<(), LogError>;

    /// As [`Session::position`].
    fn position(&self, partition: &TopicPartition) -> Option<Offset>;

    /// As [`Session::ends`].
    ///
    /// # Errors
    /// When the log is away.
    fn ends(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError>;

    /// As [`Session::beginnings`].
    ///
    /// # Errors
    /// When the log is away.
    fn beginnings(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError>;

    /// A group's committed positions, `None` where it has none.
    ///
    /// # Errors
    /// When the log is away.
    fn committed(
        &mut self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Offset>>, LogError>;

    /// The offset behind the last record that was written, also where its transaction is still open or being ended
    /// (Kafka's high watermark, not its last stable offset): a restore that reads up to it has seen whatever was
    /// committed before it asked. A log whose transactions are visible at once has no difference.
    ///
    /// # Errors
    /// When the log is away.
    fn written_ends(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.ends(partitions)
    }

    /// [`Reader::beginnings`], then [`Reader::written_ends`]; `None` where the answers are not there within about `wait`.
    ///
    /// # Errors
    /// What waiting does not mend.
    fn bounds_within(
        &mut self,
        partitions: &[TopicPartition],
        wait: Duration,
    ) -> Result<Option<Bounds>, LogError> {
        let _ = wait;
        Ok(Some((self.beginnings(partitions)?, self.written_ends(partitions)?)))
    }
}

/// Appends without a transaction: what a producer outside winback would do.
pub trait Writer {
    /// Takes a record; it may be buffered. Bytes are copied.
    ///
    /// # Errors
    /// When the topic is missing or the record cannot be taken.
    fn append(&mut self, record: &Append<'_>) -> Result<(), LogError>;

    /// Waits until everything taken is durable.
    ///
    /// # Errors
    /// When something could not be written; how many records is in the text.
    fn flush(&mut self) -> Result<(), LogError>;
}

/// The log that a URL names, shared.
pub type SharedLog = Arc<dyn Log>;
