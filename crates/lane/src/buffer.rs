//! The records of one partition that were delivered and not stepped yet.

use std::collections::VecDeque;

use winback_log::Message;

/// The bytes of a record.
pub(crate) fn weight(message: &Message) -> usize {
    message.value().map_or(0, <[u8]>::len) + message.key().map_or(0, <[u8]>::len)
}

/// A queue that knows its bytes.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    queue: VecDeque<Message>,
    bytes: usize,
    /// Above the high mark and not yet below the low one.
    full: bool,
}

impl Buffer {
    pub(crate) fn push(&mut self, message: Message) {
        self.bytes += weight(&message);
        self.queue.push_back(message);
    }

    pub(crate) fn push_first(&mut self, message: Message) {
        self.bytes += weight(&message);
        self.queue.push_front(message);
    }

    pub(crate) fn pop(&mut self) -> Option<Message> {
        let message = self.queue.pop_front()?;
        self.bytes = self.bytes.saturating_sub(weight(&message));
        Some(message)
    }

    pub(crate) fn first(&self) -> Option<&Message> {
        self.queue.front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// True from the high mark on until it is below half of it.
    pub(crate) fn is_full(&mut self, records: usize, bytes: usize) -> bool {
        let part = if self.full { 2 } else { 1 };
        self.full = self.queue.len() >= records / part || self.bytes >= bytes / part;
        self.full
    }

    pub(crate) fn clear(&mut self) {
        self.queue.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use winback_core::ids::{Offset, Partition};
    use winback_core::time::Time;
    use winback_log::Record;

    use super::*;

    /// A record of so many bytes.
    pub(crate) fn message(offset: i64, bytes: usize) -> Message {
        let record = Record { value: Some(vec![7; bytes].into()), ..Record::default() };
        Message::owned(0, Partition(0), Offset(offset), Time::from_millis(offset), 1, record)
    }

    #[test]
    fn a_full_buffer_stays_full_until_half_of_it_is_taken() {
        let mut buffer = Buffer::default();
        (0..4).for_each(|offset| buffer.push(message(offset, 1)));
        assert!(buffer.is_full(4, 1_000));
        buffer.pop();
        assert!(buffer.is_full(4, 1_000), "three of four are more than half");
        buffer.pop();
        buffer.pop();
        assert!(!buffer.is_full(4, 1_000));
        buffer.push(message(9, 1_000));
        assert!(buffer.is_full(4, 1_000), "bytes count, too");
    }

    #[test]
    fn a_record_that_is_put_back_comes_first_and_is_weighed_again() {
        let mut buffer = Buffer::default();
        buffer.push(message(1, 10));
        buffer.push(message(2, 10));
        let first = buffer.pop().unwrap();
        buffer.push_first(first);
        assert_eq!((buffer.first().map(|first| first.offset), buffer.bytes), (Some(Offset(1)), 20));
        buffer.clear();
        assert!(buffer.is_empty() && buffer.bytes == 0);
    }
}
