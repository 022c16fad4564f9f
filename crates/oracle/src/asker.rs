//! Questions about single partitions, over one connection.

use std::cell::RefCell;

use winback_core::ids::Offset;
use winback_log::{Log, LogError, Reader, TopicPartition};

/// A log, and a reader that only asks.
pub(crate) struct Asker<'a> {
    pub(crate) log: &'a dyn Log,
    reader: RefCell<Box<dyn Reader>>,
}

impl<'a> Asker<'a> {
    pub(crate) fn new(log: &'a dyn Log) -> Result<Self, LogError> {
        Ok(Self { log, reader: RefCell::new(log.reader()?) })
    }

    /// The offset behind the last record.
    pub(crate) fn end(&self, partition: &TopicPartition) -> Result<Offset, LogError> {
        Ok(first(&self.reader.borrow_mut().ends(std::slice::from_ref(partition))?, Offset::ZERO))
    }

    /// As [`Self::end`], records of open transactions counted.
    pub(crate) fn written_end(&self, partition: &TopicPartition) -> Result<Offset, LogError> {
        Ok(first(&self.reader.borrow_mut().written_ends(std::slice::from_ref(partition))?, Offset::ZERO))
    }

    /// The earliest record that is there.
    pub(crate) fn beginning(&self, partition: &TopicPartition) -> Result<Offset, LogError> {
        Ok(first(&self.reader.borrow_mut().beginnings(std::slice::from_ref(partition))?, Offset::ZERO))
    }

    /// Where the group is, if it ever committed.
    pub(crate) fn committed(
        &self,
        group: &str,
        partition: &TopicPartition,
    ) -> Result<Option<Offset>, LogError> {
        Ok(first(&self.reader.borrow_mut().committed(group, std::slice::from_ref(partition))?, None))
    }
}

fn first<T: Copy>(answers: &[T], none: T) -> T {
    answers.first().copied().unwrap_or(none)
}
