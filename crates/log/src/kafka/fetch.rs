//! A consumer with one queue: what session and reader have in common.
//!
//! It keeps where each partition stands. A position passes control records only by the end-of-partition event, because
//! librdkafka delivers no control records; and a record that is not from an assigned, unpaused partition at or behind
//! its position is left over from before and dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Message as _, Offset as KafkaOffset, TopicPartitionList};
use winback_core::ids::Offset;

use self::batch::Batch;
use super::classify::is_refusal;
use super::context::GroupContext;
use super::native::{Client, LaneQueue};
use super::options::{GroupProtocol, is_secret};
use crate::{LogError, Message, TopicPartition};

mod batch;

const FAREWELL_SLICE: Duration = Duration::from_millis(10);
const RESTART: Duration = Duration::from_millis(20);
const SETTLE: Duration = Duration::from_millis(500);
const SEEK_PAUSE: Duration = Duration::from_millis(5);

/// Where an assigned partition stands.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) partition: TopicPartition,
    pub(super) topic: u16,
    pub(super) epoch: u32,
    pub(super) position: i64,
    pub(super) paused: bool,
    /// The log said that nothing is behind `position`, and nothing came since.
    at_end: bool,
    /// What comes is not from `position` on: dropped until it is read again from there.
    held: bool,
    /// Nobody has said where it is read from; the next seek does.
    unplaced: bool,
}

impl Tracked {
    /// Where it is read from, as librdkafka takes it.
    const fn start(&self) -> KafkaOffset {
        if self.unplaced { KafkaOffset::Beginning } else { KafkaOffset::Offset(self.position) }
    }
}

/// What came instead of a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The position of this partition is not in the log.
    OutOfRange(TopicPartition),
    /// Nothing that waiting mends.
    Error(RDKafkaErrorCode, String),
    /// librdkafka refuses for too long to read this partition from its position.
    Stuck(TopicPartition, KafkaError),
}

/// A partition that librdkafka no longer reads, or not into our queue, or not from where it should: it is to be read
/// again from its position.
#[derive(Debug)]
struct Stray {
    partition: TopicPartition,
    refused_since: Option<Instant>,
}

/// A consumer with one queue for its partitions.
pub(super) struct Fetch {
    queue: LaneQueue,
    client: Arc<Client>,
    tracked: Vec<Tracked>,
    stray: Vec<Stray>,
    protocol: GroupProtocol,
    /// How long librdkafka may refuse to read a partition.
    patience: Duration,
}

impl Fetch {
    pub(super) fn new(
        config: &ClientConfig,
        protocol: GroupProtocol,
        patience: Duration,
    ) -> Result<Self, LogError> {
        let consumer: BaseConsumer<GroupContext> =
            config.create_with_context(GroupContext::default()).map_err(|error| config_error(&error))?;
        let client = Arc::new(Client { consumer });
        let queue = LaneQueue::new(Arc::clone(&client))
            .ok_or_else(|| LogError::Fatal("librdkafka made no queue".to_owned()))?;
        Ok(Self { queue, client, tracked: Vec::new(), stray: Vec::new(), protocol, patience })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn consumer(&self) -> &BaseConsumer<GroupContext> {
        &self.client.consumer
    }

    pub(super) fn get(&self, partition: &TopicPartition) -> Option<&Tracked> {
        self.tracked.iter().find(|tracked| tracked.partition == *partition)
    }

    pub(super) fn get_mut(&mut self, partition: &TopicPartition) -> Option<&mut Tracked> {
        self.tracked.iter_mut().find(|tracked| tracked.partition == *partition)
    }

    /// All of them with their positions, as librdkafka takes them.
    pub(super) fn positions(&self) -> Result<TopicPartitionList, KafkaError> {
        list(self.tracked.iter().map(|tracked| (&tracked.partition, tracked.start())))
    }

    /// Makes room for a partition; to be called before it is assigned.
    pub(super) fn track(
        &mut self,
        partition: &TopicPartition,
        topic: u16,
        epoch: u32,
        position: Offset,
    ) -> bool {
        self.forget(partition);
        self.tracked.push(Tracked {
            partition: partition.clone(),
            topic,
            epoch,
            position: position.0,
            paused: false,
            at_end: false,
            held: false,
            unplaced: false,
        });
        self.queue.forward(partition)
    }

    /// The same for a partition that is paused, and whose position the first seek says.
    pub(super) fn track_unplaced(&mut self, partition: &TopicPartition, topic: u16, epoch: u32) -> bool {
        let tracked = self.track(partition, topic, epoch, Offset::ZERO);
        if let Some(tracked) = self.get_mut(partition) {
            (tracked.paused, tracked.held, tracked.unplaced) = (true, true, true);
        }
        tracked
    }

    pub(super) fn forget(&mut self, partition: &TopicPartition) {
        self.tracked.retain(|tracked| tracked.partition != *partition);
        self.queue.take_back(partition);
    }

    pub(super) fn forget_all(&mut self) {
        for tracked in self.tracked.drain(..) {
            self.queue.take_back(&tracked.partition);
        }
    }

    pub(super) fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.get(partition).map(|tracked| Offset(tracked.position))
    }

