//! One lane's membership, positions and transactions.

use std::time::Duration;

use winback_core::ids::Offset;
use winback_core::time::Time;

use crate::{Append, ClientFigure, CommitError, LogError, Message, TopicPartition};

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
    fn end_offsets(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError>;

    /// The same, but `None` where the answer is not there within about `wait`: one broker that stands still would have
    /// everybody wait.
    ///
    /// # Errors
    /// What waiting does not mend.
    fn end_offsets_within(
        &mut self,
        partitions: &[TopicPartition],
        wait: Duration,
    ) -> Result<Option<Vec<Offset>>, LogError> {
        let _ = wait;
        self.end_offsets(partitions).map(Some)
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

    /// The newest figures of the client library, for metrics; empty where there is none.
    fn statistics(&mut self) -> Vec<(ClientFigure, f64)> {
        Vec::new()
    }
}
