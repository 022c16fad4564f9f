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
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use winback_core::ids::Offset;
use winback_log::{LogError, Message, TopicPartition};

use self::batch::Batch;
use self::recovery::StuckPartition;
use super::context::GroupContext;
use super::native::{Client, LaneQueue};
use super::options::is_secret;

mod batch;
mod recovery;

const FAREWELL_SLICE: Duration = Duration::from_millis(10);
const RESTART: Duration = Duration::from_millis(20);
const SETTLE: Duration = Duration::from_millis(500);
const SEEK_PAUSE: Duration = Duration::from_millis(5);

/// The state of an assigned partition.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) partition: TopicPartition,
    pub(super) topic: u16,
    pub(super) epoch: u32,
    pub(super) position: i64,
    pub(super) paused: bool,
    /// The log said that nothing is behind `position`, and nothing came since.
    at_end: bool,
    /// Records are dropped until the partition is read again from `position`.
    held: bool,
    /// Nobody has said where it is read from; the next seek does.
    unplaced: bool,
    /// Something came since it was assigned.
    received: bool,
}

/// An event other than a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FetchError {
    /// The position of this partition is not in the log.
    OutOfRange(TopicPartition),
    /// Nothing that waiting mends.
    Error(RDKafkaErrorCode, String),
    /// librdkafka refuses for too long to read this partition from its position.
    Stuck(TopicPartition, KafkaError),
}

/// A consumer with one queue for its partitions.
pub(super) struct Fetch {
    queue: LaneQueue,
    client: Arc<Client>,
    tracked: Vec<Tracked>,
    stuck: Vec<StuckPartition>,
    /// The time that librdkafka may refuse to read a partition.
    refusal_timeout: Duration,
    /// The time at which silent partitions are forwarded again.
    forward_at: Instant,
}

impl Fetch {
    pub(super) fn new(config: &ClientConfig, refusal_timeout: Duration) -> Result<Self, LogError> {
        let consumer: BaseConsumer<GroupContext> =
            config.create_with_context(GroupContext::default()).map_err(|error| config_error(&error))?;
        let client = Arc::new(Client { consumer });
        let queue = LaneQueue::new(Arc::clone(&client))
            .ok_or_else(|| LogError::Fatal("librdkafka made no queue".to_owned()))?;
        let forward_at = Instant::now();
        Ok(Self { queue, client, tracked: Vec::new(), stuck: Vec::new(), refusal_timeout, forward_at })
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
            received: false,
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

    /// True if the log said that nothing is behind the position, and nothing came since.
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
    ) -> (bool, Option<FetchError>) {
        self.forward_silent();
        let mut batch = Batch::new(&mut self.tracked, &mut self.stuck);
        let count = self.queue.consume(max, wait, |event| batch.take(event, into));
        (count > 0, batch.fetch_error)
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

    /// To be called before librdkafka pauses partitions or goes on after a pause, as it does around every rebalance.
    /// It takes an end-of-partition event for a record and would go on behind it: the next record would be skipped.
    pub(super) fn settle(&mut self) {
        let at_end = self.tracked.iter().filter(|tracked| tracked.at_end);
        let at_end: Vec<_> = at_end.map(|tracked| (tracked.partition.clone(), tracked.position)).collect();
        for (partition, position) in at_end {
            self.seek(&partition, Offset(position));
        }
    }

    /// To be called behind the end of a pause. librdkafka lets a broker of which nothing was read sleep on, for up to a
    /// second; it wakes it when a partition is moved, if only to where it stands.
    pub(super) fn wake(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            let placed = self.get(partition).filter(|tracked| !tracked.unplaced);
            if let Some(position) = placed.map(|tracked| tracked.position) {
                self.seek(partition, Offset(position));
            }
        }
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
