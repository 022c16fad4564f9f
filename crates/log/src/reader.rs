//! Reading and writing without a group and without a transaction.

use std::time::Duration;

use winback_core::ids::Offset;

use crate::{Append, LogError, Message, TopicPartition};

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

    /// As [`crate::Session::poll`], without group events. `Message::epoch` is 0.
    ///
    /// # Errors
    /// When the log is away for good or an offset is no longer there.
    fn poll(&mut self, max: usize, wait: Duration, into: &mut Vec<Message>) -> Result<(), LogError>;

    /// As [`crate::Session::position`].
    fn position(&self, partition: &TopicPartition) -> Option<Offset>;

    /// As [`crate::Session::end_offsets`].
    ///
    /// # Errors
    /// When the log is away.
    fn end_offsets(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError>;

    /// As [`crate::Session::beginnings`].
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
    fn high_watermarks(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.end_offsets(partitions)
    }

    /// [`Reader::beginnings`], then [`Reader::high_watermarks`]; `None` where the answers are not there within about `wait`.
    ///
    /// # Errors
    /// What waiting does not mend.
    fn bounds_within(
        &mut self,
        partitions: &[TopicPartition],
        wait: Duration,
    ) -> Result<Option<Bounds>, LogError> {
        let _ = wait;
        Ok(Some((self.beginnings(partitions)?, self.high_watermarks(partitions)?)))
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