    /// Whether the log said that nothing is behind the position, and nothing came since.
    pub(super) fn is_at_end(&self, partition: &TopicPartition) -> bool {
        self.get(partition).is_some_and(|tracked| tracked.at_end)
    }

    /// The high watermark may lie behind an open transaction, where nothing can be read: whoever read to the end
    /// knows of nothing more.
    pub(super) fn known_end(&self, partition: &TopicPartition) -> Option<Offset> {
        let tracked = self.get(partition)?;
        if tracked.at_end {
            return Some(Offset(tracked.position));
        }
        Some(Offset(self.queue.high_watermark(partition).unwrap_or(0).max(tracked.position)))
    }

    /// Waits for records; whether anything came, if only the end of a partition.
    pub(super) fn consume(
        &mut self,
        max: usize,
        wait: Duration,
        into: &mut Vec<Message>,
    ) -> (bool, Option<Trouble>) {
        let mut batch = Batch::new(&mut self.tracked, &mut self.stray);
        let count = self.queue.consume(max, wait, |event| batch.take(event, into));
        (count > 0, batch.trouble)
    }

    /// Leaves the group, if it was not left yet; whether the group heard it in time. Only dropping may follow.
    pub(super) fn leave(&mut self, wait: Duration) -> bool {
        let consumer = &self.client.consumer;
        if consumer.closed() {
            return true;
        }
        for tracked in self.tracked.drain(..) {
            self.queue.take_back(&tracked.partition);
        }
        consumer.context().close(consumer);
        let closing = consumer.close_queue();
        let deadline = Instant::now() + wait;
        while closing.is_ok() && !consumer.closed() && Instant::now() < deadline {
            drop(consumer.poll(FAREWELL_SLICE));
        }
        consumer.closed()
    }

    /// Reads a partition again from where it stands, at the next call of [`Fetch::serve`].
    pub(super) fn restart(&mut self, partition: TopicPartition) {
        if let Some(tracked) = self.get_mut(&partition) {
            tracked.held = true;
        }
        stray(&mut self.stray, partition);
    }

    /// To be called before librdkafka pauses partitions or goes on after a pause, as it does around every rebalance.
    /// It takes an end-of-partition event for a record and would go on behind it: the next record would be skipped.
    pub(super) fn settle(&mut self) {
        let at_end = self.tracked.iter().filter(|tracked| tracked.at_end);
        let at_end: Vec<_> = at_end.map(|tracked| (tracked.partition.clone(), tracked.position)).collect();
        for (partition, position) in at_end {
            self.seek(&partition, Offset(position));
        }
    }

    /// Serves what is not records: rebalances, logs, errors. Bounded, so that a flood of them starves nobody.
    pub(super) fn serve(&mut self) -> Option<Trouble> {
        const AT_ONCE: usize = 8;
        for _ in 0..AT_ONCE {
            let stray = match self.client.consumer.poll(Duration::ZERO) {
                None => continue,
                // What comes here should have come to our queue: librdkafka ended the forwarding when it ended an
                // earlier assignment of the same partition.
                Some(Ok(message)) => (Some(message.topic().to_owned()), message.partition()),
                Some(Err(KafkaError::PartitionEOF(partition))) => (None, partition),
                Some(Err(error)) => match group_trouble(&error) {
                    Some(trouble) => return Some(trouble),
                    None => continue,
                },
            };
            self.found_stray(stray.0.as_deref(), stray.1);
        }
        self.restart_stray()
    }

    fn found_stray(&mut self, topic: Option<&str>, number: i32) {
        let is_it = |partition: &TopicPartition| {
            partition.partition.0 == number && topic.is_none_or(|topic| topic == &*partition.topic)
        };
        let found: Vec<_> = self
            .tracked
            .iter()
            .map(|tracked| &tracked.partition)
            .filter(|known| is_it(known))
            .cloned()
            .collect();
        for partition in found {
            tracing::debug!(%partition, "its records came to another queue; it is read again");
            self.restart(partition);
        }
    }

