//! The content of a topic as a reader of either isolation level sees it: the difference was never committed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

const LONGEST: Duration = Duration::from_secs(60);
const ASK: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(200);

/// The records that a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Those of committed transactions, up to the first that is open.
    Committed,
    /// All that were written, also those of aborted transactions.
    Uncommitted,
}

/// The offsets of records, by partition.
pub type Offsets = BTreeMap<i32, BTreeSet<i64>>;

fn consumer(bootstrap: &str, isolation: Isolation) -> Result<BaseConsumer, KafkaError> {
    let level = match isolation {
        Isolation::Committed => "read_committed",
        Isolation::Uncommitted => "read_uncommitted",
    };
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "winback-testkit")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", level)
        .create()
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> Result<Vec<i32>, KafkaError> {
    let metadata = consumer.fetch_metadata(Some(topic), ASK)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    Ok(found
        .map(|found| found.partitions().iter().map(|partition| partition.id()).collect())
        .unwrap_or_default())
}

/// The end of each partition for such a reader: the last stable offset, or the end of the last record.
///
/// # Errors
/// If the brokers do not answer.
pub fn ends(bootstrap: &str, topic: &str, isolation: Isolation) -> Result<BTreeMap<i32, i64>, KafkaError> {
    let consumer = consumer(bootstrap, isolation)?;
    let end = |partition: i32| Ok((partition, consumer.fetch_watermarks(topic, partition, ASK)?.1));
    partitions(&consumer, topic)?.into_iter().map(end).collect()
}

/// The offsets of a topic's records that such a reader gets, from the first to the end.
///
/// # Errors
/// When the brokers do not answer, or the end is not reached within a minute.
pub fn offsets(bootstrap: &str, topic: &str, isolation: Isolation) -> Result<Offsets, KafkaError> {
    let consumer = consumer(bootstrap, isolation)?;
    let mut all = TopicPartitionList::new();
    let mut found = Offsets::new();
    for partition in partitions(&consumer, topic)? {
        all.add_partition_offset(topic, partition, Offset::Beginning)?;
        found.insert(partition, BTreeSet::new());
    }
    consumer.assign(&all)?;
    let (deadline, mut open) = (Instant::now() + LONGEST, all.count());
    while open > 0 {
        if Instant::now() >= deadline {
            return Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut));
        }
        match consumer.poll(POLL) {
            None => {}
            Some(Ok(message)) => {
                found.entry(message.partition()).or_default().insert(message.offset());
            }
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(error)) => return Err(error),
        }
    }
    Ok(found)
}

/// The number of records of a topic that only a reader of uncommitted data gets: writes of aborted transactions.
///
/// # Errors
/// As [`offsets`].
pub fn aborted(bootstrap: &str, topic: &str) -> Result<usize, KafkaError> {
    let [all, committed] =
        [Isolation::Uncommitted, Isolation::Committed].map(|isolation| offsets(bootstrap, topic, isolation));
    let committed = committed?;
    let none = BTreeSet::new();
    let more = |(partition, offsets): (&i32, &BTreeSet<i64>)| {
        offsets.difference(committed.get(partition).unwrap_or(&none)).count()
    };
    Ok(all?.iter().map(more).sum())
}
