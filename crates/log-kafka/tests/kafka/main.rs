//! Behaviour that only a real broker can show: fencing, rebalances while records flow, control records at the end of a
//! partition, a broker that goes away.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod storm;
mod support;

use std::time::{Duration, Instant};

use support::{
    DEADLINE, WAIT, append, compacted, deleted, join, leave, log, log_with, message_id, poll_until, record,
    spec, take_all, write,
};
use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::{Append, Cleanup, CommitError, GroupEvent, Log, LogError, Session, TopicPartition};
use winback_testkit::{Broker, BrokerError, broker_or_skip};

#[test]
fn what_a_transaction_wrote_is_read_with_key_headers_and_tombstones() {
    let Some(broker) = broker_or_skip("transactions on Kafka") else { return };
    let log = log(broker);
    log.create(&deleted("roundtrip-in", 1)).unwrap();
    log.create(&compacted("roundtrip-out", 1)).unwrap();
    write(&log, "roundtrip-in", 1, 1);
    let mut session = join(&log, spec("roundtrip", &["roundtrip-in"]));
    let input = TopicPartition::new("roundtrip-in", 0);
    let mut messages = Vec::new();
    poll_until(&mut *session, &mut messages, 1);

    session.begin().unwrap();
    let headers: [(&str, &[u8]); 2] = [("ce_id", b"1"), ("empty", b"")];
    session
        .append(&Append { headers: &headers, ..record("roundtrip-out", Some(b"key"), Some(b"value")) })
        .unwrap();
    session.append(&record("roundtrip-out", Some(b"gone"), None)).unwrap();
    session.append(&record("roundtrip-out", Some(b""), Some(b""))).unwrap();
    session.commit(&[(input.clone(), Offset(1))]).unwrap();
    assert_eq!(session.committed(&[input]).unwrap(), [Some(Offset(1))]);

    let output = TopicPartition::new("roundtrip-out", 0);
    let mut reader = log.reader().unwrap();
    let all = take_all(&mut *reader, std::slice::from_ref(&output));
    assert_eq!(all.len(), 3);
    assert_eq!((all[0].key(), all[0].value()), (Some(&b"key"[..]), Some(&b"value"[..])));
    assert_eq!(all[0].header("ce_id").as_deref(), Some(&b"1"[..]));
    assert_eq!(all[0].header("empty").as_deref(), Some(&b""[..]));
    assert_eq!((all[1].key(), all[1].value()), (Some(&b"gone"[..]), None));
    assert_eq!((all[2].key(), all[2].value()), (Some(&b""[..]), Some(&b""[..])));
    // The commit's control record is behind the last of them; the position passes it.
    let deadline = Instant::now() + DEADLINE;
    while reader.position(&output) != Some(Offset(4)) {
        assert!(Instant::now() < deadline);
        reader.poll(1, WAIT, &mut Vec::new()).unwrap();
    }
    assert_eq!(reader.end_offsets(std::slice::from_ref(&output)).unwrap(), [Offset(4)]);
    drop(reader);
    // Messages outlive their reader.
    assert_eq!(all[0].value(), Some(&b"value"[..]));
    leave(session);
}

#[test]
fn a_session_whose_transactional_id_was_taken_is_fenced_at_its_commit() {
    let Some(broker) = broker_or_skip("fencing on Kafka") else { return };
    let log = log(broker);
    log.create(&deleted("fenced", 1)).unwrap();
    write(&log, "fenced", 10, 1);
    let mut old = join(&log, spec("fenced", &["fenced"]));
    let mut messages = Vec::new();
    poll_until(&mut *old, &mut messages, 10);
    old.begin().unwrap();
    append(&mut *old, "fenced", b"from the old one");

    let new = log.session(spec("fenced", &["fenced"])).unwrap();
    let input = TopicPartition::new("fenced", 0);
    match old.commit(&[(input, Offset(10))]) {
        Err(CommitError::Fenced { id, .. }) => assert_eq!(id, spec("fenced", &[]).transactional_id),
        other => panic!("not fenced: {other:?}"),
    }
    assert_eq!(old.begin().unwrap_err().kind(), "unknown");
    drop((old, new));
}

