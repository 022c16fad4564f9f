//! Functions that only an embedded log has: faults, expulsion, and cleaning by a test's clock.

use std::sync::atomic::{AtomicI64, Ordering};

use winback_core::ids::{Offset, Partition};
use winback_core::time::{Span, Time};
use winback_log::{Append, Cleanup, CommitError, GroupEvent, Message, TimestampKind};

use super::*;

#[derive(Default)]
struct TestClock(AtomicI64);

impl TestClock {
    fn advance(&self, span: Span) {
        self.0.fetch_add(span.millis(), Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Time {
        Time::from_millis(self.0.load(Ordering::Relaxed))
    }
}

fn spec(name: &str, cleanup: Cleanup) -> TopicSpec {
    TopicSpec {
        name: name.to_owned(),
        partitions: 1,
        replication: 1,
        cleanup,
        timestamps: TimestampKind::Append,
        max_record_bytes: 1_000,
    }
}

/// Runs `check` over memory and over a file.
fn on_both(cleanup: Cleanup, check: impl Fn(&EmbeddedLog, &TestClock)) {
    let folder = tempfile::tempdir().unwrap();
    let clock = || Arc::new(TestClock(AtomicI64::new(1_000_000)));
    let (memory, file) = (clock(), clock());
    let logs = [
        (EmbeddedLog::simulated(memory.clone()), memory),
        (EmbeddedLog::sqlite(&folder.path().join("log.db"), file.clone()).unwrap(), file),
    ];
    for (log, clock) in logs {
        Log::create(&log, &spec("in", cleanup)).unwrap();
        Log::create(&log, &spec("out", Cleanup::Delete(None))).unwrap();
        check(&log, &clock);
    }
}

fn append<'a>(topic: &'a str, key: &'a str, value: Option<&'a str>) -> Append<'a> {
    let (key, value) = (Some(key.as_bytes()), value.map(str::as_bytes));
    Append { topic, partition: Some(Partition(0)), key, value, headers: &[], timestamp: None }
}

fn write(log: &EmbeddedLog, records: &[(&str, Option<&str>)]) {
    let mut writer = log.writer().unwrap();
    for (key, value) in records {
        writer.append(&append("in", key, *value)).unwrap();
    }
    writer.flush().unwrap();
}

fn at(topic: &str) -> TopicPartition {
    TopicPartition::new(topic, 0)
}

fn join(log: &EmbeddedLog, id: &str) -> Box<dyn Session> {
    let topics = vec!["in".into()];
    log.session(SessionSpec { group: "g".to_owned(), transactional_id: id.to_owned(), topics }).unwrap()
}

/// A session with `in/0` assigned from its beginning.
fn assigned(log: &EmbeddedLog, id: &str) -> Box<dyn Session> {
    let mut session = join(log, id);
    let event = session.poll(0, Duration::ZERO, &mut Vec::new()).unwrap();
    assert_eq!(event, Some(GroupEvent::Assigned(vec![at("in")])));
    session.assign(&[(at("in"), Offset::ZERO)]).unwrap();
    session
}

fn offsets(log: &EmbeddedLog, topic: &str) -> Vec<i64> {
    let mut reader = log.reader().unwrap();
    reader.assign(&[(at(topic), Offset::ZERO)]).unwrap();
    let mut messages: Vec<Message> = Vec::new();
    reader.poll(1_000, Duration::ZERO, &mut messages).unwrap();
    assert_eq!(reader.position(&at(topic)), Some(reader.end_offsets(&[at(topic)]).unwrap()[0]));
    messages.iter().map(|message| message.offset.0).collect()
}

fn clean(log: &EmbeddedLog) {
    while log.maintain(Duration::from_secs(1)).unwrap() {}
}

fn commit_one(session: &mut dyn Session) -> Result<(), CommitError> {
    session.begin()?;
    session.append(&append("out", "k", Some("v")))?;
    session.commit(&[(at("in"), Offset(1))])
}

