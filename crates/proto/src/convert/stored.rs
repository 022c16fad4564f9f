//! Records as they stand in a log: read with their place, since a key says in which partition its record may be.

use winback_core::debounce::{Input, StateKey, StateRow};
use winback_core::ids::{AccountId, Offset, Partition};
use winback_core::partitioner::partition_of;
use winback_core::time::Time;
use winback_core::unreadable::Unreadable;

use super::{inbox, state};
use crate::error::DecodeError;
use crate::v1;
use crate::wire::WireMessage as _;

/// The reason why an inbox record is not stepped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InboxError {
    /// Not a record of the inbox.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// A tombstone says nothing in the inbox.
    #[error(
        "the record has no value: stop what writes to the inbox beside winback, and run `winback topics doctor`"
    )]
    Empty,
    /// Its key belongs elsewhere.
    #[error(
        "the record of account `{account}` stands in partition {found}, its key hashes to {right}: set the \
         producer's partitioner to murmur2_random; where partitions were added, move with `winback migrate`"
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

impl InboxError {
    /// The reason of the dead letter.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Decode(_) => "undecodable",
            Self::Empty => "empty",
            Self::WrongPartition { .. } => "wrong_partition",
        }
    }
}

/// A record of the inbox as it stands in the log.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// Its partition.
    pub partition: Partition,
    /// Its offset.
    pub offset: Offset,
    /// The time at which it was appended.
    pub appended_at: Time,
    /// Its value.
    pub value: Option<&'a [u8]>,
}

/// The inbox record as the core takes it; `partitions` is how many the inbox has.
///
/// # Errors
/// When it is not a record of the inbox, or stands in a partition that its key does not hash to.
pub fn inbox_record(stored: &Stored<'_>, partitions: i32) -> Result<Input, InboxError> {
    let value = stored.value.ok_or(InboxError::Empty)?;
    let body = inbox::from_wire(v1::InboxRecord::from_bytes(value)?)?;
    if let Some(account) = body.account() {
        let right = partition_of(account.as_str().as_bytes(), partitions);
        if right != stored.partition {
            let account = account.clone();
            return Err(InboxError::WrongPartition { account, found: stored.partition.0, right: right.0 });
        }
    }
    Ok(Input { offset: stored.offset, appended_at: stored.appended_at, body })
}

/// A row of the state with its key; `None` for a tombstone of a key that no version is known to write.
pub type StateRecord = Option<(StateKey, Option<StateRow>)>;

/// A record of the detector's changelog; `partitions` is how many that topic has.
///
/// # Errors
/// When no detector can have written it there.
pub fn state_record(
    key: &[u8],
    value: Option<&[u8]>,
    partition: Partition,
    partitions: i32,
) -> Result<StateRecord, Unreadable> {
    let gone = value.is_none();
    let state_key = match state::key_from_bytes(key) {
        Ok(state_key) => state_key,
        Err(_) if gone => return Ok(None),
        Err(why) => return Err(Unreadable::key(format!("a row of the state: {why}"))),
    };
    if let Some(account) = state_key.account()
        && let Err(why) = Unreadable::check_partition(account.as_str().as_bytes(), partition, partitions)
    {
        return if gone { Ok(None) } else { Err(why) };
    }
    let row = state::record_from_bytes(&state_key, value)
        .map_err(|why| Unreadable::value(format!("a row of the state: {why}")))?;
    Ok(Some((state_key, row)))
}