#[test]
fn a_transaction_of_who_left_the_group_is_aborted_not_sent_unfenced() {
    let Some(broker) = broker_or_skip("membership on Kafka") else { return };
    let log = log(broker);
    log.create(&deleted("unjoined", 1)).unwrap();
    let mut session = log.session(spec("unjoined", &["unjoined"])).unwrap();
    session.begin().unwrap();
    append(&mut *session, "unjoined", b"x");
    let refused = session.commit(&[]).unwrap_err();
    assert_eq!(refused.kind(), "no_positions");
    let aborted = session.commit(&[(TopicPartition::new("unjoined", 0), Offset(0))]).unwrap_err();
    assert_eq!(aborted.kind(), "displaced");
    // Empty transactions, too, leave the producer fit for the next one.
    session.begin().unwrap();
    session.abort().unwrap();
    session.begin().unwrap();
    session.abort().unwrap();
    leave(session);
}

#[test]
fn an_abort_right_behind_many_records_fails_no_later_transaction() {
    let Some(broker) = broker_or_skip("aborts on Kafka") else { return };
    let log = log(broker);
    log.create(&deleted("hasty", 1)).unwrap();
    write(&log, "hasty", 1, 1);
    log.create(&deleted("hasty-to", 8)).unwrap();
    let mut session = join(&log, spec("hasty", &["hasty"]));
    let input = TopicPartition::new("hasty", 0);
    for round in 0..10_u64 {
        session.begin().unwrap();
        (0..2_000).for_each(|_| append(&mut *session, "hasty-to", b"aborted"));
        session.abort().unwrap();
        session.begin().unwrap();
        (0..100).for_each(|_| append(&mut *session, "hasty-to", &round.to_be_bytes()));
        session.commit(&[(input.clone(), Offset(1))]).unwrap();
    }
    leave(session);
    let to: Vec<_> = (0..8).map(|partition| TopicPartition::new("hasty-to", partition)).collect();
    let rounds = take_all(&mut *log.reader().unwrap(), &to).iter().map(message_id).collect::<Vec<_>>();
    assert_eq!((rounds.len(), rounds.iter().sum()), (1_000, 4_500_u64), "what the other transactions wrote");
}

#[test]
fn a_reader_passes_the_end_only_when_the_transactions_before_it_have_ended() {
    let Some(broker) = broker_or_skip("ends on Kafka") else { return };
    let log = log(broker);
    log.create(&deleted("ends-in", 1)).unwrap();
    log.create(&deleted("ends-out", 1)).unwrap();
    write(&log, "ends-in", 5, 1);
    let mut session = join(&log, spec("ends", &["ends-in"]));
    let input = TopicPartition::new("ends-in", 0);
    let output = TopicPartition::new("ends-out", 0);
    let mut messages = Vec::new();
    poll_until(&mut *session, &mut messages, 5);
    for (step, text) in (0..20).zip(["committed", "aborted"].into_iter().cycle()) {
        session.begin().unwrap();
        append(&mut *session, "ends-out", text.as_bytes());
        if text == "aborted" {
            session.abort().unwrap();
        } else {
            session.commit(&[(input.clone(), Offset(step))]).unwrap();
            // The broker may still be telling the partition; the end lies behind the record all the same.
            let all = take_all(&mut *log.reader().unwrap(), std::slice::from_ref(&output));
            assert_eq!(all.len(), usize::try_from(step / 2 + 1).unwrap());
            assert!(all.iter().all(|message| message.value() == Some(b"committed")));
        }
    }
    leave(session);
}

#[test]
fn an_end_lies_behind_the_records_of_a_transaction_that_is_open() {
    let Some(broker) = broker_or_skip("ends of open transactions on Kafka") else { return };
    let log = log(broker);
    log.create(&deleted("open-in", 1)).unwrap();
    log.create(&deleted("open-out", 1)).unwrap();
    let mut session = join(&log, spec("open", &["open-in"]));
    let output = TopicPartition::new("open-out", 0);
    session.begin().unwrap();
    append(&mut *session, "open-out", b"x");
    let mut reader = log.reader().unwrap();
    let deadline = Instant::now() + DEADLINE;
    // The stable offset stays at 0 until the transaction ends; a restore that trusted it would miss the record.
    while reader.high_watermarks(std::slice::from_ref(&output)).unwrap() != [Offset(1)] {
        assert!(Instant::now() < deadline, "the end does not pass the record");
        session.poll(1, WAIT, &mut Vec::new()).unwrap();
    }
    session.commit(&[(TopicPartition::new("open-in", 0), Offset::ZERO)]).unwrap();
    leave(session);
}

