//! The topics of one case: what was put in, and what came out.

use std::sync::Mutex;
use std::time::Instant;

use winback_core::ids::{Offset, Partition};
use winback_core::time::Span;
use winback_log::{Append, Cleanup, Log, TimestampKind, TopicPartition, TopicSpec};
use winback_log_kafka::KafkaLog;

use crate::world::{DEADLINE, World};

pub(crate) const PARTITIONS: i32 = 2;
const WAIT: std::time::Duration = std::time::Duration::from_millis(50);

/// Names, and a way to the broker that no proxy disturbs.
pub(crate) struct Topics {
    pub(crate) name: String,
    log: KafkaLog,
    written: Mutex<Vec<Vec<String>>>,
}

impl Topics {
    pub(crate) fn new(world: &World) -> Self {
        let (name, log) = (world.name(), world.log());
        let written = Mutex::new((0..PARTITIONS).map(|_| Vec::new()).collect());
        let topics = Self { name, log, written };
        for topic in [topics.input(), topics.output(), topics.changelog(), topics.dead()] {
            let cleanup = if topic == topics.changelog() {
                Cleanup::Compact { tombstones: Span::from_days(7) }
            } else {
                Cleanup::Delete(None)
            };
            let (partitions, replication, timestamps) = (PARTITIONS, 1, TimestampKind::Append);
            let max_record_bytes = 1_000_000;
            let spec =
                TopicSpec { name: topic, partitions, replication, cleanup, timestamps, max_record_bytes };
            topics.log.create(&spec).unwrap();
        }
        topics
    }

    pub(crate) fn input(&self) -> String {
        format!("{}-in", self.name)
    }

    pub(crate) fn output(&self) -> String {
        format!("{}-out", self.name)
    }

    pub(crate) fn changelog(&self) -> String {
        format!("{}-changelog", self.name)
    }

    pub(crate) fn dead(&self) -> String {
        format!("{}-dead", self.name)
    }

    /// Writes `count` more records to each input partition.
    pub(crate) fn write(&self, count: usize) {
        self.write_with(count, false);
    }

    /// The same, and a record that no transaction can copy if it shall be.
    pub(crate) fn write_with(&self, count: usize, huge: bool) {
        let records = (0..PARTITIONS).flat_map(|partition| (0..count).map(move |_| (partition, "record")));
        self.append(records.chain(huge.then_some((PARTITIONS - 1, "huge"))));
    }

    fn append(&self, records: impl IntoIterator<Item = (i32, &'static str)>) {
        let mut writer = self.log.writer().unwrap();
        let mut written = self.written.lock().unwrap();
        for (partition, what) in records {
            let list = &mut written[usize::try_from(partition).unwrap()];
            let payload = format!("{what}-{partition}-{}", list.len());
            writer.append(&record(&self.input(), partition, payload.as_bytes())).unwrap();
            list.push(payload);
        }
        writer.flush().unwrap();
    }

    /// The input, partition by partition.
    pub(crate) fn written(&self) -> Vec<Vec<String>> {
        self.written.lock().unwrap().clone()
    }

    /// The number of input records, partition by partition.
    pub(crate) fn ends(&self) -> Vec<i64> {
        self.written.lock().unwrap().iter().map(|list| i64::try_from(list.len()).unwrap()).collect()
    }

    /// The group's positions, when no transaction is open.
    pub(crate) fn positions(&self) -> Vec<i64> {
        let input = self.input();
        let partitions: Vec<_> =
            (0..PARTITIONS).map(|number| TopicPartition::new(input.as_str(), number)).collect();
        let found = self.log.reader().unwrap().committed(&self.name, &partitions).unwrap();
        found.into_iter().map(|offset| offset.map_or(0, |offset| offset.0)).collect()
    }

    /// Everything committed in a partition.
    pub(crate) fn read(&self, topic: &str, partition: i32) -> Vec<Vec<u8>> {
        let from = TopicPartition::new(topic, partition);
        let mut reader = self.log.reader().unwrap();
        reader.assign(&[(from.clone(), Offset::ZERO)]).unwrap();
        let end = reader.high_watermarks(std::slice::from_ref(&from)).unwrap()[0];
        let mut messages = Vec::new();
        let deadline = Instant::now() + DEADLINE;
        while reader.position(&from) < Some(end) {
            assert!(Instant::now() < deadline, "{from} is not read to {end}: a transaction hangs");
            reader.poll(10_000, WAIT, &mut messages).unwrap();
        }
        messages.iter().map(|message| message.value().unwrap_or_default().to_vec()).collect()
    }
}

/// A record to a partition.
pub(crate) fn record<'a>(topic: &'a str, partition: i32, value: &'a [u8]) -> Append<'a> {
    let partition = Some(Partition(partition));
    Append { topic, partition, key: Some(b"key"), value: Some(value), headers: &[], timestamp: None }
}
