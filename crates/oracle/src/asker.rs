//! The log of a comparison: questions about single partitions, and readers that are used again, since a new one costs
//! half a second on Kafka.

use std::cell::RefCell;

use winback_core::ids::Offset;
use winback_log::{Log, LogError, Reader, TopicPartition};

/// A log, a reader that only asks, and readers that nobody uses just now.
pub(crate) struct Asker<'a> {
    pub(crate) log: &'a dyn Log,
    reader: RefCell<Box<dyn Reader>>,
    idle: RefCell<Vec<Box<dyn Reader>>>,
}

impl<'a> Asker<'a> {
    pub(crate) fn new(log: &'a dyn Log) -> Result<Self, LogError> {
        Ok(Self { log, reader: RefCell::new(log.reader()?), idle: RefCell::default() })
    }

    /// A reader, to be given back.
    pub(crate) fn take_reader(&self) -> Result<Box<dyn Reader>, LogError> {
        let idle = self.idle.borrow_mut().pop();
        idle.map_or_else(|| self.log.reader(), Ok)
    }

    /// The reader may be used again.
    pub(crate) fn give_back(&self, reader: Box<dyn Reader>) {
        self.idle.borrow_mut().push(reader);
    }

    /// The offset behind the last record.
    pub(crate) fn end(&self, partition: &TopicPartition) -> Result<Offset, LogError> {
        Ok(first(&self.reader.borrow_mut().end_offsets(std::slice::from_ref(partition))?, Offset::ZERO))
    }

    /// As [`Self::end`], records of open transactions counted.
    pub(crate) fn written_end(&self, partition: &TopicPartition) -> Result<Offset, LogError> {
        Ok(first(&self.reader.borrow_mut().high_watermarks(std::slice::from_ref(partition))?, Offset::ZERO))
    }

    /// The earliest record that is there.
    pub(crate) fn beginning(&self, partition: &TopicPartition) -> Result<Offset, LogError> {
        Ok(first(&self.reader.borrow_mut().beginnings(std::slice::from_ref(partition))?, Offset::ZERO))
    }

    /// The group's position in each partition, if it ever committed.
    pub(crate) fn committed(
        &self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Offset>>, LogError> {
        self.reader.borrow_mut().committed(group, partitions)
    }
}

fn first<T: Copy>(answers: &[T], none: T) -> T {
    answers.first().copied().unwrap_or(none)
}