#[test]
fn after_a_seek_back_and_after_a_pause_every_record_comes_again_in_order() {
    let Some(broker) = broker_or_skip("seeks on Kafka") else { return };
    let log = log(broker);
    log.create(&deleted("seek", 1)).unwrap();
    write(&log, "seek", 5_000, 1);
    let input = TopicPartition::new("seek", 0);
    let mut session = join(&log, spec("seek", &["seek"]));
    // Paused before anything was taken, while librdkafka already fetches.
    session.pause(std::slice::from_ref(&input)).unwrap();
    let mut messages = Vec::new();
    session.poll(100, WAIT, &mut messages).unwrap();
    assert!(messages.is_empty(), "a paused partition delivers nothing");
    assert_eq!(session.position(&input), Some(Offset::ZERO));
    session.resume(std::slice::from_ref(&input)).unwrap();
    poll_until(&mut *session, &mut messages, 1_000);
    session.pause(std::slice::from_ref(&input)).unwrap();
    let before = messages.len();
    session.poll(100, WAIT, &mut messages).unwrap();
    assert_eq!(messages.len(), before);
    session.resume(std::slice::from_ref(&input)).unwrap();
    poll_until(&mut *session, &mut messages, 5_000);
    assert!(messages.iter().zip(0..).all(|(message, offset)| message.offset == Offset(offset)));

    session.seek(&input, Offset(4_000)).unwrap();
    assert_eq!(session.position(&input), Some(Offset(4_000)));
    messages.clear();
    poll_until(&mut *session, &mut messages, 1_000);
    assert!(messages.iter().zip(4_000..).all(|(message, offset)| message.offset == Offset(offset)));
    let deadline = Instant::now() + DEADLINE;
    while session.known_end(&input) != Some(Offset(5_000)) || session.position(&input) != Some(Offset(5_000))
    {
        assert!(Instant::now() < deadline);
        session.poll(10, WAIT, &mut messages).unwrap();
    }
    leave(session);
}

#[test]
fn a_record_that_follows_an_end_is_not_skipped_when_a_pause_or_a_rebalance_comes_between() {
    let Some(broker) = broker_or_skip("ends and rebalances on Kafka") else { return };
    let log = log(broker);
    log.create(&deleted("skip", 2)).unwrap();
    write(&log, "skip", 20, 2);
    let mut first = join(&log, spec("skip", &["skip"]));
    let inputs: Vec<_> = (0..2).map(|partition| TopicPartition::new("skip", partition)).collect();
    let mut messages = Vec::new();
    poll_until(&mut *first, &mut messages, 20);
    to_the_end(&mut *first, &inputs, 10, &mut messages);
    first.pause(&inputs).unwrap();
    first.resume(&inputs).unwrap();
    write(&log, "skip", 2, 2);
    poll_until(&mut *first, &mut messages, 22);
    to_the_end(&mut *first, &inputs, 11, &mut messages);

    let mut other = spec("skip", &["skip"]);
    other.transactional_id.push_str("-too");
    let mut second = log.session(other).unwrap();
    let deadline = Instant::now() + DEADLINE;
    let kept = loop {
        assert!(Instant::now() < deadline, "the second member got nothing");
        if let Some(GroupEvent::Revoked(gone)) = first.poll(0, WAIT, &mut Vec::new()).unwrap() {
            first.release(&gone).unwrap();
        }
        if let Some(GroupEvent::Assigned(given)) = second.poll(0, WAIT, &mut Vec::new()).unwrap() {
            let starts: Vec<_> = given.iter().map(|partition| (partition.clone(), Offset(11))).collect();
            second.assign(&starts).unwrap();
            break inputs.iter().find(|input| !given.contains(input)).unwrap().clone();
        }
    };
    write(&log, "skip", 2, 2);
    messages.clear();
    let deadline = Instant::now() + DEADLINE;
    while messages.is_empty() {
        assert!(Instant::now() < deadline, "the record behind the end was skipped");
        first.poll(10, WAIT, &mut messages).unwrap();
        second.poll(10, WAIT, &mut Vec::new()).unwrap();
    }
    assert_eq!((messages[0].partition, messages[0].offset), (kept.partition, Offset(11)));
    leave(second);
    leave(first);
}