#[test]
fn every_fault_leaves_what_it_says() {
    for (fault, kind, written) in [
        (Fault::CommitUnknownApplied, "unknown", 1),
        (Fault::CommitUnknownDropped, "unknown", 0),
        (Fault::CommitAborted, "aborted", 0),
        (Fault::CommitFenced, "fenced", 0),
    ] {
        on_both(Cleanup::Delete(None), |log, _| {
            write(log, &[("k", Some("v"))]);
            let mut session = assigned(log, "a");
            log.inject("a", fault);
            log.inject("another", Fault::CommitAborted);
            assert_eq!(commit_one(session.as_mut()).unwrap_err().kind(), kind, "{fault:?}");
            if kind == "unknown" {
                assert_eq!(session.begin().unwrap_err().kind(), "unknown", "only a recovery may follow");
                session.recover().unwrap();
            }
            assert_eq!(offsets(log, "out").len(), written, "{fault:?}");
            let position = session.committed(&[at("in")]).unwrap()[0];
            assert_eq!(position.is_some(), written == 1, "positions follow the records");
            if kind != "fenced" {
                commit_one(session.as_mut()).unwrap();
            }
        });
    }
}

#[test]
fn an_abort_and_a_poll_can_fail_once() {
    on_both(Cleanup::Delete(None), |log, _| {
        let mut session = assigned(log, "a");
        log.inject("a", Fault::PollFails);
        assert!(session.poll(1, Duration::ZERO, &mut Vec::new()).is_err());
        assert!(session.poll(1, Duration::ZERO, &mut Vec::new()).is_ok());
        log.inject("a", Fault::AbortUnknown);
        session.begin().unwrap();
        assert_eq!(session.abort().unwrap_err().kind(), "unknown");
        session.recover().unwrap();
        session.begin().unwrap();
        session.abort().unwrap();
    });
}

#[test]
fn an_expelled_zombie_commits_nothing_hears_of_it_and_comes_back() {
    on_both(Cleanup::Delete(None), |log, _| {
        write(log, &[("k", Some("v"))]);
        let (mut zombie, mut other) = (assigned(log, "a"), join(log, "b"));
        zombie.begin().unwrap();
        zombie.append(&append("out", "k", Some("zombie"))).unwrap();
        assert!(log.expel("a"));
        let event = other.poll(0, Duration::ZERO, &mut Vec::new()).unwrap();
        assert_eq!(event, Some(GroupEvent::Assigned(vec![at("in")])));
        assert_eq!(zombie.commit(&[(at("in"), Offset(1))]).unwrap_err().kind(), "displaced");
        assert!(offsets(log, "out").is_empty());
        let event = zombie.poll(0, Duration::ZERO, &mut Vec::new()).unwrap();
        assert_eq!(event, Some(GroupEvent::Lost(vec![at("in")])));
        zombie.release(&[at("in")]).unwrap();
        other.close().unwrap();
        let event = zombie.poll(0, Duration::ZERO, &mut Vec::new()).unwrap();
        assert_eq!(event, Some(GroupEvent::Assigned(vec![at("in")])));
    });
}

#[test]
fn a_transaction_whose_end_is_on_its_way_is_neither_there_nor_gone() {
    for arrives in [true, false] {
        on_both(Cleanup::Delete(None), |log, _| {
            write(log, &[("k", Some("v"))]);
            let mut session = assigned(log, "a");
            log.inject("a", Fault::CommitUnknownLater);
            assert_eq!(commit_one(session.as_mut()).unwrap_err().kind(), "unknown");
            let mut other = join(log, "b");
            for asked in [session.committed(&[at("in")]), other.committed(&[at("in")])] {
                assert_eq!(asked.unwrap_err().kind(), "away", "no position is told that may change");
            }
            assert!(offsets(log, "out").is_empty());
            let ended = if arrives { log.arrive("a").unwrap() } else { log.expire("a") };
            assert!(ended && !log.arrive("a").unwrap());
            let position = other.committed(&[at("in")]).unwrap()[0];
            assert_eq!(
                (position, offsets(log, "out").len()),
                (arrives.then_some(Offset(1)), usize::from(arrives))
            );
        });
    }
}

