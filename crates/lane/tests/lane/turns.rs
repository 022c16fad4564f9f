//! A lane with no fault, and with one.

use std::sync::Arc;
use std::time::Duration;

use winback_core::ids::Offset;
use winback_lane::{CANNOT_COMMIT, LaneError, PartitionState, Urgency};
use winback_log_embedded::Fault;

use crate::support::{CHANGELOG, COPIES, Echo, World, stray};

pub(crate) fn write(world: &World, partition: i32, values: &[&str]) {
    values.iter().for_each(|value| world.write(partition, value, 0));
}

#[test]
fn what_was_committed_is_restored_and_not_copied_again() {
    let world = World::new(1);
    write(&world, 0, &["a", "b"]);
    let mut lane = world.lane("one", Echo::default());
    world.settle(&mut lane).unwrap();
    assert_eq!(world.group_position(0), Some(Offset(2)));
    drop(lane);
    write(&world, 0, &["c"]);
    let mut lane = world.lane("one", Echo::default());
    world.settle(&mut lane).unwrap();
    assert_eq!(world.read(COPIES, 0), ["a", "b", "c"]);
    assert_eq!(lane.role().steps, ["c"]);
    let status = lane.status().snapshot();
    assert_eq!(status.partitions[0].state, PartitionState::Running);
    assert_eq!((status.partitions[0].committed, status.records), (Some(Offset(3)), 1));
    assert!(status.caught_up_at().is_some());
}

#[test]
fn what_the_member_before_committed_last_is_restored() {
    let world = World::new(1);
    write(&world, 0, &["a", "b"]);
    world.mischief.lock().unwrap().meanwhile = Some((1, "1 1".to_owned()));
    let mut lane = world.lane("one", Echo::default());
    world.settle(&mut lane).unwrap();
    assert_eq!(world.read(COPIES, 0), ["b"]);
    assert_eq!(world.read(CHANGELOG, 0).last().unwrap(), "2 2");
}

#[test]
fn a_transaction_names_the_position_of_every_partition_also_where_nothing_came_from() {
    let world = World::new(2);
    let mut lane = world.lane("one", Echo::default());
    world.settle(&mut lane).unwrap();
    world.calls();
    write(&world, 0, &["a"]);
    world.settle(&mut lane).unwrap();
    assert_eq!(world.calls(), ["commit 1,0"]);
}

#[test]
fn nothing_new_is_no_transaction() {
    let world = World::new(1);
    let mut lane = world.lane("one", Echo::default());
    world.settle(&mut lane).unwrap();
    world.calls();
    world.settle(&mut lane).unwrap();
    assert_eq!(world.calls(), Vec::<String>::new());
}

#[test]
fn a_heartbeat_seals_though_nothing_came_and_tells_the_end_that_was_passed() {
    let world = World::new(1);
    write(&world, 0, &["a"]);
    let beats = Some(Duration::from_millis(500));
    let mut lane = world.lane("one", Echo { beats, urgency: Some(Urgency::Lazy), ..Echo::default() });
    world.settle(&mut lane).unwrap();
    let seals = &lane.role().seals;
    assert!(seals.len() >= 9, "5 s are ten beats: {}", seals.len());
    let ends: Vec<i64> = seals.iter().filter_map(|seal| seal.first().and_then(|input| input.2)).collect();
    assert!(ends.len() >= 8 && ends.is_sorted(), "{ends:?}");
    let caught_up = lane.status().snapshot().caught_up_at().unwrap();
    assert_eq!(Some(caught_up.millis()), ends.last().copied());
}

#[test]
fn nothing_waits_for_a_clock_that_was_set_back() {
    let world = World::new(2);
    let later = [("slow".to_owned(), 1)].into();
    let mut lane = world.lane("one", Echo { later, ..Echo::default() });
    world.settle(&mut lane).unwrap();
    write(&world, 0, &["a"]);
    write(&world, 1, &["slow"]);
    lane.turn().unwrap();
    assert!(world.read(COPIES, 0).is_empty(), "it is stepped and not committed");
    world.clock.advance(-86_400_000);
    world.settle(&mut lane).unwrap();
    assert_eq!((world.read(COPIES, 0), world.read(COPIES, 1)), (vec!["a".into()], vec!["slow".into()]));
}

