//! Questions about offsets, each answered within a time or not at all.
//!
//! An end is the high watermark, not the last stable offset: a broker says that a transaction is committed before it has
//! told the partitions, and until then the stable offset lies before its records. Whoever read up to a stable offset
//! could miss them; a position that has passed the high watermark has seen everything.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::{LogError, TopicPartition};

use super::classify::{code_of, is_transient, log_error};
use super::context::GroupContext;
use super::fetch::{config_error, list};
use super::options::KafkaOptions;

const PAUSE: Duration = Duration::from_millis(20);

/// A client that asks and never fetches, shared by a log's sessions and readers: a broker answers the requests of a
/// connection in order, so whoever asks over one that waits for records waits, too.
#[derive(Clone)]
pub(super) struct OffsetClient(Arc<BaseConsumer<GroupContext>>);

impl OffsetClient {
    pub(super) fn new(options: &KafkaOptions) -> Result<Self, LogError> {
        let consumer = options.requests().create_with_context(GroupContext::default());
        Ok(Self(Arc::new(consumer.map_err(|error| config_error(&error))?)))
    }

    /// For questions about offsets of the log.
    pub(super) fn offset_requests<'a>(&'a self, log: &'a str, wait: Duration) -> OffsetRequests<'a> {
        // Serves the client's logs and errors.
        drop(self.0.poll(Duration::ZERO));
        OffsetRequests { log, consumer: &self.0, wait }
    }
}

/// A consumer to ask, and how long.
pub(super) struct OffsetRequests<'a> {
    pub(super) log: &'a str,
    pub(super) consumer: &'a BaseConsumer<GroupContext>,
    pub(super) wait: Duration,
}

impl OffsetRequests<'_> {
    /// The offsets behind the last records.
    pub(super) fn end_offsets(&self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        let found = self.offsets(partitions, KafkaOffset::End)?;
        Ok(found.into_iter().map(|offset| Offset(offset.unwrap_or(0))).collect())
    }

    pub(super) fn beginnings(&self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        let found = self.offsets(partitions, KafkaOffset::Beginning)?;
        Ok(found.into_iter().map(|offset| Offset(offset.unwrap_or(0))).collect())
    }

    pub(super) fn at_time(&self, partition: &TopicPartition, time: Time) -> Result<Offset, LogError> {
        let partitions = std::slice::from_ref(partition);
        let found = self.offsets(partitions, KafkaOffset::Offset(time.millis().max(0)))?;
        match found.first().copied().flatten() {
            Some(offset) => Ok(Offset(offset)),
            None => Ok(self.end_offsets(partitions)?.first().copied().unwrap_or(Offset::ZERO)),
        }
    }

    /// Waits for open transactions to end: a read-committed consumer requires stable offsets.
    pub(super) fn committed(&self, partitions: &[TopicPartition]) -> Result<Vec<Option<Offset>>, LogError> {
        let found = self.ask(partitions, KafkaOffset::Invalid, |list, wait| {
            self.consumer.committed_offsets(list, wait)
        })?;
        Ok(found.into_iter().map(|offset| offset.map(Offset)).collect())
    }

    fn offsets(&self, partitions: &[TopicPartition], at: KafkaOffset) -> Result<Vec<Option<i64>>, LogError> {
        self.ask(partitions, at, |list, wait| self.consumer.offsets_for_times(list, wait))
    }

    fn ask(
        &self,
        partitions: &[TopicPartition],
        at: KafkaOffset,
        mut question: impl FnMut(TopicPartitionList, Duration) -> Result<TopicPartitionList, KafkaError>,
    ) -> Result<Vec<Option<i64>>, LogError> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        let deadline = Instant::now() + self.wait;
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(PAUSE);
            let answer = list(partitions.iter().map(|partition| (partition, at)))
                .and_then(|asked| question(asked, left))
                .map_err(|error| (partitions[0].to_string(), error))
                .and_then(|answer| read(partitions, &answer));
            let (what, error) = match answer {
                Ok(offsets) => return Ok(offsets),
                Err(error) => error,
            };
            let code = code_of(&error);
            if !is_transient(code) || Instant::now() >= deadline {
                return Err(log_error(self.log, &what, code));
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// An answer that did not come in time is none.
pub(super) fn unless_late<T>(answer: Result<T, LogError>) -> Result<Option<T>, LogError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(LogError::Unavailable { why, .. }) => {
            tracing::debug!(why, "the log has not answered yet");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

type Answers = Result<Vec<Option<i64>>, (String, KafkaError)>;

fn read(partitions: &[TopicPartition], answer: &TopicPartitionList) -> Answers {
    partitions
        .iter()
        .map(|partition| {
            let Some(element) = answer.find_partition(&partition.topic, partition.partition.0) else {
                return Err((
                    partition.to_string(),
                    KafkaError::OffsetFetch(RDKafkaErrorCode::UnknownPartition),
                ));
            };
            element.error().map_err(|error| (partition.to_string(), error))?;
            Ok(match element.offset() {
                KafkaOffset::Offset(offset) => Some(offset),
                _ => None,
            })
        })
        .collect()
}
