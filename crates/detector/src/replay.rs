//! The oracle's half: the pure core, single-threaded, over an inbox partition read back by offset.

use winback_core::debounce::{Effect, Input, Partition};
use winback_core::ids::AccountId;
use winback_log::Message;
use winback_log::partitioner::partition_of;
use winback_proto::{DecodeError, WireMessage, inbox, v1};

/// The reason why an inbox record is not stepped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not a record of the inbox.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// A tombstone says nothing in the inbox.
    #[error("the record has no value: only winback may write to the inbox")]
    Empty,
    /// Its key belongs elsewhere.
    #[error(
        "the record of account `{account}` stands in partition {found}, its key hashes to {right}: a producer uses \
         another partitioner than murmur2_random, or partitions were added"
    )]
    WrongPartition {
        /// The account.
        account: AccountId,
        /// The partition of the record.
        found: i32,
        /// The partition of its key.
        right: i32,
    },
}

impl Unreadable {
    /// The reason of the dead letter.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Decode(_) => "undecodable",
            Self::Empty => "empty",
            Self::WrongPartition { .. } => "wrong_partition",
        }
    }
}

/// The inbox record as the core takes it; `partitions` is how many the inbox has.
///
/// # Errors
/// When it is not a record of the inbox, or stands in a partition that its key does not hash to.
pub fn read(message: &Message, partitions: i32) -> Result<Input, Unreadable> {
    let value = message.value().ok_or(Unreadable::Empty)?;
    let body = inbox::from_wire(v1::InboxRecord::from_bytes(value)?)?;
    if let Some(account) = body.account() {
        let right = partition_of(account.as_str().as_bytes(), partitions);
        if right != message.partition {
            let account = account.clone();
            return Err(Unreadable::WrongPartition { account, found: message.partition.0, right: right.0 });
        }
    }
    Ok(Input { offset: message.offset, appended_at: message.timestamp, body })
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