    fn restart_stray(&mut self) -> Option<Trouble> {
        // While a rebalance is unanswered, librdkafka would take any assignment for the answer.
        if self.stray.is_empty() || self.consumer().context().is_unanswered() {
            return None;
        }
        let mut trouble = None;
        for Stray { partition, refused_since } in std::mem::take(&mut self.stray) {
            let Some(tracked) = self.get(&partition) else { continue };
            let (position, unplaced) = (Offset(tracked.position), tracked.unplaced);
            self.queue.forward(&partition);
            if unplaced {
                continue;
            }
            let restarted =
                self.try_seek(&partition, position, RESTART).or_else(|_| self.assign_again(&partition));
            let Err(error) = restarted else { continue };
            tracing::debug!(%partition, %error, "it cannot be read again just now");
            let since = refused_since.unwrap_or_else(Instant::now);
            if since.elapsed() >= self.patience {
                trouble = Some(Trouble::Stuck(partition.clone(), error));
            }
            if let Some(tracked) = self.get_mut(&partition) {
                tracked.held = true;
            }
            self.stray.push(Stray { partition, refused_since: Some(since) });
        }
        trouble
    }

    /// What librdkafka stopped reading cannot be moved, only assigned anew.
    fn assign_again(&mut self, partition: &TopicPartition) -> Result<(), KafkaError> {
        let consumer = &self.client.consumer;
        match self.protocol {
            GroupProtocol::Eager => {
                consumer.unassign()?;
                for tracked in &self.tracked {
                    self.queue.forward(&tracked.partition);
                }
                consumer.assign(&self.positions()?)?;
                for tracked in &mut self.tracked {
                    (tracked.held, tracked.at_end) = (tracked.unplaced, false);
                }
            }
            GroupProtocol::Cooperative | GroupProtocol::Consumer => {
                consumer.incremental_unassign(&list([(partition, KafkaOffset::Invalid)])?)?;
                self.queue.forward(partition);
                let position = self.get(partition).map_or(0, |tracked| tracked.position);
                consumer.incremental_assign(&list([(partition, KafkaOffset::Offset(position))])?)?;
                if let Some(tracked) = self.tracked.iter_mut().find(|tracked| tracked.partition == *partition)
                {
                    tracked.held = false;
                    tracked.at_end = false;
                }
            }
        }
        let paused = self.tracked.iter().filter(|tracked| tracked.paused);
        consumer.pause(&list(paused.map(|tracked| (&tracked.partition, KafkaOffset::Invalid)))?)
    }

    /// Reads on from elsewhere: at once, or as soon as librdkafka can. Nothing comes from anywhere else in between.
    pub(super) fn seek(&mut self, partition: &TopicPartition, offset: Offset) {
        let Err(error) = self.try_seek(partition, offset, SETTLE) else { return };
        tracing::debug!(%partition, %offset, %error, "it cannot be moved just now");
        if let Some(tracked) = self.get_mut(partition) {
            tracked.position = offset.0;
            (tracked.at_end, tracked.unplaced) = (false, false);
        }
        self.restart(partition.clone());
    }

    /// An assignment takes a moment to begin and cannot be moved before, nor after librdkafka stopped to read it.
    fn try_seek(
        &mut self,
        partition: &TopicPartition,
        offset: Offset,
        wait: Duration,
    ) -> Result<(), KafkaError> {
        let deadline = Instant::now() + wait;
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(RESTART);
            let sought = list([(partition, KafkaOffset::Offset(offset.0))])
                .and_then(|to| self.client.consumer.seek_partitions(to, left))
                .and_then(|answer| answer.elements().iter().try_for_each(|element| element.error()));
            match sought {
                Ok(()) => break,
                Err(_) if Instant::now() < deadline => std::thread::sleep(SEEK_PAUSE),
                Err(error) => return Err(error),
            }
        }
        if let Some(tracked) = self.get_mut(partition) {
            tracked.position = offset.0;
            (tracked.at_end, tracked.held, tracked.unplaced) = (false, false, false);
        }
        Ok(())
    }
}

fn stray(known: &mut Vec<Stray>, partition: TopicPartition) {
    if known.iter().all(|stray| stray.partition != partition) {
        known.push(Stray { partition, refused_since: None });
    }
}

fn group_trouble(error: &KafkaError) -> Option<Trouble> {
    let code = error.rdkafka_error_code()?;
    let fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    (fatal || is_refusal(code)).then(|| Trouble::Error(code, "the consumer group".to_owned()))
}

/// Partitions and offsets as librdkafka takes them.
pub(super) fn list<'a>(
    entries: impl IntoIterator<Item = (&'a TopicPartition, KafkaOffset)>,
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in entries {
        list.add_partition_offset(&partition.topic, partition.partition.0, offset)?;
    }
    Ok(list)
}

/// A client that could not be made: a setting that librdkafka does not take. Never shows a secret.
pub(super) fn config_error(error: &KafkaError) -> LogError {
    LogError::Config(match error {
        KafkaError::ClientConfig(_, _, key, _) if is_secret(key) => {
            format!("kafka: the value of `{key}` is not taken (not shown)")
        }
        KafkaError::ClientConfig(_, why, key, _) => format!("kafka: `{key}`: {why}"),
        other => format!("kafka: {other}"),
    })
}

#[cfg(test)]
mod tests;