#[test]
fn who_waits_for_a_stable_position_is_told_what_has_arrived_meanwhile() {
    on_both(Cleanup::Delete(None), |log, _| {
        let (mut session, mut other) = (assigned(log, "a"), join(log, "b"));
        log.inject("a", Fault::CommitUnknownLater);
        log.inject("a", Fault::ArriveWhenAsked);
        assert_eq!(commit_one(session.as_mut()).unwrap_err().kind(), "unknown");
        assert_eq!(other.committed(&[at("in")]).unwrap(), [Some(Offset(1))]);
        assert_eq!(offsets(log, "out").len(), 1);
    });
}

#[test]
fn whoever_takes_the_transactional_id_ends_what_was_on_its_way() {
    for replaced in [true, false] {
        on_both(Cleanup::Delete(None), |log, _| {
            let mut session = assigned(log, "a");
            log.inject("a", Fault::CommitUnknownLater);
            assert_eq!(commit_one(session.as_mut()).unwrap_err().kind(), "unknown");
            if replaced {
                drop(join(log, "a"));
            } else {
                session.recover().unwrap();
            }
            assert!(!log.arrive("a").unwrap(), "it comes too late");
            assert!(offsets(log, "out").is_empty());
        });
    }
}

#[test]
fn a_member_that_is_thrown_out_while_it_commits_has_committed_nothing() {
    on_both(Cleanup::Delete(None), |log, _| {
        let mut session = assigned(log, "a");
        log.inject("a", Fault::CommitExpelled);
        assert_eq!(commit_one(session.as_mut()).unwrap_err().kind(), "displaced");
        assert!(offsets(log, "out").is_empty());
        let event = session.poll(0, Duration::ZERO, &mut Vec::new()).unwrap();
        assert_eq!(event, Some(GroupEvent::Lost(vec![at("in")])));
    });
}

#[test]
fn an_append_and_a_read_can_fail_once_and_calm_forgets_what_waits() {
    on_both(Cleanup::Delete(None), |log, _| {
        let mut session = assigned(log, "a");
        log.inject("a", Fault::AppendFails);
        assert_eq!(commit_one(session.as_mut()).unwrap_err().kind(), "aborted");
        session.abort().unwrap();
        commit_one(session.as_mut()).unwrap();
        let mut reader = log.reader().unwrap();
        log.inject("", Fault::ReadFails);
        assert_eq!(reader.poll(1, Duration::ZERO, &mut Vec::new()).unwrap_err().kind(), "away");
        reader.poll(1, Duration::ZERO, &mut Vec::new()).unwrap();
        log.inject("a", Fault::CommitAborted);
        log.calm();
        commit_one(session.as_mut()).unwrap();
    });
}

#[test]
fn a_stale_delivery_comes_with_the_next_assignment_under_the_old_epoch() {
    on_both(Cleanup::Delete(None), |log, _| {
        write(log, &[("a", Some("1")), ("b", Some("2")), ("c", Some("3"))]);
        let mut session = assigned(log, "a");
        log.inject("a", Fault::StaleDelivery);
        session.release(&[at("in")]).unwrap();
        let mut messages = Vec::new();
        let event = session.poll(9, Duration::ZERO, &mut messages).unwrap();
        assert_eq!(event, Some(GroupEvent::Assigned(vec![at("in")])));
        session.assign(&[(at("in"), Offset::ZERO)]).unwrap();
        session.poll(9, Duration::ZERO, &mut messages).unwrap();
        let seen: Vec<_> = messages.iter().map(|message| (message.offset.0, message.epoch)).collect();
        assert_eq!(seen, [(1, 1), (2, 1), (0, 2), (1, 2), (2, 2)]);
    });
}