#[test]
fn an_urgent_effect_does_not_wait_for_all_that_was_polled_with_it() {
    for (urgency, together) in [(Urgency::Now, 2), (Urgency::Soon, 5)] {
        let world = World::new(1);
        let values = ["a", "b", "c", "d", "e"];
        write(&world, 0, &values);
        let slow = Some((Arc::clone(&world.clock), 10));
        let mut lane = world.lane("one", Echo { urgency: Some(urgency), slow, ..Echo::default() });
        while world.read(COPIES, 0).is_empty() {
            lane.turn().unwrap();
        }
        assert_eq!(world.read(COPIES, 0), values[..together], "{urgency:?}");
        world.settle(&mut lane).unwrap();
        assert_eq!(world.read(COPIES, 0), values, "{urgency:?}");
    }
}

#[test]
fn a_record_that_is_stamped_ahead_of_the_clock_is_not_how_far_the_lane_is() {
    let world = World::new(1);
    world.write(0, "now", 1_000_000);
    world.write(0, "tomorrow", 90_000_000);
    let mut lane = world.lane("one", Echo::default());
    world.settle(&mut lane).unwrap();
    let newest: Vec<_> = lane.role().seals.iter().filter_map(|seal| seal.first()?.1).collect();
    assert!(!newest.is_empty() && newest.iter().all(|newest| *newest == 1_000_000), "{newest:?}");
}

#[test]
fn several_partitions_are_stepped_in_the_order_of_time() {
    let world = World::new(3);
    for (partition, time) in [(2, 5), (2, 40), (0, 10), (0, 30), (1, 30), (1, 20), (2, 41)] {
        world.write(partition, &format!("{time}"), time);
    }
    let mut config = World::config();
    config.poll_max = 2;
    let mut lane = world.lane_with("one", Echo { merges: true, ..Echo::default() }, config).unwrap();
    world.settle(&mut lane).unwrap();
    // Partition 1 is not sorted itself: its 20 waits behind its 30, which waits behind partition 0's.
    assert_eq!(lane.role().steps, ["5", "10", "30", "30", "20", "40", "41"]);
}

#[test]
fn a_record_that_is_stamped_tomorrow_holds_nothing_back() {
    let world = World::new(2);
    for (partition, time) in [(0, 10), (0, 900_000_000), (0, 20), (1, 15), (1, 30)] {
        world.write(partition, &format!("{time}"), time);
    }
    let mut lane = world.lane("one", Echo { merges: true, ..Echo::default() });
    world.settle(&mut lane).unwrap();
    assert_eq!(lane.role().steps, ["10", "900000000", "15", "20", "30"]);
}

#[test]
fn what_was_stepped_is_committed_before_partitions_are_given_back() {
    let world = World::new(2);
    write(&world, 0, &["a"]);
    write(&world, 1, &["b"]);
    let mut config = World::config();
    config.commit.effects_within = winback_core::time::Span::from_days(1);
    config.commit.idle = winback_core::time::Span::from_days(1);
    config.commit.positions_within = winback_core::time::Span::from_days(1);
    let mut lane = world.lane_with("one", Echo::default(), config).unwrap();
    for _ in 0..20 {
        lane.turn().unwrap();
    }
    assert_eq!(lane.role().steps.len(), 2);
    assert!(world.read(COPIES, 0).is_empty());
    world.calls();
    let other = world.lane("two", Echo::default());
    for _ in 0..20 {
        lane.turn().unwrap();
    }
    assert_eq!(world.calls(), ["commit 1,1", "release"]);
    drop(other);
}

#[test]
fn the_work_for_lost_partitions_is_dropped_without_touching_the_log() {
    let world = World::new(1);
    write(&world, 0, &["a"]);
    let mut config = World::config();
    config.commit.effects_within = winback_core::time::Span::from_days(1);
    config.commit.idle = winback_core::time::Span::from_days(1);
    let mut lane = world.lane_with("one", Echo::default(), config).unwrap();
    for _ in 0..20 {
        lane.turn().unwrap();
    }
    assert_eq!(lane.role().steps, ["a"]);
    world.calls();
    world.inner.expel("one");
    lane.turn().unwrap();
    assert_eq!(world.calls(), ["release"]);
    world.settle(&mut lane).unwrap();
    assert_eq!(lane.role().steps, ["a", "a"], "it came again with the next assignment");
}

