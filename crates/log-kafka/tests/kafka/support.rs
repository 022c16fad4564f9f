//! Topics, sessions and records for the tests on a real broker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use winback_core::ids::{Offset, Partition};
use winback_core::time::Span;
use winback_log::{
    Append, Cleanup, GroupEvent, Log, LogError, Message, Reader, Session, SessionSpec, TimestampKind,
    TopicPartition, TopicSpec,
};
use winback_log_kafka::{KafkaLog, KafkaOptions};
use winback_testkit::Broker;

/// The deadline for a level.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
/// The time that one poll waits.
pub(crate) const WAIT: Duration = Duration::from_millis(50);

pub(crate) fn log(broker: &Broker) -> KafkaLog {
    log_with(broker, |_| {})
}

pub(crate) fn log_with(broker: &Broker, change: impl FnOnce(&mut KafkaOptions)) -> KafkaLog {
    let mut options = KafkaOptions::from_url(&broker.url()).unwrap();
    options.session_timeout = Duration::from_secs(6);
    options.transaction_timeout = Duration::from_secs(5);
    options.commit_deadline = Duration::from_secs(4);
    change(&mut options);
    KafkaLog::new(options).unwrap()
}

pub(crate) fn deleted(name: &str, partitions: i32) -> TopicSpec {
    TopicSpec {
        name: name.to_owned(),
        partitions,
        replication: 1,
        cleanup: Cleanup::Delete(None),
        timestamps: TimestampKind::Append,
        max_record_bytes: 1_000_000,
    }
}

pub(crate) fn compacted(name: &str, partitions: i32) -> TopicSpec {
    TopicSpec { cleanup: Cleanup::Compact { tombstones: Span::from_days(7) }, ..deleted(name, partitions) }
}

pub(crate) fn spec(name: &str, topics: &[&str]) -> SessionSpec {
    SessionSpec {
        group: name.to_owned(),
        transactional_id: format!("{name}.test.0"),
        topics: topics.iter().map(|topic| Arc::from(*topic)).collect(),
    }
}

pub(crate) fn record<'a>(topic: &'a str, key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> Append<'a> {
    Append { topic, partition: None, key, value, headers: &[], timestamp: None }
}

pub(crate) fn append(session: &mut dyn Session, topic: &str, value: &[u8]) {
    session.append(&record(topic, None, Some(value))).unwrap();
}

/// Records whose values count from 0, evenly over the partitions.
pub(crate) fn write(log: &dyn Log, topic: &str, count: u64, partitions: i32) {
    let mut writer = log.writer().unwrap();
    for (id, partition) in (0..count).zip((0..partitions).cycle()) {
        let value = id.to_be_bytes();
        let partition = Some(Partition(partition));
        writer.append(&Append { partition, ..record(topic, None, Some(&value)) }).unwrap();
    }
    writer.flush().unwrap();
}

pub(crate) fn message_id(message: &Message) -> u64 {
    u64::from_be_bytes(message.value().unwrap().try_into().unwrap())
}

/// Joins and takes all partitions from their beginning.
pub(crate) fn join(log: &dyn Log, spec: SessionSpec) -> Box<dyn Session> {
    let mut session = log.session(spec).unwrap();
    answer(&mut *session, |_| Offset::ZERO);
    session
}

/// Waits for an assignment and takes it.
pub(crate) fn answer(session: &mut dyn Session, start: impl Fn(&TopicPartition) -> Offset) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        assert!(Instant::now() < deadline, "no assignment came");
        if let Some(GroupEvent::Assigned(partitions)) = session.poll(1, WAIT, &mut Vec::new()).unwrap() {
            let starts: Vec<_> =
                partitions.into_iter().map(|partition| (partition.clone(), start(&partition))).collect();
            return session.assign(&starts).unwrap();
        }
    }
}

/// Polls until there are at least `count` messages.
pub(crate) fn poll_until(session: &mut dyn Session, messages: &mut Vec<Message>, count: usize) {
    let deadline = Instant::now() + DEADLINE;
    while messages.len() < count {
        assert!(Instant::now() < deadline, "{} of {count} messages came", messages.len());
        let event = session.poll(count - messages.len(), WAIT, messages).unwrap();
        assert_eq!(event, None);
    }
}

/// Everything that is in these partitions now.
pub(crate) fn take_all(reader: &mut dyn Reader, partitions: &[TopicPartition]) -> Vec<Message> {
    let starts: Vec<_> = partitions.iter().map(|partition| (partition.clone(), Offset::ZERO)).collect();
    reader.assign(&starts).unwrap();
    let ends = reader.end_offsets(partitions).unwrap();
    let mut messages = Vec::new();
    let deadline = Instant::now() + DEADLINE;
    while partitions.iter().zip(&ends).any(|(partition, end)| reader.position(partition) < Some(*end)) {
        assert!(Instant::now() < deadline, "{} messages, not yet to the end", messages.len());
        reader.poll(10_000, WAIT, &mut messages).unwrap();
    }
    messages
}

/// The positions behind what was read, of the partitions that anything was read from.
pub(crate) fn positions(messages: &[Message], topic: &str) -> Vec<(TopicPartition, Offset)> {
    let mut found = Vec::<(TopicPartition, Offset)>::new();
    for message in messages.iter().rev() {
        if found.iter().all(|(known, _)| known.partition != message.partition) {
            let partition = TopicPartition::new(topic, message.partition.0);
            found.push((partition, message.offset.next()));
        }
    }
    found
}

/// Ends a session. A leave that outlasts its time on a busy machine is no fault: the group's own time-out removes the member.
pub(crate) fn leave(session: Box<dyn Session>) {
    match session.close() {
        Ok(()) => {}
        Err(LogError::Unavailable { why, .. }) if why.contains("leaving the consumer group") => {}
        Err(error) => panic!("{error}"),
    }
}