#[test]
fn a_transaction_of_the_model_leaves_a_marker_where_it_wrote() {
    let log = EmbeddedLog::model(Arc::new(TestClock::default()));
    Log::create(&log, &spec("in", Cleanup::Delete(None))).unwrap();
    Log::create(&log, &spec("out", Cleanup::Delete(None))).unwrap();
    let mut session = assigned(&log, "a");
    commit_one(session.as_mut()).unwrap();
    commit_one(session.as_mut()).unwrap();
    assert_eq!(
        offsets(&log, "out"),
        [0, 2],
        "and a reader's position reaches the end behind the last marker"
    );
    write(&log, &[("k", Some("v"))]);
    assert_eq!(session.end_offsets(&[at("in"), at("out")]).unwrap(), [Offset(1), Offset(4)]);
}

#[test]
fn a_record_that_is_too_large_is_refused_and_the_transaction_goes_on() {
    on_both(Cleanup::Delete(None), |log, _| {
        let mut session = assigned(log, "a");
        session.begin().unwrap();
        let large = "x".repeat(1_001);
        assert_eq!(session.append(&append("out", "k", Some(&large))).unwrap_err().kind(), "record");
        session.append(&append("out", "k", Some("small"))).unwrap();
        session.commit(&[(at("in"), Offset(0))]).unwrap();
        assert_eq!(offsets(log, "out"), [0]);
    });
}

#[test]
fn retention_moves_the_beginning_and_never_uses_an_offset_again() {
    on_both(Cleanup::Delete(Some(Span::from_mins(10))), |log, clock| {
        write(log, &[("a", Some("1")), ("b", Some("2"))]);
        let mut session = assigned(log, "a");
        clock.advance(Span::from_mins(8));
        write(log, &[("c", Some("3"))]);
        clock.advance(Span::from_mins(3));
        clean(log);
        assert_eq!(offsets(log, "in"), [2]);
        assert_eq!(session.beginnings(&[at("in")]).unwrap(), [Offset(2)]);
        let late = session.poll(10, Duration::ZERO, &mut Vec::new()).unwrap_err();
        assert_eq!(late.kind(), "out_of_range", "a session is told that records are gone");
        clock.advance(Span::from_mins(30));
        clean(log);
        write(log, &[("d", Some("4"))]);
        assert_eq!(offsets(log, "in"), [3]);
    });
}

#[test]
fn compaction_removes_tombstones_when_they_are_old_and_keeps_records_without_a_key() {
    let tombstones = Span::from_days(7);
    on_both(Cleanup::Compact { tombstones }, |log, clock| {
        write(log, &[("a", Some("1")), ("b", Some("1")), ("a", None), ("b", Some("2"))]);
        let mut writer = log.writer().unwrap();
        writer.append(&Append { key: None, ..append("in", "", Some("keyless")) }).unwrap();
        writer.flush().unwrap();
        clean(log);
        assert_eq!(offsets(log, "in"), [2, 3, 4]);
        clock.advance(Span::from_days(8));
        clean(log);
        assert_eq!(offsets(log, "in"), [3, 4]);
        write(log, &[("a", Some("again")), ("b", Some("3"))]);
        clean(log);
        assert_eq!(offsets(log, "in"), [4, 5, 6]);
    });
}

#[test]
fn the_logs_timestamps_never_fall_when_the_clock_does() {
    on_both(Cleanup::Delete(None), |log, clock| {
        write(log, &[("a", Some("1"))]);
        clock.advance(Span::from_mins(-5));
        write(log, &[("a", Some("2"))]);
        let mut reader = log.reader().unwrap();
        reader.assign(&[(at("in"), Offset::ZERO)]).unwrap();
        let mut messages = Vec::new();
        reader.poll(10, Duration::ZERO, &mut messages).unwrap();
        assert_eq!(messages[0].timestamp, messages[1].timestamp);
    });
}
