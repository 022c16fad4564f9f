//! The start, stop and continuation of reading.

use winback_core::ids::Offset;
use winback_core::time::Span;
use winback_log::{Append, GroupEvent, TimestampKind, TopicSpec};

use crate::harness::{
    Harness, Lane, POLL, now, partitions, plain, read_all, reader, spec, text, topic, topic_with, until,
    write, write_numbers,
};

pub(crate) fn a_paused_partition_delivers_nothing_until_it_is_resumed(harness: &dyn Harness) {
    let input = topic(harness, "in", 2);
    let mut lane = Lane::alone(harness, &input, 2);
    let all = partitions(&input, 2);
    lane.session.pause(&all[..1]).unwrap();
    for partition in 0..2 {
        write_numbers(harness, &input, partition, 0..20);
    }
    let other = lane.take(harness, 20);
    assert!(other.iter().all(|message| message.partition.0 == 1), "a paused partition spoke");
    let mut more = Vec::new();
    lane.answer(POLL, 10, &mut more);
    assert!(more.is_empty());
    lane.session.resume(&all[..1]).unwrap();
    let rest: Vec<_> = lane.take(harness, 20).iter().map(text).collect();
    assert_eq!(rest, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
}

pub(crate) fn a_partition_that_is_taken_paused_delivers_from_where_it_is_sought(harness: &dyn Harness) {
    let input = topic(harness, "in", 1);
    write_numbers(harness, &input, 0, 0..20);
    let mut lane = Lane::join(harness, &harness.unique("group"), &harness.unique("id"), &[&input]);
    let at = &partitions(&input, 1)[..];
    let mut early = Vec::new();
    until(harness, "an assignment", || {
        match lane.session.poll(10, POLL, &mut early).unwrap() {
            Some(GroupEvent::Assigned(list)) => lane.session.assign_paused(&list).unwrap(),
            _ => return false,
        }
        true
    });
    lane.answer(POLL, 10, &mut early);
    assert!(early.is_empty(), "it was not sought yet");
    assert_eq!(lane.session.committed_within(at, POLL).unwrap().unwrap_or(vec![None]), [None]);
    lane.session.seek(&at[0], Offset(7)).unwrap();
    lane.session.resume(at).unwrap();
    let rest: Vec<_> = lane.take(harness, 13).iter().map(|message| message.offset.0).collect();
    assert_eq!(rest, (7..20).collect::<Vec<_>>());
}

pub(crate) fn a_seek_delivers_again_from_there(harness: &dyn Harness) {
    let input = topic(harness, "in", 1);
    write_numbers(harness, &input, 0, 0..100);
    let mut lane = Lane::alone(harness, &input, 1);
    let at = &partitions(&input, 1)[0];
    lane.take(harness, 10);
    for target in [3, 60, 0] {
        lane.session.seek(at, Offset(target)).unwrap();
        assert_eq!(lane.session.position(at), Some(Offset(target)));
        assert_eq!(lane.take(harness, 1)[0].offset, Offset(target));
    }
}

pub(crate) fn an_offset_is_found_by_time(harness: &dyn Harness) {
    let created = TopicSpec { timestamps: TimestampKind::Create, ..spec("in", 1) };
    let input = topic_with(harness, &created);
    let base = now() - Span::from_hours(1);
    for second in 0..3 {
        let timestamp = Some(base + Span::from_secs(second));
        write(harness, &[Append { timestamp, ..plain(&input, 0, b"x") }]);
    }
    let mut lane = Lane::alone(harness, &input, 1);
    let at = &partitions(&input, 1)[0];
    for (millis, expected) in [(-5_000, 0), (0, 0), (1, 1), (1_000, 1), (1_500, 2), (2_000, 2), (2_001, 3)] {
        let found = lane.session.offset_at(at, base + Span::from_millis(millis)).unwrap();
        assert_eq!(found, Offset(expected), "{millis} ms after the first");
    }
}

pub(crate) fn a_reader_restores_from_the_beginning_to_the_end(harness: &dyn Harness) {
    let input = topic(harness, "in", 3);
    for partition in 0..3 {
        write_numbers(harness, &input, partition, 0..500);
    }
    let all = partitions(&input, 3);
    assert_eq!(read_all(harness, &input, 3).len(), 1_500);
    let mut reader = reader(harness, &all);
    assert_eq!(reader.end_offsets(&all).unwrap(), [Offset(500); 3]);
    assert_eq!(reader.beginnings(&all).unwrap(), [Offset::ZERO; 3]);
    reader.assign(&[(all[2].clone(), Offset(490))]).unwrap();
    let mut tail = Vec::new();
    until(harness, "the tail", || {
        reader.poll(100, POLL, &mut tail).unwrap();
        reader.position(&all[2]) == Some(Offset(500))
    });
    assert_eq!(tail.len(), 10);
    assert!(tail.iter().all(|message| message.epoch == 0 && message.topic == 0));
    assert_eq!(reader.position(&all[0]), None, "replaced by the second assignment");
}

pub(crate) fn a_reader_beyond_the_end_waits(harness: &dyn Harness) {
    let input = topic(harness, "in", 1);
    write_numbers(harness, &input, 0, 0..2);
    let at = partitions(&input, 1);
    let mut reader = harness.log().reader().unwrap();
    reader.assign(&[(at[0].clone(), Offset(2))]).unwrap();
    let mut seen = Vec::new();
    reader.poll(10, POLL, &mut seen).unwrap();
    assert!(seen.is_empty());
    write_numbers(harness, &input, 0, 2..3);
    until(harness, "the new record", || {
        reader.poll(10, POLL, &mut seen).unwrap();
        !seen.is_empty()
    });
    assert_eq!(text(&seen[0]), "2");
}
