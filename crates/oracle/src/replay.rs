//! The pure core, single-threaded, over an inbox partition read back by offset.

use winback_core::debounce::{Effect, Input, Partition};
use winback_log::Message;
use winback_proto::stored::{InboxError, Stored, inbox_record};

/// The inbox record as the core takes it; `partitions` is how many the inbox has.
///
/// # Errors
/// When it is not a record of the inbox, or stands in a partition that its key does not hash to.
pub fn read(message: &Message, partitions: i32) -> Result<Input, InboxError> {
    let &Message { partition, offset, timestamp: appended_at, .. } = message;
    inbox_record(&Stored { partition, offset, appended_at, value: message.value() }, partitions)
}

/// One inbox partition replayed from its first record.
#[derive(Default)]
pub struct Replay {
    /// The state so far.
    pub partition: Partition,
    /// Records that were not stepped.
    pub unreadable: u64,
}

impl Replay {
    /// Takes the next record in; what it said, unless it is not stepped.
    pub fn step(&mut self, message: &Message, partitions: i32, out: &mut Vec<Effect>) -> Option<Input> {
        let input = read(message, partitions).ok();
        match &input {
            Some(input) => self.partition.step(input, out),
            None => self.unreadable += 1,
        }
        self.partition.commit();
        input
    }
}
