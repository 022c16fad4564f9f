//! Fills the account index from the compacted topic, then keeps it live.
//!
//! Invariant: [`FeedStatus::waits_for`] answers `None` only when everything that the topic held at the start is in the
//! index, so no signal is judged against a list that is not complete. A row that
//! cannot be read at the start is missing from it, so that the feed never becomes complete; one that comes later leaves
//! the account as it was known.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use winback_core::account::Account;
use winback_core::ids::{Offset, Partition};
use winback_core::index::{IndexChange, SharedIndex};
use winback_log::{Defect, ForeignRecords, LogError, Message, Reader, SharedLog, TopicPartition, Unreadable};
use winback_proto::{WireMessage, account, v1};

const BATCH: usize = 4_096;

/// The public state of the feed.
#[derive(Debug, Default)]
pub struct FeedStatus(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    ready: bool,
    done: i64,
    total: Option<i64>,
    refused: u64,
    foreign: ForeignRecords,
    /// The record without which the index cannot become complete.
    incomplete: Option<String>,
}

impl FeedStatus {
    /// The prerequisite of a role; `None` if the index is complete.
    pub fn waits_for(&self) -> Option<String> {
        let seen = self.0.lock();
        match seen.total {
            _ if seen.ready => None,
            Some(total) => {
                Some(format!("bootstrapping the account index, {} of {total}", seen.done.min(total)))
            }
            None => {
                Some("waiting for the registrar to take in the accounts that are already there".to_owned())
            }
        }
    }

    /// Records of the accounts topic that could not be understood.
    pub fn refused(&self) -> u64 {
        self.0.lock().refused
    }

    /// Records of the topic that cannot be read and that no later one replaced.
    pub fn foreign(&self) -> ForeignRecords {
        self.0.lock().foreign.clone()
    }

    /// The record without which the index cannot become complete, when there is one: an account of the list is missing.
    pub fn incomplete(&self) -> Option<String> {
        self.0.lock().incomplete.clone()
    }
}

/// Reads `winback.accounts` into the index.
pub struct AccountFeed {
    reader: Box<dyn Reader>,
    partitions: Vec<TopicPartition>,
    index: Arc<SharedIndex>,
    status: Arc<FeedStatus>,
    goal: Vec<Offset>,
    messages: Vec<Message>,
}

impl AccountFeed {
    /// A feed of that topic into that index, telling `status` how far it is.
    ///
    /// # Errors
    /// When the log is away or the topic is missing.
    pub fn new(
        log: &SharedLog,
        topic: &str,
        index: Arc<SharedIndex>,
        status: Arc<FeedStatus>,
    ) -> Result<Self, LogError> {
        let info = log.describe(&[topic])?.into_iter().next().flatten();
        let info = info.ok_or_else(|| LogError::NoTopic(topic.to_owned()))?;
        let partitions: Vec<_> = (0..info.spec.partitions).map(|at| TopicPartition::new(topic, at)).collect();
        let mut reader = log.reader()?;
        let starts: Vec<_> = partitions.iter().map(|partition| (partition.clone(), Offset::ZERO)).collect();
        reader.assign(&starts)?;
        Ok(Self { reader, partitions, index, status, goal: Vec::new(), messages: Vec::new() })
    }

    /// The accounts that were there at the start are registered: what the topic holds now must be read before any
    /// signal is judged.
    ///
    /// # Errors
    /// When the log is away.
    pub fn begin(&mut self) -> Result<(), LogError> {
        self.goal = self.reader.end_offsets(&self.partitions)?;
        self.status.0.lock().total = Some(self.goal.iter().map(|end| end.0).sum());
        self.settle();
        Ok(())
    }

    /// Reads what is there, waiting at most `wait`.
    ///
    /// # Errors
    /// When the log is away for good.
    pub fn turn(&mut self, wait: Duration) -> Result<(), LogError> {
        self.reader.poll(BATCH, wait, &mut self.messages)?;
        let messages = std::mem::take(&mut self.messages);
        self.apply(rows(messages, i32::try_from(self.partitions.len()).unwrap_or(i32::MAX)));
        self.settle();
        Ok(())
    }

    fn apply(&self, decoded: Vec<Decoded>) {
        let mut rows = Vec::with_capacity(decoded.len());
        let mut seen = self.status.0.lock();
        for Decoded { partition, offset, key, read } in decoded {
            let number = usize::try_from(partition.0).unwrap_or_default();
            let Some(place) = self.partitions.get(number) else { continue };
            let refused = seen.foreign.see(place, offset, &key, &read);
            seen.refused += u64::from(refused);
            match read {
                Ok(Some(row)) => rows.push(row),
                Ok(None) => {}
                Err(why) => {
                    tracing::warn!(%place, offset = offset.0, %why, "a record of the list of accounts cannot be read");
                }
            }
        }
        drop(seen);
        self.index.apply(rows.iter().map(|(id, account)| match account {
            Some(account) => IndexChange::Put(account),
            None => IndexChange::Gone(id),
        }));
    }

