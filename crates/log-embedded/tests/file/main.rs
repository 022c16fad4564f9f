//! The SQLite file itself: what is left in it, who may read it, a damaged one, and a clock that jumps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod clock;
mod damage;
mod modes;
mod traces;
mod wal;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use winback_core::ids::{Offset, Partition};
use winback_core::time::{Span, Time};
use winback_log::{
    Append, Cleanup, Clock, GroupEvent, Log, LogError, Message, Session, SessionSpec, SystemClock,
    TimestampKind, TopicPartition, TopicSpec,
};
use winback_log_embedded::EmbeddedLog;

/// A clock that a test moves.
#[derive(Clone)]
struct TestClock(Arc<AtomicI64>);

impl TestClock {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_790_000_000_000)))
    }

    fn advance(&self, by: Span) {
        self.0.fetch_add(by.millis(), Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Time {
        Time::from_millis(self.0.load(Ordering::Relaxed))
    }
}

fn open(path: &Path) -> Result<EmbeddedLog, LogError> {
    EmbeddedLog::sqlite(path, Arc::new(SystemClock))
}

fn spec(name: &str, partitions: i32, cleanup: Cleanup) -> TopicSpec {
    TopicSpec {
        name: name.to_owned(),
        partitions,
        replication: 1,
        cleanup,
        timestamps: TimestampKind::Append,
        max_record_bytes: 1 << 20,
    }
}

const HEADERS: &[(&str, &[u8])] = &[("kind", b"test")];

fn record<'a>(topic: &'a str, partition: i32, key: &'a [u8], value: &'a [u8]) -> Append<'a> {
    let partition = Some(Partition(partition));
    Append { topic, partition, key: Some(key), value: Some(value), headers: HEADERS, timestamp: None }
}

fn write(log: &dyn Log, records: &[Append<'_>]) {
    let mut writer = log.writer().unwrap();
    records.iter().for_each(|record| writer.append(record).unwrap());
    writer.flush().unwrap();
}

/// The records of a partition, to its end.
fn read(log: &dyn Log, topic: &str, partition: i32) -> Result<Vec<Message>, LogError> {
    let at = TopicPartition::new(topic, partition);
    let mut reader = log.reader()?;
    let end = reader.end_offsets(std::slice::from_ref(&at))?[0];
    reader.assign(&[(at.clone(), Offset::ZERO)])?;
    let mut messages = Vec::new();
    while reader.position(&at).is_some_and(|next| next < end) {
        reader.poll(100, Duration::ZERO, &mut messages)?;
    }
    Ok(messages)
}

/// A session that has the only partition of `in`, from where it stood.
fn join(log: &dyn Log) -> Result<(Box<dyn Session>, TopicPartition), LogError> {
    let topics = vec!["in".into()];
    let spec = SessionSpec { group: "group".to_owned(), transactional_id: "id".to_owned(), topics };
    let (mut session, at) = (log.session(spec)?, TopicPartition::new("in", 0));
    loop {
        if let Some(GroupEvent::Assigned(_)) = session.poll(0, Duration::ZERO, &mut Vec::new())? {
            let next = session.committed(std::slice::from_ref(&at))?[0].unwrap_or(Offset::ZERO);
            session.assign(&[(at.clone(), next)])?;
            return Ok((session, at));
        }
    }
}
