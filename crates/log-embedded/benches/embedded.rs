//! The speed of a log in a file, in and out. The rates are of whole runs, because the cost of a file is in its
//! transactions. Run with `cargo bench -p winback-log --bench embedded`.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench reports on standard output and fails by panicking"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use winback_core::ids::{Offset, Partition};
use winback_log::{
    Append, Cleanup, GroupEvent, Log, SessionSpec, SystemClock, TimestampKind, TopicPartition, TopicSpec,
};
use winback_log_embedded::EmbeddedLog;

const RECORDS: u32 = 400_000;
const BATCH: u32 = 5_000;
const PARTITIONS: i32 = 4;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let file = EmbeddedLog::sqlite(&folder.path().join("bench.db"), Arc::new(SystemClock)).unwrap();
    run("sqlite", &file);
    run("memory", &EmbeddedLog::memory(Arc::new(SystemClock)));
}

fn run(name: &str, log: &dyn Log) {
    for topic in ["in", "out"] {
        let spec = TopicSpec {
            name: topic.to_owned(),
            partitions: PARTITIONS,
            replication: 1,
            cleanup: Cleanup::Delete(None),
            timestamps: TimestampKind::Append,
            max_record_bytes: 1 << 20,
        };
        log.create(&spec).unwrap();
    }
    timed(name, "written", || write(log));
    timed(name, "read", || read(log));
    timed(name, "copied in transactions", || copy(log));
    timed(name, "committed one by one", || commits(log));
}

fn timed(name: &str, what: &str, work: impl FnOnce() -> u32) {
    let started = Instant::now();
    let count = work();
    let took = started.elapsed();
    println!("{name:8} {count:>8} records {what:24} {:>9.0} a second", f64::from(count) / took.as_secs_f64());
}

fn record<'a>(topic: &'a str, key: &'a [u8], value: &'a [u8]) -> Append<'a> {
    Append { topic, partition: None, key: Some(key), value: Some(value), headers: &[], timestamp: None }
}

fn write(log: &dyn Log) -> u32 {
    let value = [b'x'; 600];
    let mut writer = log.writer().unwrap();
    for number in 0..RECORDS {
        writer.append(&record("in", &number.to_be_bytes(), &value)).unwrap();
    }
    writer.flush().unwrap();
    RECORDS
}

fn all() -> Vec<(TopicPartition, Offset)> {
    (0..PARTITIONS).map(|at| (TopicPartition::new("in", at), Offset::ZERO)).collect()
}

fn read(log: &dyn Log) -> u32 {
    let mut reader = log.reader().unwrap();
    reader.assign(&all()).unwrap();
    let (mut count, mut messages) = (0, Vec::new());
    while count < RECORDS {
        reader.poll(BATCH as usize, Duration::from_secs(1), &mut messages).unwrap();
        count += u32::try_from(messages.len()).unwrap();
        messages.clear();
    }
    count
}

/// The heaviest work of a matcher: each record goes on, in transactions with positions.
fn copy(log: &dyn Log) -> u32 {
    let spec = SessionSpec { group: "g".into(), transactional_id: "id".into(), topics: vec!["in".into()] };
    let mut session = log.session(spec).unwrap();
    let (mut count, mut messages) = (0, Vec::new());
    while count < RECORDS {
        if let Some(GroupEvent::Assigned(_)) =
            session.poll(BATCH as usize, Duration::from_secs(1), &mut messages).unwrap()
        {
            session.assign(&all()).unwrap();
            continue;
        }
        session.begin().unwrap();
        for message in &messages {
            session.append(&record("out", message.key().unwrap(), message.value().unwrap())).unwrap();
        }
        let positions = all().into_iter().map(|(at, _)| (at.clone(), session.position(&at).unwrap()));
        session.commit(&positions.collect::<Vec<_>>()).unwrap();
        count += u32::try_from(messages.len()).unwrap();
        messages.clear();
    }
    count
}

/// The latency of a durable commit, as a rate.
fn commits(log: &dyn Log) -> u32 {
    let mut writer = log.writer().unwrap();
    for _ in 0..500 {
        let one = record("out", b"k", b"v");
        writer.append(&Append { partition: Some(Partition(0)), ..one }).unwrap();
        writer.flush().unwrap();
    }
    500
}
