//! Appends and positions are one thing, and fence each other.

use winback_core::ids::Offset;
use winback_log::{CommitError, TopicPartition};

use crate::harness::{
    Harness, Lane, POLL, partitions, plain, read_all, reader, text, topic, until, write_numbers,
};

pub(crate) fn a_transaction_is_seen_whole_or_not_at_all(harness: &dyn Harness) {
    let (input, one, two) = (topic(harness, "in", 1), topic(harness, "one", 1), topic(harness, "two", 1));
    write_numbers(harness, &input, 0, 0..3);
    let mut lane = Lane::alone(harness, &input, 1);
    lane.take(harness, 3);
    let source = partitions(&input, 1);
    let mut watcher = reader(harness, &[TopicPartition::new(&*one, 0), TopicPartition::new(&*two, 0)]);

    lane.session.begin().unwrap();
    for out in [&one, &two, &one] {
        lane.session.append(&plain(out, 0, b"x")).unwrap();
    }
    let mut seen = Vec::new();
    watcher.poll(10, POLL, &mut seen).unwrap();
    assert!(seen.is_empty(), "an open transaction is invisible");
    assert_eq!(watcher.committed(&lane.group, &source).unwrap(), [None]);

    lane.commit().unwrap();
    assert_eq!(watcher.committed(&lane.group, &source).unwrap(), [Some(Offset(3))]);
    until(harness, "the committed records", || {
        watcher.poll(10, POLL, &mut seen).unwrap();
        seen.len() == 3
    });
}

pub(crate) fn an_abort_leaves_nothing_and_the_lane_seeks_back(harness: &dyn Harness) {
    let (input, out) = (topic(harness, "in", 1), topic(harness, "out", 1));
    write_numbers(harness, &input, 0, 0..2);
    let mut lane = Lane::alone(harness, &input, 1);
    lane.take(harness, 2);
    lane.session.begin().unwrap();
    lane.session.append(&plain(&out, 0, b"aborted")).unwrap();
    lane.session.abort().unwrap();
    let source = partitions(&input, 1);
    assert_eq!(lane.session.committed(&source).unwrap(), [None]);

    lane.session.seek(&source[0], Offset::ZERO).unwrap();
    let again: Vec<_> = lane.take(harness, 2).iter().map(text).collect();
    assert_eq!(again, ["0", "1"]);
    lane.session.begin().unwrap();
    lane.session.append(&plain(&out, 0, b"kept")).unwrap();
    lane.commit().unwrap();
    let kept: Vec<_> = read_all(harness, &out, 1).iter().map(text).collect();
    assert_eq!(kept, ["kept"]);
}

pub(crate) fn a_new_session_goes_on_at_the_committed_positions(harness: &dyn Harness) {
    let (input, out) = (topic(harness, "in", 1), topic(harness, "out", 1));
    let (group, id) = (harness.unique("group"), harness.unique("id"));
    write_numbers(harness, &input, 0, 0..10);
    let mut lane = Lane::join(harness, &group, &id, &[&input]);
    until(harness, "six records", || {
        let position = lane.positions().first().map_or(0, |(_, offset)| offset.0);
        lane.copy(usize::try_from(6 - position).unwrap(), &out);
        lane.positions().first().is_some_and(|(_, offset)| offset.0 == 6)
    });
    lane.session.close().unwrap();

    let mut lane = Lane::join(harness, &group, &id, &[&input]);
    let rest: Vec<_> = lane.take(harness, 4).iter().map(text).collect();
    assert_eq!(rest, ["6", "7", "8", "9"]);
    assert_eq!(read_all(harness, &out, 1).len(), 6);
}

pub(crate) fn a_replaced_session_is_fenced(harness: &dyn Harness) {
    let (input, out) = (topic(harness, "in", 1), topic(harness, "out", 1));
    let (group, id) = (harness.unique("group"), harness.unique("id"));
    write_numbers(harness, &input, 0, 0..1);
    let mut old = Lane::join(harness, &group, &id, &[&input]);
    old.take(harness, 1);
    old.session.begin().unwrap();
    old.session.append(&plain(&out, 0, b"old")).unwrap();

    let mut new = Lane::join(harness, &group, &id, &[&input]);
    let error = old.commit().unwrap_err();
    assert!(matches!(error, CommitError::Fenced { .. }), "{error}");
    drop(old);
    new.take(harness, 1);
    new.session.begin().unwrap();
    new.session.append(&plain(&out, 0, b"new")).unwrap();
    new.commit().unwrap();
    let seen: Vec<_> = read_all(harness, &out, 1).iter().map(text).collect();
    assert_eq!(seen, ["new"]);
}

pub(crate) fn a_transaction_without_positions_is_refused(harness: &dyn Harness) {
    let (input, out) = (topic(harness, "in", 1), topic(harness, "out", 1));
    write_numbers(harness, &input, 0, 0..1);
    let mut lane = Lane::alone(harness, &input, 1);
    lane.session.begin().unwrap();
    lane.session.append(&plain(&out, 0, b"x")).unwrap();
    let error = lane.session.commit(&[]).unwrap_err();
    assert!(matches!(error, CommitError::NoPositions), "{error}");
    lane.session.abort().unwrap();
    assert!(read_all(harness, &out, 1).is_empty());
}

pub(crate) fn a_transaction_of_positions_only_is_committed(harness: &dyn Harness) {
    let input = topic(harness, "in", 1);
    write_numbers(harness, &input, 0, 0..5);
    let mut lane = Lane::alone(harness, &input, 1);
    lane.take(harness, 5);
    lane.session.begin().unwrap();
    lane.commit().unwrap();
    assert_eq!(lane.session.committed(&partitions(&input, 1)).unwrap(), [Some(Offset(5))]);
}

pub(crate) fn positions_reach_the_ends_of_transactional_topics(harness: &dyn Harness) {
    let (input, out) = (topic(harness, "in", 1), topic(harness, "out", 1));
    write_numbers(harness, &input, 0, 0..3);
    let mut lane = Lane::alone(harness, &input, 1);
    for _ in 0..3 {
        lane.take(harness, 1);
        lane.session.begin().unwrap();
        lane.session.append(&plain(&out, 0, b"x")).unwrap();
        lane.commit().unwrap();
    }
    let outs = partitions(&out, 1);
    let mut follower = Lane::alone(harness, &out, 1);
    assert_eq!(follower.take(harness, 3).len(), 3);
    until(harness, "the position at the end", || {
        follower.answer(POLL, 10, &mut Vec::new());
        let end = follower.session.end_offsets(&outs).unwrap()[0];
        follower.session.position(&outs[0]) == Some(end) && follower.session.known_end(&outs[0]) == Some(end)
    });
}
