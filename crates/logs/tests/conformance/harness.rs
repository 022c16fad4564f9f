//! The interface of a log under test, and the lane that drives it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use winback_core::ids::{Offset, Partition};
use winback_core::time::Time;
use winback_log::{
    Append, Cleanup, CommitError, GroupEvent, Log, Message, Reader, Session, SessionSpec, SystemClock,
    TimestampKind, TopicPartition, TopicSpec,
};

/// The time that one poll of a case waits.
pub(crate) const POLL: Duration = Duration::from_millis(20);

/// A log under test.
pub(crate) trait Harness {
    /// The log.
    fn log(&self) -> &dyn Log;

    /// A name for topics, groups and transactional ids that no other test uses.
    fn unique(&self, base: &str) -> String;

    /// The time limit of the log for anything.
    fn deadline(&self) -> Duration;

    /// Compacts the topic to its end; false when the log does so in its own time only.
    fn compact(&self, topic: &str) -> bool;
}

/// Runs `step` until it says yes; fails after the harness's deadline.
pub(crate) fn until(harness: &dyn Harness, what: &str, mut step: impl FnMut() -> bool) {
    let deadline = Instant::now() + harness.deadline();
    while !step() {
        assert!(Instant::now() < deadline, "waited for: {what}");
    }
}

/// The machine's time.
pub(crate) fn now() -> Time {
    use winback_log::Clock;
    SystemClock.now()
}

/// A topic's settings: for ever, stamped by the log.
pub(crate) fn spec(name: &str, partitions: i32) -> TopicSpec {
    TopicSpec {
        name: name.to_owned(),
        partitions,
        replication: 1,
        cleanup: Cleanup::Delete(None),
        timestamps: TimestampKind::Append,
        max_record_bytes: 4 << 20,
    }
}

/// Makes a topic and returns its unique name.
pub(crate) fn topic(harness: &dyn Harness, base: &str, partitions: i32) -> String {
    topic_with(harness, &spec(base, partitions))
}

/// Makes a topic like `spec` under a unique name.
pub(crate) fn topic_with(harness: &dyn Harness, spec: &TopicSpec) -> String {
    let name = harness.unique(&spec.name);
    harness.log().create(&TopicSpec { name: name.clone(), ..spec.clone() }).unwrap();
    name
}

/// A record with a value only.
pub(crate) fn plain<'a>(topic: &'a str, partition: i32, value: &'a [u8]) -> Append<'a> {
    Append {
        topic,
        partition: Some(Partition(partition)),
        key: None,
        value: Some(value),
        headers: &[],
        timestamp: None,
    }
}

