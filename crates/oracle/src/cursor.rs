//! One partition as a stream, up to an offset that is known.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use winback_core::ids::Offset;
use winback_log::{Message, Reader, TopicPartition};

use crate::asker::Asker;
use crate::error::OracleError;

const BATCH: usize = 1_024;
const WAIT: Duration = Duration::from_millis(200);

/// Reads a partition.
pub(crate) struct Cursor<'a> {
    ask: &'a Asker<'a>,
    /// Taken when it is given back.
    reader: Option<Box<dyn Reader>>,
    partition: TopicPartition,
    until: Offset,
    patience: Duration,
    buffer: VecDeque<Message>,
    fetched: Vec<Message>,
    done: bool,
}

impl<'a> Cursor<'a> {
    /// From `from`, or the earliest record behind it, to `until`.
    pub(crate) fn open(
        ask: &'a Asker<'a>,
        partition: &TopicPartition,
        from: Offset,
        until: Offset,
        patience: Duration,
    ) -> Result<Self, OracleError> {
        let from = from.max(ask.beginning(partition)?);
        let done = from >= until;
        let mut reader = None;
        if !done {
            let mut taken = ask.take_reader()?;
            taken.assign(&[(partition.clone(), from)])?;
            reader = Some(taken);
        }
        let (buffer, fetched) = (VecDeque::new(), Vec::new());
        Ok(Self { ask, reader, partition: partition.clone(), until, patience, buffer, fetched, done })
    }

    /// The next record, or `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, OracleError> {
        let mut since = Instant::now();
        loop {
            if let Some(message) = self.buffer.pop_front() {
                if message.offset < self.until {
                    return Ok(Some(message));
                }
                self.buffer.clear();
                self.done = true;
            }
            let Some(reader) = self.reader.as_mut().filter(|_| !self.done) else {
                self.rest();
                return Ok(None);
            };
            let before = reader.position(&self.partition);
            reader.poll(BATCH, WAIT, &mut self.fetched)?;
            self.buffer.extend(self.fetched.drain(..));
            // Control records at the end of a Kafka partition are passed by the position only.
            let position = reader.position(&self.partition);
            self.done = position.is_some_and(|next| next >= self.until);
            if position != before {
                since = Instant::now();
            } else if !self.done && self.buffer.is_empty() && since.elapsed() > self.patience {
                return Err(self.stalled(position));
            }
        }
    }

    /// The reader is not needed any more.
    fn rest(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.ask.give_back(reader);
        }
    }

    /// The end.
    pub(crate) const fn end(&self) -> Offset {
        self.until
    }

    fn stalled(&self, position: Option<Offset>) -> OracleError {
        OracleError::Stalled {
            partition: self.partition.clone(),
            position: position.unwrap_or(Offset::ZERO),
            end: self.until,
            seconds: self.patience.as_secs(),
        }
    }
}

impl Drop for Cursor<'_> {
    fn drop(&mut self) {
        self.rest();
    }
}
