//! Reads chosen partitions without joining a group.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::Offset as KafkaOffset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use winback_core::ids::Offset;

use super::classify::log_error;
use super::context::GroupContext;
use super::fetch::{Fetch, Trouble, config_error, list};
use super::offsets::{Asker, Asking};
use super::options::{GroupProtocol, KafkaOptions};
use super::session::{broken, out_of_range};
use crate::{LogError, Message, Reader, TopicPartition};

const SLICE: Duration = Duration::from_millis(200);

pub(super) struct KafkaReader {
    log: String,
    options: Arc<KafkaOptions>,
    asker: Asker,
    topics: Vec<Arc<str>>,
    fetch: Fetch,
    /// Partitions whose offset lies beyond their end, and when to try again.
    beyond: Vec<(TopicPartition, Instant)>,
}

impl KafkaReader {
    pub(super) fn open(log: String, options: Arc<KafkaOptions>, asker: Asker) -> Result<Self, LogError> {
        // librdkafka assigns partitions to members of a group only; nobody joins this one.
        let fetch = Fetch::new(&options.consumer("winback-reader"), GroupProtocol::Cooperative)?;
        Ok(Self { log, options, asker, topics: Vec::new(), fetch, beyond: Vec::new() })
    }

    fn asking(&self) -> Asking<'_> {
        self.asker.asking(&self.log, self.options.ask_deadline)
    }

    fn topic_index(&mut self, topic: &Arc<str>) -> Result<u16, LogError> {
        let known = self.topics.iter().position(|known| known == topic).unwrap_or_else(|| {
            self.topics.push(Arc::clone(topic));
            self.topics.len() - 1
        });
        u16::try_from(known).map_err(|_| LogError::Config("too many topics for one reader".to_owned()))
    }

    /// An error, unless reading the partition again, now or later, mends it.
    fn face(&mut self, trouble: Trouble) -> Result<(), LogError> {
        let partition = match trouble {
            Trouble::Error(code, what) => return Err(log_error(&self.log, &what, code)),
            Trouble::OutOfRange(partition) => partition,
        };
        match out_of_range(&self.asking(), &partition, self.fetch.position(&partition)) {
            LogError::OutOfRange { offset, beginning, end, .. } if (beginning..=end).contains(&offset) => {
                self.fetch.restart(partition);
                Ok(())
            }
            LogError::OutOfRange { offset, end, .. } if offset > end => {
                self.beyond.push((partition, Instant::now() + SLICE));
                Ok(())
            }
            error => Err(error),
        }
    }

    fn try_again(&mut self) {
        let now = Instant::now();
        for (partition, _) in self.beyond.extract_if(.., |(_, at)| *at <= now) {
            self.fetch.restart(partition);
        }
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
                return Err(LogError::Fatal(format!("librdkafka has no queue for {partition}")));
            }
        }
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
            if let Some(trouble) = self.fetch.serve() {
                return self.face(trouble);
            }
            self.try_again();
            let left = deadline.saturating_duration_since(Instant::now());
            let (came, trouble) = self.fetch.consume(max, left.min(SLICE), into);
            if let Some(trouble) = trouble {
                return self.face(trouble);
            }
            if came || left <= SLICE {
                return Ok(());
            }
        }
    }

    fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.fetch.position(partition)
    }

    fn ends(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.asking().ends(partitions)
    }

    fn beginnings(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.asking().beginnings(partitions)
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
        Asking { log: &self.log, consumer: &consumer, wait: self.options.ask_deadline }.committed(partitions)
    }
}

impl Drop for KafkaReader {
    fn drop(&mut self) {
        self.fetch.leave(SLICE);
    }
}