fn to_the_end(
    session: &mut dyn Session,
    inputs: &[TopicPartition],
    end: i64,
    into: &mut Vec<winback_log::Message>,
) {
    let deadline = Instant::now() + DEADLINE;
    while inputs.iter().any(|input| session.known_end(input) != Some(Offset(end))) {
        assert!(Instant::now() < deadline);
        session.poll(10, WAIT, into).unwrap();
    }
    // The events of the ends, too.
    session.poll(10, WAIT, into).unwrap();
}

#[test]
fn an_offset_that_is_not_there_is_named_with_what_is() {
    let Some(broker) = broker_or_skip("offsets on Kafka") else { return };
    let log = log(broker);
    log.create(&deleted("range", 1)).unwrap();
    write(&log, "range", 10, 1);
    let input = TopicPartition::new("range", 0);
    let mut session = log.session(spec("range", &["range"])).unwrap();
    support::answer(&mut *session, |_| Offset(99));
    let deadline = Instant::now() + DEADLINE;
    let error = loop {
        assert!(Instant::now() < deadline);
        if let Err(error) = session.poll(10, WAIT, &mut Vec::new()) {
            break error;
        }
    };
    match error {
        LogError::OutOfRange { offset, beginning, end, .. } => {
            assert_eq!((offset, beginning, end), (99, 0, 10));
        }
        other => panic!("{other}"),
    }
    leave(session);

    // A reader waits there.
    let mut reader = log.reader().unwrap();
    reader.assign(&[(input, Offset(12))]).unwrap();
    let mut read = Vec::new();
    reader.poll(10, WAIT, &mut read).unwrap();
    write(&log, "range", 5, 1);
    let deadline = Instant::now() + DEADLINE;
    while read.len() < 3 {
        assert!(Instant::now() < deadline);
        reader.poll(10, WAIT, &mut read).unwrap();
    }
    assert_eq!(read[0].offset, Offset(12));
}

#[test]
fn topics_are_described_as_they_were_made() {
    let Some(broker) = broker_or_skip("topics on Kafka") else { return };
    let log = log(broker);
    let mut kept = deleted("described-kept", 3);
    kept.cleanup = Cleanup::Delete(Some(Span::from_days(7)));
    kept.max_record_bytes = 2_000_000;
    let table = compacted("described-table", 2);
    for topic in [&kept, &table] {
        log.create(topic).unwrap();
        log.create(topic).unwrap();
    }
    let found = log.describe(&["described-table", "no-such-topic", "described-kept"]).unwrap();
    let specs: Vec<_> = found.iter().map(|topic| topic.as_ref().map(|topic| topic.spec.clone())).collect();
    assert_eq!(specs, [Some(table), None, Some(kept)]);
    let ids: Vec<_> = found.iter().flatten().map(|topic| topic.id.clone()).collect();
    assert!(ids[0] != ids[1] && ids[0] != "described-table", "{ids:?}");
    let all = log.topics().unwrap();
    assert!(found.iter().flatten().all(|topic| all.contains(topic)));
    let missing = log.session(spec("described", &["no-such-topic"])).err().unwrap();
    assert_eq!(missing.kind(), "no_topic");
}

#[test]
fn a_writer_keeps_timestamps_and_reports_what_it_could_not_write() {
    let Some(broker) = broker_or_skip("writers on Kafka") else { return };
    let log = log(broker);
    let mut topic = deleted("stamped", 1);
    topic.timestamps = winback_log::TimestampKind::Create;
    log.create(&topic).unwrap();
    let mut writer = log.writer().unwrap();
    let stamp = Time::from_millis(1_700_000_000_000);
    for step in 0..3 {
        let timestamp = Some(stamp + Span::from_secs(step));
        writer.append(&Append { timestamp, ..record("stamped", None, Some(b"x")) }).unwrap();
    }
    writer.flush().unwrap();
    let input = TopicPartition::new("stamped", 0);
    let all = take_all(&mut *log.reader().unwrap(), std::slice::from_ref(&input));
    assert_eq!(all[1].timestamp, stamp + Span::from_secs(1));
    let mut session = join(&log, spec("stamped", &["stamped"]));
    assert_eq!(session.offset_at(&input, stamp + Span::from_millis(500)).unwrap(), Offset(1));
    assert_eq!(session.offset_at(&input, stamp + Span::from_days(1)).unwrap(), Offset(3));
    leave(session);

    let nowhere = TopicPartition::new("stamped", 7);
    let lost = writer
        .append(&Append { partition: Some(nowhere.partition), ..record("stamped", None, Some(b"x")) })
        .and_then(|()| writer.flush());
    assert!(lost.is_err(), "a partition that is not there");
}