    fn settle(&self) {
        if self.goal.is_empty() {
            return;
        }
        let position = |partition| self.reader.position(partition).unwrap_or(Offset::ZERO);
        let reached =
            self.partitions.iter().zip(&self.goal).all(|(partition, end)| position(partition) >= *end);
        let mut seen = self.status.0.lock();
        seen.done = self.partitions.iter().map(|partition| position(partition).0).sum();
        if reached && !seen.ready {
            // The topic may hold no older row of the account: a signal of it would match nobody, for good.
            seen.incomplete = seen.foreign.first(&[Defect::Value]).map(ToString::to_string);
            seen.ready = seen.incomplete.is_none();
        }
    }
}

/// An account of the topic; `None` is one that is gone.
pub type AccountRow = (String, Option<Account>);

/// A record of the topic, read.
struct Decoded {
    partition: Partition,
    offset: Offset,
    key: Vec<u8>,
    read: Result<Option<AccountRow>, Unreadable>,
}

/// Decodes records in their order, with all cores where there are many: a start waits for a million of them.
fn rows(mut messages: Vec<Message>, partitions: i32) -> Vec<Decoded> {
    const EACH: usize = 1_024;
    let read = |message: &Message| read(message, partitions);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(messages.len() / EACH + 1);
    if threads == 1 {
        return messages.iter().map(read).collect();
    }
    let share = messages.len().div_ceil(threads);
    let mut parts = Vec::with_capacity(threads);
    while messages.len() > share {
        parts.push(messages.split_off(messages.len() - share));
    }
    std::thread::scope(|scope| {
        let decode = |part: Vec<Message>| scope.spawn(move || part.iter().map(read).collect::<Vec<_>>());
        let others: Vec<_> = parts.into_iter().map(decode).collect();
        let mut rows: Vec<_> = messages.iter().map(read).collect();
        for other in others.into_iter().rev() {
            match other.join() {
                Ok(part) => rows.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        rows
    })
}

fn read(message: &Message, partitions: i32) -> Decoded {
    let (partition, offset) = (message.partition, message.offset);
    let key = message.key().unwrap_or_default();
    let read = read_account(key, message.value(), partition, partitions);
    // The key is needed only to tell records that cannot be read from those that replace them.
    Decoded { partition, offset, key: key.to_vec(), read }
}

/// A record of the list of accounts; `None` for a tombstone of a key that is no account's. `partitions` is how many the
/// topic has.
///
/// # Errors
/// When no registrar can have written it there.
pub fn read_account(
    key: &[u8],
    value: Option<&[u8]>,
    partition: Partition,
    partitions: i32,
) -> Result<Option<AccountRow>, Unreadable> {
    let id = std::str::from_utf8(key).ok().filter(|id| !id.is_empty());
    let checked = match id {
        None => Err(Unreadable::key("its key is no account id")),
        Some(_) => Unreadable::check_partition(key, partition, partitions),
    };
    let (Some(id), Some(value)) = (id.filter(|_| checked.is_ok()), value) else {
        let gone = id.filter(|_| checked.is_ok()).map(|id| (id.to_owned(), None));
        return if value.is_none() { Ok(gone) } else { checked.map(|()| None) };
    };
    let why = |why: &dyn std::fmt::Display| Unreadable::value(format!("an account: {why}"));
    let wire = v1::Account::from_bytes(value).map_err(|error| why(&error))?;
    let account = account::from_wire(wire).map_err(|error| why(&error))?;
    if account.id.as_str() != id {
        return Err(why(&"its value is the account of another key"));
    }
    Ok(Some((id.to_owned(), Some(account))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_account_is_told_by_what_is_wrong_and_its_tombstone_is_read() {
        let defect = |key: &[u8], value: &[u8], partition| {
            read_account(key, Some(value), Partition(partition), 3).err().map(|error| error.defect)
        };
        let right = winback_log::partitioner::partition_of(b"acme", 3).0;
        assert_eq!(defect(b"", b"{}", 0), Some(Defect::Key));
        assert_eq!(defect(b"\xff", b"{}", 0), Some(Defect::Key));
        assert_eq!(defect(b"acme", b"{}", (right + 1) % 3), Some(Defect::Partition));
        assert_eq!(defect(b"acme", b"\xff", right), Some(Defect::Value));
        let gone = |key: &[u8], partition| read_account(key, None, Partition(partition), 3).unwrap();
        assert_eq!(gone(b"acme", right), Some(("acme".to_owned(), None)));
        assert_eq!(gone(b"acme", (right + 1) % 3), None, "the row in the right partition stays");
        assert_eq!(gone(b"\xff", 0), None);
    }
}