/// Writes these records without a transaction.
pub(crate) fn write(harness: &dyn Harness, records: &[Append<'_>]) {
    let mut writer = harness.log().writer().unwrap();
    for record in records {
        writer.append(record).unwrap();
    }
    writer.flush().unwrap();
}

/// Writes numbers as text.
pub(crate) fn write_numbers(
    harness: &dyn Harness,
    topic: &str,
    partition: i32,
    numbers: std::ops::Range<u32>,
) {
    let texts: Vec<String> = numbers.map(|number| number.to_string()).collect();
    let records: Vec<_> = texts.iter().map(|text| plain(topic, partition, text.as_bytes())).collect();
    write(harness, &records);
}

/// The value as text.
pub(crate) fn text(message: &Message) -> String {
    String::from_utf8(message.value().unwrap().to_vec()).unwrap()
}

/// All partitions of a topic.
pub(crate) fn partitions(topic: &str, count: i32) -> Vec<TopicPartition> {
    (0..count).map(|at| TopicPartition::new(topic, at)).collect()
}

/// A reader of these partitions from their beginnings.
pub(crate) fn reader(harness: &dyn Harness, partitions: &[TopicPartition]) -> Box<dyn Reader> {
    let mut reader = harness.log().reader().unwrap();
    let starts: Vec<_> = partitions.iter().map(|at| (at.clone(), Offset::ZERO)).collect();
    reader.assign(&starts).unwrap();
    reader
}

/// Everything committed to a topic, up to the ends of now.
pub(crate) fn read_all(harness: &dyn Harness, topic: &str, count: i32) -> Vec<Message> {
    let partitions = partitions(topic, count);
    let mut reader = reader(harness, &partitions);
    let ends = reader.end_offsets(&partitions).unwrap();
    let mut messages = Vec::new();
    until(harness, "a reader at the ends", || {
        reader.poll(1_000, POLL, &mut messages).unwrap();
        partitions.iter().zip(&ends).all(|(at, end)| reader.position(at) >= Some(*end))
    });
    messages
}

/// A session that answers its group's events as a lane does.
pub(crate) struct Lane {
    pub(crate) session: Box<dyn Session>,
    pub(crate) owned: BTreeSet<TopicPartition>,
    pub(crate) group: String,
    topics: Vec<Arc<str>>,
}

impl Lane {
    /// Joins; nothing is assigned before the first polls.
    pub(crate) fn join(harness: &dyn Harness, group: &str, id: &str, topics: &[&str]) -> Self {
        let topics: Vec<Arc<str>> = topics.iter().map(|topic| Arc::from(*topic)).collect();
        let spec =
            SessionSpec { group: group.to_owned(), transactional_id: id.to_owned(), topics: topics.clone() };
        let session = harness.log().session(spec).unwrap();
        Self { session, owned: BTreeSet::new(), group: group.to_owned(), topics }
    }

    /// A lane alone in its own group, with `count` partitions of `topic` assigned.
    pub(crate) fn alone(harness: &dyn Harness, topic: &str, count: usize) -> Self {
        let group = harness.unique("group");
        let mut lane = Self::join(harness, &group, &harness.unique("id"), &[topic]);
        lane.own(harness, count);
        lane
    }

    /// Polls without taking records until it owns so many partitions.
    pub(crate) fn own(&mut self, harness: &dyn Harness, count: usize) {
        until(harness, &format!("{count} partitions"), || {
            self.owned.len() == count || {
                self.answer(POLL, 0, &mut Vec::new());
                false
            }
        });
    }

    /// Polls once; whether it was an event, which it has answered: partitions start where the group left them.
    pub(crate) fn answer(&mut self, wait: Duration, max: usize, into: &mut Vec<Message>) -> bool {
        match self.session.poll(max, wait, into).unwrap() {
            None => return false,
            Some(GroupEvent::Assigned(list)) => {
                let committed = self.session.committed(&list).unwrap();
                let beginnings = self.session.beginnings(&list).unwrap();
                let starts = list.iter().cloned().zip(committed.iter().zip(&beginnings));
                let starts: Vec<_> =
                    starts.map(|(at, (committed, first))| (at, committed.unwrap_or(*first))).collect();
                self.session.assign(&starts).unwrap();
                self.owned.extend(list);
            }
            Some(GroupEvent::Revoked(list) | GroupEvent::Lost(list)) => {
                self.session.release(&list).unwrap();
                self.owned.retain(|at| !list.contains(at));
            }
        }
        true
    }

    /// Polls until `count` records have come.
    pub(crate) fn take(&mut self, harness: &dyn Harness, count: usize) -> Vec<Message> {
        let mut messages = Vec::new();
        until(harness, &format!("{count} records"), || {
            let left = count - messages.len();
            self.answer(POLL, left, &mut messages);
            messages.len() >= count
        });
        messages
    }

    /// Polls some records and copies their values to `out` in one transaction with the positions.
    pub(crate) fn copy(&mut self, max: usize, out: &str) -> usize {
        let mut messages = Vec::new();
        self.answer(POLL, max, &mut messages);
        if messages.is_empty() {
            return 0;
        }
        self.session.begin().unwrap();
        for message in &messages {
            self.session.append(&plain(out, 0, message.value().unwrap())).unwrap();
        }
        match self.commit() {
            Ok(()) => messages.len(),
            // A group that is just sharing out anew may refuse positions: a known abort, so again from before.
            Err(CommitError::Aborted(_) | CommitError::Displaced(_)) => {
                for message in messages.iter().rev() {
                    self.session.seek(&self.source(message), message.offset).unwrap();
                }
                0
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Commits the open transaction with the positions of all that is assigned.
    pub(crate) fn commit(&mut self) -> Result<(), CommitError> {
        let positions = self.positions();
        self.session.commit(&positions)
    }

    /// The positions.
    pub(crate) fn positions(&self) -> Vec<(TopicPartition, Offset)> {
        self.owned.iter().map(|at| (at.clone(), self.session.position(at).unwrap())).collect()
    }

    /// The partition that a message came from.
    pub(crate) fn source(&self, message: &Message) -> TopicPartition {
        let topic = Arc::clone(&self.topics[usize::from(message.topic)]);
        TopicPartition { topic, partition: message.partition }
    }
}