#[test]
fn an_abort_seeks_back_and_nothing_is_lost_or_doubled() {
    let world = World::new(1);
    let mut lane = world.lane("one", Echo::default());
    world.settle(&mut lane).unwrap();
    write(&world, 0, &["a", "b"]);
    world.inner.inject("one", Fault::CommitAborted);
    world.calls();
    world.settle(&mut lane).unwrap();
    assert_eq!(world.calls(), ["commit 2", "seek 0", "commit 2"]);
    assert_eq!(world.read(COPIES, 0), ["a", "b"]);
    assert_eq!(
        world.read(CHANGELOG, 0).last().unwrap(),
        "2 2",
        "memory follows the log and never goes before it"
    );
}

#[test]
fn after_an_unknown_outcome_positions_and_state_are_read_again() {
    for (fault, steps) in [(Fault::CommitUnknownApplied, 2), (Fault::CommitUnknownDropped, 4)] {
        let world = World::new(1);
        let mut lane = world.lane("one", Echo::default());
        world.settle(&mut lane).unwrap();
        write(&world, 0, &["a", "b"]);
        world.inner.inject("one", fault);
        world.calls();
        world.settle(&mut lane).unwrap();
        assert_eq!(world.calls()[..2], ["commit 2", "recover"], "{fault:?}");
        assert_eq!(lane.role().steps.len(), steps, "{fault:?}");
        assert_eq!(world.read(COPIES, 0), ["a", "b"], "{fault:?}");
        assert_eq!(lane.status().snapshot().unknown, 1);
    }
}

#[test]
fn a_lane_without_state_goes_on_after_an_unknown_outcome() {
    for fault in [Fault::CommitUnknownApplied, Fault::CommitUnknownDropped] {
        let world = World::new(1);
        let mut lane = world.lane("one", Echo { stateless: true, ..Echo::default() });
        world.settle(&mut lane).unwrap();
        write(&world, 0, &["a", "b"]);
        world.inner.inject("one", fault);
        world.settle(&mut lane).unwrap();
        write(&world, 0, &["c"]);
        world.settle(&mut lane).unwrap();
        assert_eq!(world.read(COPIES, 0), ["a", "b", "c"], "{fault:?}");
    }
}

#[test]
fn a_fenced_member_ends_and_names_the_id() {
    let world = World::new(1);
    write(&world, 0, &["a"]);
    world.inner.inject("one", Fault::CommitFenced);
    let mut lane = world.lane("one", Echo::default());
    let error = world.settle(&mut lane).unwrap_err();
    assert!(matches!(&error, LaneError::Fenced { id, .. } if id == "one"), "{error}");
    assert_eq!(error.kind(), "fenced");
    assert!(!world.calls().contains(&"recover".to_owned()), "or two deployments fence each other for ever");
    assert!(lane.status().snapshot().ended.is_some());
}

fn dead_letters(world: &World) -> Vec<(i64, String)> {
    world.letters().0.into_iter().map(|letter| (letter.offset, letter.reason)).collect()
}

#[test]
fn a_bad_record_is_a_dead_letter_in_the_transaction_of_its_position() {
    let world = World::new(1);
    write(&world, 0, &["a", "bad", "b"]);
    let mut lane = world.lane("one", Echo::default());
    world.settle(&mut lane).unwrap();
    assert_eq!(world.read(COPIES, 0), ["a", "b"]);
    assert_eq!(dead_letters(&world), [(1, "bad".to_owned())]);
    assert_eq!(lane.status().snapshot().dead_letters, 1);
}

#[test]
fn the_record_that_no_transaction_takes_is_found_by_halving_and_the_others_are_committed() {
    let world = World::new(1);
    let values: Vec<String> = (0..100).map(|n| format!("v{n}")).collect();
    values.iter().for_each(|value| world.write(0, value, 0));
    world.mischief.lock().unwrap().poison = Some(b"v37".to_vec());
    let mut lane = world.lane("one", Echo::default());
    for _ in 0..20 {
        world.settle(&mut lane).unwrap();
    }
    assert_eq!(dead_letters(&world), [(37, CANNOT_COMMIT.to_owned())]);
    let copied: Vec<String> = values.into_iter().filter(|value| value != "v37").collect();
    assert_eq!(world.read(COPIES, 0), copied);
}

#[test]
fn a_record_that_the_log_names_is_a_dead_letter_at_once() {
    let world = World::new(1);
    write(&world, 0, &["a", "huge", "b"]);
    world.mischief.lock().unwrap().huge = Some(b"huge".to_vec());
    let mut lane = world.lane("one", Echo::default());
    world.settle(&mut lane).unwrap();
    assert_eq!(dead_letters(&world), [(1, CANNOT_COMMIT.to_owned())]);
    assert_eq!(world.read(COPIES, 0), ["a", "b"]);
}

