//! Reads chosen partitions without joining a group.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset as KafkaOffset};
use winback_core::ids::Offset;
use winback_log::{Bounds, LogError, Message, Reader, TopicPartition};

use super::classify::log_error;
use super::context::GroupContext;
use super::fetch::{Fetch, FetchError, config_error, list};
use super::offsets::{OffsetClient, OffsetRequests, unless_late};
use super::options::KafkaOptions;
use super::session::{broken, no_queue, out_of_range, stuck};

const SLICE: Duration = Duration::from_millis(200);
/// The time a partition that is read again has until something comes.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The time limit of an answer that only saves time.
const AT_ONCE: Duration = Duration::from_millis(100);

pub(super) struct KafkaReader {
    log: String,
    options: Arc<KafkaOptions>,
    offset_client: OffsetClient,
    topics: Vec<Arc<str>>,
    fetch: Fetch,
    /// Partitions whose offset lies beyond their end.
    beyond: Vec<Beyond>,
}

/// A partition that ends before where it is read. A replica that was behind catches up; a topic that was made anew, or has
/// lost records, does not, and would be read on from there once it is as long again.
struct Beyond {
    partition: TopicPartition,
    position: Offset,
    since: Instant,
    /// The time of the next look.
    again: Instant,
}

impl KafkaReader {
    pub(super) fn open(
        log: String,
        options: Arc<KafkaOptions>,
        offset_client: OffsetClient,
        settings: &ClientConfig,
    ) -> Result<Self, LogError> {
        // librdkafka assigns partitions to members of a group only; nobody joins this one.
        let fetch = Fetch::new(settings, options.request_timeout)?;
        Ok(Self { log, options, offset_client, topics: Vec::new(), fetch, beyond: Vec::new() })
    }

    fn offset_requests(&self) -> OffsetRequests<'_> {
        self.offset_client.offset_requests(&self.log, self.options.request_timeout)
    }

    fn topic_index(&mut self, topic: &Arc<str>) -> Result<u16, LogError> {
        let known = self.topics.iter().position(|known| known == topic).unwrap_or_else(|| {
            self.topics.push(Arc::clone(topic));
            self.topics.len() - 1
        });
        u16::try_from(known).map_err(|_| LogError::Config("too many topics for one reader".to_owned()))
    }

    /// Has the client know who leads the partitions, where the cluster says it at once. It would find out by itself, but
    /// looks half a second later, or a whole one.
    fn find_leaders(&self, starts: &[(TopicPartition, Offset)]) {
        let topics: BTreeSet<&str> = starts.iter().map(|(partition, _)| &*partition.topic).collect();
        for topic in topics {
            drop(self.fetch.consumer().fetch_metadata(Some(topic), AT_ONCE));
        }
    }

    /// An error, unless reading the partition again, now or later, mends it.
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
            error @ LogError::OutOfRange { offset, end, .. } if offset > end => {
                self.wait_beyond(partition, Offset(offset), error)
            }
            error => Err(error),
        }
    }

    /// Waits as long as for an answer of the cluster, then says what is wrong.
    fn wait_beyond(
        &mut self,
        partition: TopicPartition,
        position: Offset,
        error: LogError,
    ) -> Result<(), LogError> {
        let now = Instant::now();
        let again = now + SLICE;
        let Some(known) = self.beyond.iter_mut().find(|known| known.partition == partition) else {
            tracing::warn!(%error, "it is read from beyond its end");
            self.beyond.push(Beyond { partition, position, since: now, again });
            return Ok(());
        };
        if now.saturating_duration_since(known.since) > self.options.request_timeout {
            return Err(error);
        }
        known.again = again;
        Ok(())
    }

    /// Looks by itself: librdkafka says once that a position is not there, and not always to our queue.
    fn try_again(&mut self) -> Result<(), LogError> {
        let now = Instant::now();
        let Some(due) = self.beyond.iter_mut().find(|beyond| beyond.again <= now) else { return Ok(()) };
        due.again = now + LOOK_AGAIN;
        let partition = due.partition.clone();
        match self.handle(FetchError::OutOfRange(partition)) {
            Err(LogError::Unavailable { .. }) => Ok(()),
            handled => handled,
        }
    }

    /// A partition of which something came, if only its end, is not beyond it any more.
    fn forget_beyond(&mut self) {
        let Self { beyond, fetch, .. } = self;
        beyond.retain(|beyond| {
            fetch.position(&beyond.partition) == Some(beyond.position) && !fetch.is_at_end(&beyond.partition)
        });
    }
}

impl Reader for KafkaReader {
    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<(), LogError> {
        self.fetch.consumer().unassign().map_err(|error| broken("assign", &error))?;
        self.fetch.forget_all();
        self.topics.clear();
        self.beyond.clear();
        for (partition, start) in starts {
            let topic = self.topic_index(&partition.topic)?;
            if !self.fetch.track(partition, topic, 0, *start) {
                return Err(no_queue(partition));
            }
        }
        self.find_leaders(starts);
        let from = |start: &Offset| match start {
            &Offset::ZERO => KafkaOffset::Beginning,
            start => KafkaOffset::Offset(start.0),
        };
        list(starts.iter().map(|(partition, start)| (partition, from(start))))
            .and_then(|all| self.fetch.consumer().assign(&all))
            .map_err(|error| broken("assign", &error))
    }

    fn poll(&mut self, max: usize, wait: Duration, into: &mut Vec<Message>) -> Result<(), LogError> {
        let deadline = Instant::now() + wait;
        loop {
            if let Some(fetch_error) = self.fetch.serve() {
                return self.handle(fetch_error);
            }
            self.try_again()?;
            let left = deadline.saturating_duration_since(Instant::now());
            let (came, fetch_error) = self.fetch.consume(max, left.min(SLICE), into);
            if let Some(fetch_error) = fetch_error {
                return self.handle(fetch_error);
            }
            self.forget_beyond();
            if came || left <= SLICE {
                return Ok(());
            }
        }
    }

    fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.fetch.position(partition)
    }

    fn end_offsets(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.offset_requests().end_offsets(partitions)
    }

    fn bounds_within(
        &mut self,
        partitions: &[TopicPartition],
        wait: Duration,
    ) -> Result<Option<Bounds>, LogError> {
        let offset_requests = self.offset_client.offset_requests(&self.log, wait);
        unless_late(
            offset_requests
                .beginnings(partitions)
                .and_then(|first| Ok((first, offset_requests.end_offsets(partitions)?))),
        )
    }

    fn beginnings(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.offset_requests().beginnings(partitions)
    }

    fn committed(
        &mut self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Offset>>, LogError> {
        let consumer: BaseConsumer<GroupContext> = self
            .options
            .consumer(group)
            .create_with_context(GroupContext::default())
            .map_err(|error| config_error(&error))?;
        OffsetRequests { log: &self.log, consumer: &consumer, wait: self.options.request_timeout }
            .committed(partitions)
    }
}

impl Drop for KafkaReader {
    fn drop(&mut self) {
        self.fetch.leave(SLICE);
    }
}
