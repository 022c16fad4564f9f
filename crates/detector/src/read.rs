//! Records of the inbox as a lane polls them.

use winback_core::debounce::Input;
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