#[test]
fn while_no_transaction_succeeds_no_record_pays_and_after_two_minutes_the_lane_ends() {
    let world = World::new(1);
    write(&world, 0, &["a", "b"]);
    world.mischief.lock().unwrap().down = true;
    let mut lane = world.lane("one", Echo::default());
    for _ in 0..20 {
        world.settle(&mut lane).unwrap();
    }
    world.mischief.lock().unwrap().down = false;
    world.settle(&mut lane).unwrap();
    assert_eq!((world.read(COPIES, 0).len(), dead_letters(&world).len()), (2, 0));
    world.mischief.lock().unwrap().down = true;
    write(&world, 0, &["c"]);
    let error = (0..30).find_map(|_| world.settle(&mut lane).err()).unwrap();
    assert_eq!(error.kind(), "cannot_commit");
    assert!(dead_letters(&world).is_empty());
}

#[test]
fn a_record_to_be_stepped_later_holds_its_partition_and_no_other() {
    let world = World::new(2);
    write(&world, 0, &["slow", "after"]);
    let later = [("slow".to_owned(), 2)].into();
    let mut lane = world.lane("one", Echo { later, ..Echo::default() });
    for _ in 0..20 {
        lane.turn().unwrap();
        world.clock.advance(25);
    }
    write(&world, 1, &["other"]);
    world.settle(&mut lane).unwrap();
    assert_eq!(lane.role().steps, ["other", "slow", "after"]);
    assert_eq!(world.read(COPIES, 0), ["slow", "after"], "what the retried steps appended is dropped");
}

#[test]
fn a_lane_whose_role_waits_with_a_record_that_is_held_back_does_not_spin() {
    let world = World::new(1);
    write(&world, 0, &["halt"]);
    let mut lane = world.lane("one", Echo::default());
    // The record is due again long before the end.
    world.settle(&mut lane).unwrap();
    world.clock.advance(2_000);
    assert!((0..5).all(|_| lane.turn().unwrap() > Duration::ZERO));
    assert_eq!(lane.status().snapshot().waiting_for.as_deref(), Some("a test"));
}

#[test]
fn a_role_that_is_not_ready_is_given_nothing() {
    let world = World::new(1);
    write(&world, 0, &["a"]);
    let mut lane = world.lane("one", Echo { waits: true, ..Echo::default() });
    world.settle(&mut lane).unwrap();
    assert!(lane.role().steps.is_empty());
    assert_eq!(lane.status().snapshot().waiting_for.as_deref(), Some("a test"));
}

#[test]
fn records_of_an_earlier_assignment_are_dropped() {
    let world = World::new(1);
    write(&world, 0, &["a"]);
    let mut lane = world.lane("one", Echo::default());
    world.settle(&mut lane).unwrap();
    world.inner.expel("one");
    world.settle(&mut lane).unwrap();
    world.mischief.lock().unwrap().strays = vec![stray(0, 1, 1), stray(0, 0, 9)];
    write(&world, 0, &["b"]);
    world.settle(&mut lane).unwrap();
    assert_eq!(world.read(COPIES, 0), ["a", "b"]);
}

#[test]
fn records_of_an_earlier_assignment_are_dropped_also_when_it_had_delivered_nothing() {
    let world = World::new(1);
    write(&world, 0, &["a", "b", "c"]);
    let mut lane = world.lane("one", Echo::default());
    lane.turn().unwrap();
    assert_eq!(world.calls(), ["assign"]);
    world.inner.inject("one", Fault::StaleDelivery);
    world.inner.expel("one");
    world.settle(&mut lane).unwrap();
    assert_eq!(world.read(COPIES, 0), ["a", "b", "c"]);
}

#[test]
fn a_drain_commits_what_was_stepped_and_leaves() {
    let world = World::new(1);
    write(&world, 0, &["a"]);
    let mut lane = world.lane("one", Echo::default());
    for _ in 0..4 {
        lane.turn().unwrap();
    }
    assert_eq!(lane.role().steps, ["a"]);
    world.calls();
    lane.drain(Duration::from_secs(5)).unwrap();
    assert_eq!(world.calls().last().map(String::as_str), Some("close"));
    assert_eq!(world.read(COPIES, 0), ["a"]);
    assert_eq!(world.group_position(0), Some(Offset(1)));
}
