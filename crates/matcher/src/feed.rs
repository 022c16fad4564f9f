//! Fills the account index from the compacted topic, then keeps it live.
//!
//! Invariant: [`FeedStatus::waits_for`] answers `None` only when everything that the topic held at the start is in the
//! index, so no signal is judged against a list that is not complete.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use winback_core::account::Account;
use winback_core::ids::Offset;
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
        self.messages.clear();
        self.reader.poll(BATCH, wait, &mut self.messages)?;
        let refused = self.apply();
        self.status.0.lock().refused += refused;
        self.settle();
        Ok(())
    }

    fn apply(&self) -> u64 {
        let mut refused = 0;
        let mut rows: Vec<(String, Option<Account>)> = Vec::with_capacity(self.messages.len());
        for message in &self.messages {
            match row(message) {
                Ok(row) => rows.push(row),
                Err(why) => {
                    refused += 1;
                    tracing::warn!(
                        offset = message.offset.0,
                        partition = message.partition.0,
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

fn row(message: &Message) -> Result<(String, Option<Account>), String> {
    let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
    let key = key.ok_or("its key is no account id")?.to_owned();
    let Some(value) = message.value() else { return Ok((key, None)) };
    let wire = v1::Account::from_bytes(value).map_err(|error| error.to_string())?;
    let account = account::from_wire(wire).map_err(|error| error.to_string())?;
    Ok((key, Some(account)))
}