#[test]
fn a_broker_that_is_away_is_an_error_in_bounded_time_and_no_error_to_who_polls() {
    let mut broker = match Broker::start() {
        Ok(broker) => broker,
        Err(error @ BrokerError::Unavailable { .. }) => {
            return winback_testkit::broker::skip_or_fail("a broker that goes away", &error);
        }
        Err(error) => panic!("{error}"),
    };
    let log = log_with(&broker, |options| options.request_timeout = Duration::from_secs(2));
    log.create(&deleted("away", 1)).unwrap();
    write(&log, "away", 10, 1);
    let input = TopicPartition::new("away", 0);
    let mut session = join(&log, spec("away", &["away"]));
    let mut messages = Vec::new();
    poll_until(&mut *session, &mut messages, 10);
    session.begin().unwrap();
    append(&mut *session, "away", b"lost");

    broker.kill();
    session.poll(10, WAIT, &mut messages).unwrap();
    assert_eq!(session.end_offsets(std::slice::from_ref(&input)).unwrap_err().kind(), "away");
    assert_eq!(session.committed(std::slice::from_ref(&input)).unwrap_err().kind(), "away");
    assert_eq!(log.session(spec("away-too", &["away"])).err().unwrap().kind(), "away");
    // Known to be aborted when the broker had not heard of it yet.
    let kind = session.commit(&[(input.clone(), Offset(10))]).unwrap_err().kind();
    assert!(["aborted", "displaced", "unknown"].contains(&kind), "{kind}");
    assert_eq!(session.recover().unwrap_err().kind(), "unknown");

    broker.restart().unwrap();
    let deadline = Instant::now() + DEADLINE;
    while let Err(error) = session.recover() {
        assert!(Instant::now() < deadline, "{error}");
    }
    assert_eq!(session.committed(std::slice::from_ref(&input)).unwrap(), [None], "nothing was committed");
    broker.kill();
    drop(session);
}

#[test]
fn a_reader_that_is_assigned_anew_at_once_reads_what_it_was_assigned() {
    let Some(broker) = broker_or_skip("assignments behind each other") else { return };
    let log = log(broker);
    log.create(&deleted("anew", 3)).unwrap();
    write(&log, "anew", 300, 3);
    let at = |partition| TopicPartition::new("anew", partition);
    for round in 0..100 {
        let mut reader = log.reader().unwrap();
        reader.assign(&[0, 1, 2].map(|partition| (at(partition), Offset::ZERO))).unwrap();
        reader.poll(10, Duration::from_millis(round % 10), &mut Vec::new()).unwrap();
        reader.assign(&[(at(2), Offset(90))]).unwrap();
        let mut tail = Vec::new();
        let deadline = Instant::now() + DEADLINE;
        while reader.position(&at(2)) < Some(Offset(100)) {
            assert!(Instant::now() < deadline, "{} records in round {round}", tail.len());
            reader.poll(100, WAIT, &mut tail).unwrap();
        }
        assert_eq!(
            tail.iter().map(|message| message.offset.0).collect::<Vec<_>>(),
            (90..100).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_reader_that_stays_beyond_the_end_says_so() {
    let Some(broker) = broker_or_skip("a reader beyond the end") else { return };
    log(broker).create(&deleted("beyond", 1)).unwrap();
    write(&log(broker), "beyond", 2, 1);
    let hasty = log_with(broker, |options| options.request_timeout = Duration::from_millis(500));
    let mut reader = hasty.reader().unwrap();
    reader.assign(&[(TopicPartition::new("beyond", 0), Offset(9))]).unwrap();
    let deadline = Instant::now() + DEADLINE;
    let error = loop {
        assert!(Instant::now() < deadline, "it waits without a word");
        match reader.poll(10, WAIT, &mut Vec::new()) {
            Ok(()) | Err(LogError::Unavailable { .. }) => {}
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LogError::OutOfRange { offset: 9, end: 2, .. }), "{error}");
}
