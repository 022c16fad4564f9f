//! Fills the account index from the compacted topic, then keeps it live.
//!
//! Invariant: [`FeedStatus::waits_for`] answers `None` only when everything that the topic held at the start is in the
//! index, so no signal is judged against a list that is not complete.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use winback_core::account::Account;
use winback_core::ids::{Offset, Partition};
use winback_core::index::{IndexChange, SharedIndex};
use winback_log::{LogError, Message, Reader, SharedLog, TopicPartition};
use winback_proto::{WireMessage, account, v1};

const BATCH: usize = 4_096;

/// What others see of the feed.
#[derive(Debug, Default)]
pub struct FeedStatus(Mutex<Seen>);

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    ready: bool,
    done: i64,
    total: Option<i64>,
    refused: u64,
}

impl FeedStatus {
    /// What a role waits for, `None` when the index is complete.
    pub fn waits_for(&self) -> Option<String> {
        let seen = *self.0.lock();
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
        self.goal = self.reader.ends(&self.partitions)?;
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
        let refused = self.apply(rows(messages));
        self.status.0.lock().refused += refused;
        self.settle();
        Ok(())
    }

    /// Returns how many were refused.
    fn apply(&self, decoded: Vec<Result<AccountRow, Refused>>) -> u64 {
        let (mut rows, mut refused) = (Vec::with_capacity(decoded.len()), 0);
        for row in decoded {
            match row {
                Ok(row) => rows.push(row),
                Err(Refused { partition, offset, why }) => {
                    refused += 1;
                    tracing::warn!(
                        offset = offset.0,
                        partition = partition.0,
                        why,
                        "an account is not understood"
                    );
                }
            }
        }
        self.index.apply(rows.iter().map(|(id, account)| match account {
            Some(account) => IndexChange::Put(account),
            None => IndexChange::Gone(id),
        }));
        refused
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
        seen.ready |= reached;
    }
}

/// An account of the topic; `None` is one that is gone.
type AccountRow = (String, Option<Account>);

struct Refused {
    partition: Partition,
    offset: Offset,
    why: String,
}

/// Decodes records in their order, with all cores where there are many: a start waits for a million of them.
fn rows(mut messages: Vec<Message>) -> Vec<Result<AccountRow, Refused>> {
    const EACH: usize = 1_024;
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

fn read(message: &Message) -> Result<AccountRow, Refused> {
    let (partition, offset) = (message.partition, message.offset);
    row(message).map_err(|why| Refused { partition, offset, why })
}

fn row(message: &Message) -> Result<AccountRow, String> {
    let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
    let key = key.ok_or("its key is no account id")?.to_owned();
    let Some(value) = message.value() else { return Ok((key, None)) };
    let wire = v1::Account::from_bytes(value).map_err(|error| error.to_string())?;
    let account = account::from_wire(wire).map_err(|error| error.to_string())?;
    Ok((key, Some(account)))
}
