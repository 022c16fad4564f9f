//! A lane's membership, positions and transactions on Kafka.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::{
    Append, ClientFigure, CommitError, GroupEvent, LogError, Message, Session, SessionSpec, TopicPartition,
};

use super::classify::log_error;
use super::fetch::{Fetch, FetchError, list};
use super::offsets::{OffsetClient, OffsetRequests, unless_late};
use super::options::KafkaOptions;
use super::statistics;
use super::transact::Transactions;

/// The longest time one wait may delay a rebalance.
const SLICE: Duration = Duration::from_millis(20);

/// The time limit of leaving the group.
const FAREWELL: Duration = Duration::from_secs(5);

pub(super) struct KafkaSession {
    log: String,
    options: Arc<KafkaOptions>,
    offset_client: OffsetClient,
    topics: Vec<Arc<str>>,
    // Dropped before the producer: who has left the group cannot commit any more.
    fetch: Fetch,
    transactions: Transactions,
    epoch: u32,
    statistics: statistics::Latest,
}

impl KafkaSession {
    pub(super) fn join(
        log: String,
        options: Arc<KafkaOptions>,
        offset_client: OffsetClient,
        spec: SessionSpec,
    ) -> Result<Self, LogError> {
        let mut fetch = Fetch::new(&options.consumer(&spec.group), options.request_timeout)?;
        let topics: Vec<&str> = spec.topics.iter().map(|topic| &**topic).collect();
        fetch.consumer().subscribe(&topics).map_err(|error| broken("subscribe", &error))?;
        // The group waits for a member that died while the transaction that it left is ended. Nothing is taken over
        // before: rebalances are answered by polls, and nobody can poll what is not made yet.
        let transactions = Transactions::take(&spec.transactional_id, Arc::clone(&options), &log)
            .inspect_err(|_| {
                fetch.leave(FAREWELL);
            })?;
        Ok(Self {
            log,
            options,
            offset_client,
            topics: spec.topics,
            fetch,
            transactions,
            epoch: 0,
            statistics: statistics::Latest::default(),
        })
    }

    fn offset_requests(&self) -> OffsetRequests<'_> {
        self.offset_client.offset_requests(&self.log, self.options.request_timeout)
    }

    fn topic_index(&self, partition: &TopicPartition) -> Result<u16, LogError> {
        self.topics
            .iter()
            .position(|topic| *topic == partition.topic)
            .and_then(|index| u16::try_from(index).ok())
            .ok_or_else(|| {
                LogError::Config(format!("{partition} is of no topic that this session joined for"))
            })
    }

    fn next_event(&mut self) -> Result<Option<GroupEvent>, LogError> {
        while let Some(event) = self.fetch.consumer().context().next_event() {
            match &event {
                GroupEvent::Assigned(partitions) if partitions.is_empty() => self.assign(&[])?,
                GroupEvent::Revoked(partitions) | GroupEvent::Lost(partitions) if partitions.is_empty() => {
                    self.release(&[])?;
                }
                GroupEvent::Assigned(_) | GroupEvent::Revoked(_) | GroupEvent::Lost(_) => {
                    return Ok(Some(event));
                }
            }
        }
        Ok(None)
    }

    /// An error for the lane, unless reading the partition again mends it.
    fn handle(&mut self, fetch_error: FetchError) -> Result<(), LogError> {
        let partition = match fetch_error {
            FetchError::Error(code, what) => return Err(log_error(&self.log, &what, code)),
            FetchError::Stuck(partition, error) => return Err(stuck(&partition, &error)),
            FetchError::OutOfRange(partition) => partition,
        };
        match out_of_range(&self.offset_requests(), &partition, self.fetch.position(&partition)) {
            LogError::OutOfRange { offset, beginning, end, .. } if (beginning..=end).contains(&offset) => {
                self.fetch.restart(partition);
                Ok(())
            }
            error => Err(error),
        }
    }

    /// Takes what is new, which is tracked already.
    fn take(&mut self, new: Result<TopicPartitionList, KafkaError>) -> Result<(), KafkaError> {
        new.and_then(|new| self.fetch.consumer().incremental_assign(&new))
    }

    fn check_assigned(&self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        match partitions.iter().find(|partition| self.fetch.get(partition).is_none()) {
            Some(partition) => Err(LogError::Fatal(format!("{partition} is not assigned"))),
            None => Ok(()),
        }
    }

    fn set_paused(&mut self, partitions: &[TopicPartition], paused: bool) -> Result<(), LogError> {
        self.check_assigned(partitions)?;
        self.fetch.settle();
        let what = list(partitions.iter().map(|partition| (partition, KafkaOffset::Invalid)));
        let consumer = self.fetch.consumer();
        what.and_then(|what| if paused { consumer.pause(&what) } else { consumer.resume(&what) })
            .map_err(|error| broken("pause or resume", &error))?;
        for partition in partitions {
            if let Some(tracked) = self.fetch.get_mut(partition) {
                tracked.paused = paused;
            }
        }
        if !paused {
            self.fetch.wake(partitions);
        }
        Ok(())
    }
}

