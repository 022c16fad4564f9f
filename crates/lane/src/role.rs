//! The interface of a role to its lane: a pure step under `&mut`, a journal of the batch's changes, and answers.

use std::time::Duration;

use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::{Message, TopicPartition};

use crate::output::Output;

/// An assigned partition, as a role may index it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// A small number, unique among the lane's partitions and unchanged from `assigned` to `released`: index a `Vec`
    /// with it instead of hashing names on the hot path.
    pub slot: usize,
    /// The topic, counted in the order of the session's topics.
    pub topic: u16,
    /// The partition.
    pub partition: TopicPartition,
}

/// The place and time of a record's step.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    /// The partition that it came from.
    pub input: &'a Input,
    /// The lane's clock, the same for the whole batch.
    pub now: Time,
}

/// The start of a partition without a committed position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the earliest record that is there.
    Earliest,
    /// Behind the last.
    Latest,
    /// At the first record of that time or later.
    At(Time),
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is stepped; its effects are in the output or in the role's journal.
    Done,
    /// Not now: it stays first in its partition, which is paused meanwhile. What the step appended is dropped; the
    /// role must have changed nothing.
    Retry {
        /// The time until the next attempt.
        after: Duration,
    },
}

/// The readiness of a role for records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It does.
    Ready,
    /// It waits, and for what; all partitions are paused, the lane keeps polling.
    Waiting(String),
}

/// The urgency of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Only positions moved: within a second or with the next commit.
    Lazy,
    /// There are effects: within 100 ms.
    Soon,
    /// Somebody waits: as soon as the input is idle or the last commit is 20 ms ago.
    Now,
}

/// The position that a restored state speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredPosition {
    /// The role stores no positions; the group's is taken as it is.
    Unsupported,
    /// The role stores them, and there is none for this partition.
    None,
    /// The record that is read next.
    At(Offset),
}

/// A record of the changelog, on its way into a role's memory. It can be read by several threads.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The offset; for a row of a snapshot, the snapshot's own offset.
    pub offset: Offset,
    /// Its key; empty when it has none.
    pub key: &'a [u8],
    /// Its value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
}

impl<'a> From<&'a Message> for Row<'a> {
    fn from(message: &'a Message) -> Self {
        Self { offset: message.offset, key: message.key().unwrap_or_default(), value: message.value() }
    }
}

/// A record of the changelog that a role cannot understand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct RestoreError {
    /// The offset.
    pub offset: Offset,
    /// The fault.
    pub why: String,
}

/// An end of an input that the lane saw and has since passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObservedEnd {
    /// The offset behind the last record at that time.
    pub end: Offset,
    /// The lane's clock before it asked.
    pub at: Time,
}

/// The lane's position in one input when a transaction is sealed.
#[derive(Clone, Copy, Debug)]
pub struct InputView<'a> {
    /// The input.
    pub input: &'a Input,
    /// The position that this transaction commits, to the number.
    pub position: Offset,
    /// The first element of the record there that is not stepped, when the transaction is cut inside of it.
    pub element: u32,
    /// The position that the last one committed, when there was one.
    pub committed: Option<Offset>,
    /// The newest timestamp of what was stepped, none of them ahead of the clock at the time.
    pub newest: Option<Time>,
    /// The latest end seen that `position` has passed.
    pub observed_end: Option<ObservedEnd>,
}

/// The lane's inputs when a transaction is sealed.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The lane's clock.
    pub now: Time,
    /// The running partitions, by topic and number.
    pub inputs: &'a [InputView<'a>],
}

/// The program that a lane runs.
///
/// A role's memory is the committed state plus a journal of the batch's changes. `committed` turns the journal into
/// memory, `rolled_back` drops it. All calls come on the lane's thread.
pub trait Role {
    /// The role's name in dead letters and logs.
    fn name(&self) -> &'static str;

    /// The start of a partition without a committed position; called when its state is restored.
    fn start(&mut self, partition: &TopicPartition) -> Start;

    /// The partition that restores an input partition's state; of one topic for all inputs.
    fn changelog(&self, input: &TopicPartition) -> Option<TopicPartition> {
        let _ = input;
        None
    }

    /// A partition came, or is about to be restored anew. Nothing of it is known yet.
    fn assigned(&mut self, input: &Input);

    /// Some more records of the changelog, in order; what takes a few milliseconds. A changelog partition is read once for
    /// all inputs that it restores: the role is called for each and picks by key.
    ///
    /// # Errors
    /// When one cannot be understood; the lane ends.
    fn restore(&mut self, input: &Input, rows: &[Row<'_>]) -> Result<(), RestoreError> {
        let _ = (input, rows);
        Ok(())
    }

    /// The first record of the changelog that could not be read and that no later one of its key replaced; asked when the
    /// changelog was read to its end. The lane ends with it, since state that cannot be read is never skipped.
    fn unreadable(&self, input: &Input) -> Option<RestoreError> {
        let _ = input;
        None
    }

    /// The changelog was read to its end: the position that the state speaks of. It must be written by every
    /// [`Role::seal`] that finds a position moved.
    fn restored(&mut self, input: &Input) -> StoredPosition {
        let _ = input;
        StoredPosition::Unsupported
    }

    /// The element of the record at `position` that is stepped first, when the last transaction was cut inside of it. Asked
    /// behind [`Role::restored`]; a role that takes elements ([`Output::take`]) stores [`InputView::element`] with the
    /// position.
    fn begins_at(&self, input: &Input, position: Offset) -> u32 {
        let _ = (input, position);
        0
    }

    /// The history that a partition without state lacks if a part of its input is gone; `None` if a later start loses
    /// nothing.
    fn history_needed(&self) -> Option<&'static str> {
        None
    }

    /// The readiness for records.
    fn ready(&self) -> Readiness {
        Readiness::Ready
    }

    /// The missing prerequisite that a person must provide, if there is one.
    fn missing(&self) -> Option<String> {
        None
    }

    /// Records are about to be stepped. Several batches may go into one transaction.
    fn begin_batch(&mut self, now: Time) {
        let _ = now;
    }

    /// One record. One that is a list asks before each element whether it is taken ([`Output::take`]), and comes again from
    /// the element on at which it was cut ([`Output::begins_at`]).
    fn step(&mut self, at: At<'_>, message: &Message, out: &mut Output) -> Step;

    /// The records at hand are stepped.
    fn end_batch(&mut self) {}

    /// The transaction is about to be committed: its last records.
    fn seal(&mut self, view: &View<'_>, out: &mut Output) {
        let _ = (view, out);
    }

    /// The time at which the log said that it is committed; [`Self::committed`] follows. For measures of delay only.
    fn committed_at(&mut self, now: Time) {
        let _ = now;
    }

    /// It is in the log: the journal becomes memory.
    fn committed(&mut self);

    /// It is not in the log: the journal is dropped. The records come again.
    fn rolled_back(&mut self);

    /// A partition is gone, with everything known of it.
    fn released(&mut self, input: &Input);

    /// The urgency of a commit of the current batch.
    fn urgency(&self) -> Urgency {
        Urgency::Soon
    }

    /// Whether what a record writes may be about others than itself: then a record that no transaction takes need not be at
    /// fault.
    fn writes_for_others(&self) -> bool {
        false
    }

    /// True if the lane's partitions are merged by timestamp.
    fn merges_by_time(&self) -> bool {
        false
    }

    /// The interval of commits without input.
    fn heartbeat(&self) -> Option<Duration> {
        None
    }
}
