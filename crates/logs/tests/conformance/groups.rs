//! Members share partitions, and every record is worked on once.

use std::collections::BTreeMap;

use crate::harness::{Harness, Lane, POLL, read_all, text, topic, until, write_numbers};

const PARTITIONS: i32 = 4;

fn write_round(harness: &dyn Harness, input: &str, round: u32) {
    for partition in 0..PARTITIONS {
        let first = round * 1_000 + u32::try_from(partition).unwrap() * 100;
        write_numbers(harness, input, partition, first..first + 100);
    }
}

pub(crate) fn two_members_share_a_group_and_nothing_is_missed_or_doubled(harness: &dyn Harness) {
    let (input, out) = (topic(harness, "in", PARTITIONS), topic(harness, "out", 1));
    let group = harness.unique("group");
    let mut first = Lane::join(harness, &group, &harness.unique("id"), &[&input]);
    first.own(harness, 4);
    write_round(harness, &input, 0);
    let mut copied = first.copy(50, &out);

    let mut second = Lane::join(harness, &group, &harness.unique("id"), &[&input]);
    until(harness, "a fair share for both", || {
        copied += first.copy(20, &out) + second.copy(20, &out);
        first.owned.len() == 2 && second.owned.len() == 2
    });
    assert!(first.owned.is_disjoint(&second.owned));
    write_round(harness, &input, 1);
    until(harness, "two rounds", || {
        copied += first.copy(50, &out) + second.copy(50, &out);
        copied >= 800
    });

    second.session.close().unwrap();
    write_round(harness, &input, 2);
    until(harness, "three rounds", || {
        copied += first.copy(50, &out);
        copied >= 1_200
    });
    assert_eq!(first.owned.len(), 4);
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for message in read_all(harness, &out, 1) {
        *counts.entry(text(&message)).or_default() += 1;
    }
    assert_eq!(counts.len(), 1_200, "missed");
    assert!(counts.values().all(|count| *count == 1), "doubled");
}

pub(crate) fn epochs_tell_assignments_apart(harness: &dyn Harness) {
    let input = topic(harness, "in", 2);
    let group = harness.unique("group");
    for partition in 0..2 {
        write_numbers(harness, &input, partition, 0..1);
    }
    let mut first = Lane::join(harness, &group, &harness.unique("id"), &[&input]);
    let before = first.take(harness, 2);
    let epoch = before.iter().map(|message| message.epoch).max().unwrap();

    let mut second = Lane::join(harness, &group, &harness.unique("id"), &[&input]);
    until(harness, "one partition each", || {
        first.answer(POLL, 0, &mut Vec::new());
        second.answer(POLL, 0, &mut Vec::new());
        first.owned.len() == 1 && second.owned.len() == 1
    });
    let moved = second.owned.first().unwrap().clone();
    second.session.close().unwrap();
    first.own(harness, 2);
    let mut again = Vec::new();
    until(harness, "the moved partition's record again", || {
        first.answer(POLL, 10, &mut again);
        again.iter().any(|message| first.source(message) == moved)
    });
    let of_moved = again.iter().filter(|message| first.source(message) == moved);
    assert!(of_moved.into_iter().all(|message| message.epoch > epoch), "an old epoch on a new assignment");
}

pub(crate) fn two_groups_read_the_same_records(harness: &dyn Harness) {
    let input = topic(harness, "in", 2);
    for partition in 0..2 {
        write_numbers(harness, &input, partition, 0..50);
    }
    let (mut one, mut two) = (Lane::alone(harness, &input, 2), Lane::alone(harness, &input, 2));
    assert_eq!(one.take(harness, 100).len(), 100);
    assert_eq!(two.take(harness, 100).len(), 100);
}