impl Session for KafkaSession {
    fn poll(
        &mut self,
        max: usize,
        wait: Duration,
        into: &mut Vec<Message>,
    ) -> Result<Option<GroupEvent>, LogError> {
        let deadline = Instant::now() + wait;
        loop {
            self.transactions.serve();
            if let Some(fetch_error) = self.fetch.serve() {
                self.handle(fetch_error)?;
            }
            if let Some(event) = self.next_event()? {
                return Ok(Some(event));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let (came, fetch_error) = self.fetch.consume(max, left.min(SLICE), into);
            if let Some(fetch_error) = fetch_error {
                self.handle(fetch_error)?;
            }
            if came || left <= SLICE {
                return Ok(None);
            }
        }
    }

    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<(), LogError> {
        self.epoch += 1;
        self.fetch.settle();
        self.fetch.consumer().context().answered();
        for (partition, start) in starts {
            let topic = self.topic_index(partition)?;
            if !self.fetch.track(partition, topic, self.epoch, *start) {
                return Err(no_queue(partition));
            }
        }
        let new = list(starts.iter().map(|(partition, start)| (partition, KafkaOffset::Offset(start.0))));
        self.take(new).map_err(|error| broken("assign", &error))
    }

    fn assign_paused(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.epoch += 1;
        self.fetch.settle();
        self.fetch.consumer().context().answered();
        for partition in partitions {
            let topic = self.topic_index(partition)?;
            if !self.fetch.track_unplaced(partition, topic, self.epoch) {
                return Err(no_queue(partition));
            }
        }
        let paused = list(partitions.iter().map(|partition| (partition, KafkaOffset::Invalid)));
        self.take(list(partitions.iter().map(|partition| (partition, KafkaOffset::Beginning))))
            .and_then(|()| self.fetch.consumer().pause(&paused?))
            .map_err(|error| broken("assign", &error))
    }

    fn release(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.fetch.consumer().context().answered();
        let known: Vec<_> =
            partitions.iter().filter(|known| self.fetch.get(known).is_some()).cloned().collect();
        for partition in &known {
            self.fetch.forget(partition);
        }
        self.fetch.settle();
        list(known.iter().map(|partition| (partition, KafkaOffset::Invalid)))
            .and_then(|gone| self.fetch.consumer().incremental_unassign(&gone))
            .map_err(|error| broken("release", &error))
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.set_paused(partitions, true)
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.set_paused(partitions, false)
    }

    fn seek(&mut self, partition: &TopicPartition, offset: Offset) -> Result<(), LogError> {
        self.check_assigned(std::slice::from_ref(partition))?;
        self.fetch.seek(partition, offset);
        Ok(())
    }

    fn committed(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<Offset>>, LogError> {
        let (log, wait) = (&self.log, self.options.request_timeout);
        OffsetRequests { log, consumer: self.fetch.consumer(), wait }.committed(partitions)
    }

    fn committed_within(
        &mut self,
        partitions: &[TopicPartition],
        wait: Duration,
    ) -> Result<Option<Vec<Option<Offset>>>, LogError> {
        let offset_requests = OffsetRequests { log: &self.log, consumer: self.fetch.consumer(), wait };
        unless_late(offset_requests.committed(partitions))
    }

    fn end_offsets(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.offset_requests().end_offsets(partitions)
    }

    fn end_offsets_within(
        &mut self,
        partitions: &[TopicPartition],
        wait: Duration,
    ) -> Result<Option<Vec<Offset>>, LogError> {
        unless_late(self.offset_client.offset_requests(&self.log, wait).end_offsets(partitions))
    }

    fn beginnings(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.offset_requests().beginnings(partitions)
    }

    fn offset_at(&mut self, partition: &TopicPartition, time: Time) -> Result<Offset, LogError> {
        self.offset_requests().at_time(partition, time)
    }

    fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.fetch.position(partition)
    }

    fn known_end(&self, partition: &TopicPartition) -> Option<Offset> {
        self.fetch.known_end(partition)
    }

    fn begin(&mut self) -> Result<(), CommitError> {
        self.transactions.begin()
    }

    fn append(&mut self, record: &Append<'_>) -> Result<(), CommitError> {
        self.transactions.append(record)
    }

    fn commit(&mut self, positions: &[(TopicPartition, Offset)]) -> Result<(), CommitError> {
        if positions.is_empty() {
            return Err(CommitError::NoPositions);
        }
        if let Some((partition, _)) =
            positions.iter().find(|(partition, _)| self.fetch.get(partition).is_none())
        {
            let why = format!("{partition} is not assigned to this member");
            return Err(self.transactions.abort().err().unwrap_or(CommitError::Displaced(why)));
        }
        let offsets =
            list(positions.iter().map(|(partition, next)| (partition, KafkaOffset::Offset(next.0))))
                .map_err(|error| CommitError::Fatal(error.to_string()))?;
        self.transactions.commit(&offsets, self.fetch.client())
    }

    fn abort(&mut self) -> Result<(), CommitError> {
        self.transactions.abort()
    }

    fn recover(&mut self) -> Result<(), CommitError> {
        self.transactions.recover()
    }

    fn close(mut self: Box<Self>) -> Result<(), LogError> {
        let aborted = self.transactions.abort();
        let left = self.fetch.leave(FAREWELL);
        if let Err(error) = aborted {
            return Err(LogError::Unavailable { log: self.log.clone(), why: error.to_string() });
        }
        if left {
            return Ok(());
        }
        Err(LogError::Unavailable {
            log: self.log.clone(),
            why: "leaving the consumer group timed out".to_owned(),
        })
    }

    fn statistics(&mut self) -> Vec<(ClientFigure, f64)> {
        let (consumer, producer) =
            (self.fetch.consumer().context().take_statistics(), self.transactions.take_statistics());
        self.statistics.update(&consumer, &producer)
    }
}

impl Drop for KafkaSession {
    fn drop(&mut self) {
        // Whoever holds messages holds the consumer: leave the group now, not when they are dropped.
        self.fetch.leave(FAREWELL);
    }
}

/// An offset that is not in the log, with what is.
pub(super) fn out_of_range(
    offset_requests: &OffsetRequests<'_>,
    partition: &TopicPartition,
    position: Option<Offset>,
) -> LogError {
    let ask = || {
        let partitions = std::slice::from_ref(partition);
        let beginning = offset_requests.beginnings(partitions)?.first().copied().unwrap_or(Offset::ZERO);
        let end = offset_requests.end_offsets(partitions)?.first().copied().unwrap_or(Offset::ZERO);
        Ok::<_, LogError>((beginning, end))
    };
    match ask() {
        Ok((beginning, end)) => LogError::OutOfRange {
            topic: partition.topic.to_string(),
            partition: partition.partition.0,
            offset: position.unwrap_or(Offset::ZERO).0,
            beginning: beginning.0,
            end: end.0,
        },
        Err(error) => error,
    }
}

pub(super) fn no_queue(partition: &TopicPartition) -> LogError {
    LogError::Fatal(format!("librdkafka has no queue for {partition}"))
}

/// A partition that cannot be read from its position, for no reason that librdkafka gives.
pub(super) fn stuck(partition: &TopicPartition, error: &KafkaError) -> LogError {
    broken(&format!("reading {partition} from its position"), error)
}

/// A call that librdkafka refuses although it was made in order.
pub(super) fn broken(what: &str, error: &KafkaError) -> LogError {
    LogError::Fatal(format!("kafka: {what}: {error}"))
}
