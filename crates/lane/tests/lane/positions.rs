//! The start of reading, and the lane's behaviour until the log has answered.

use std::time::Duration;

use winback_lane::{PartitionState, PositionsFrom};
use winback_log_embedded::Fault;

use crate::support::{COPIES, Echo, World};
use crate::turns::write;

/// Three records that a role without a state has read.
fn read_without_a_state() -> World {
    let world = World::new(1);
    write(&world, 0, &["a", "b", "c"]);
    let mut lane = world.lane("one", Echo { stateless: true, ..Echo::default() });
    world.settle(&mut lane).unwrap();
    drop(lane);
    world
}

#[test]
fn state_and_group_that_differ_are_refused_with_both_numbers_unless_one_is_chosen() {
    let world = read_without_a_state();
    let mut lane = world.lane("one", Echo::default());
    let error = world.settle(&mut lane).unwrap_err();
    assert_eq!(error.kind(), "positions_differ");
    let text = error.to_string();
    assert!(
        text.contains("offset none") && text.contains("position is 3") && text.contains("--positions"),
        "{text}"
    );
    drop(lane);
    let mut config = World::config();
    config.positions = PositionsFrom::Group;
    let mut lane = world.lane_with("one", Echo::default(), config).unwrap();
    world.settle(&mut lane).unwrap();
    assert_eq!(world.read(COPIES, 0).len(), 3);
}

#[test]
fn a_choice_of_positions_is_made_once_for_each_partition() {
    let world = read_without_a_state();
    let mut config = World::config();
    config.positions = PositionsFrom::State;
    let mut lane = world.lane_with("one", Echo::default(), config).unwrap();
    world.settle(&mut lane).unwrap();
    assert_eq!(world.read(COPIES, 0).len(), 6, "without a state all is read again");
    world.mischief.lock().unwrap().meanwhile = Some((1, "2 2".to_owned()));
    world.inner.expel("one");
    let error = world.settle(&mut lane).unwrap_err();
    assert_eq!(error.kind(), "positions_differ", "{error}");
}

#[test]
fn a_choice_that_is_not_committed_yet_is_made_again() {
    let world = World::new(1);
    write(&world, 0, &["a", "b"]);
    let mut lane = world.lane("one", Echo { stateless: true, ..Echo::default() });
    world.settle(&mut lane).unwrap();
    drop(lane);
    let mut config = World::config();
    config.positions = PositionsFrom::State;
    let mut lane = world.lane_with("one", Echo::default(), config).unwrap();
    world.inner.inject("one", Fault::CommitUnknownDropped);
    world.settle(&mut lane).unwrap();
    assert_eq!(world.read(COPIES, 0), ["a", "b", "a", "b"]);
}

#[test]
fn partitions_whose_positions_are_not_told_yet_stop_no_other() {
    let world = World::new(2);
    let mut one = world.lane("one", Echo::default());
    let mut two = world.lane("two", Echo::default());
    for _ in 0..200 {
        one.turn().unwrap();
        two.turn().unwrap();
        world.clock.advance(25);
    }
    let held = |lane: &winback_lane::Lane<Echo>| -> Vec<(i32, PartitionState)> {
        let partitions = lane.status().snapshot().partitions;
        partitions.iter().map(|status| (status.partition.partition.0, status.state)).collect()
    };
    let [(stays, PartitionState::Running)] = held(&one)[..] else { panic!("{:?}", held(&one)) };
    let comes = 1 - stays;
    world.mischief.lock().unwrap().unstable = true;
    two.drain(Duration::from_secs(5)).unwrap();
    world.settle(&mut one).unwrap();
    write(&world, stays, &["at once"]);
    write(&world, comes, &["later"]);
    world.settle(&mut one).unwrap();
    assert_eq!(world.read(COPIES, stays), ["at once"]);
    assert!(world.read(COPIES, comes).is_empty());
    assert!(held(&one).contains(&(comes, PartitionState::Assigned)), "{:?}", held(&one));
    world.mischief.lock().unwrap().unstable = false;
    world.settle(&mut one).unwrap();
    assert_eq!(world.read(COPIES, comes), ["later"]);
    assert!(held(&one).iter().all(|(_, state)| *state == PartitionState::Running));
}

#[test]
fn a_log_that_tells_no_ends_for_a_while_stops_nobody_and_for_too_long_ends_the_lane() {
    let world = World::new(1);
    let mut lane = world.lane("one", Echo::default());
    world.settle(&mut lane).unwrap();
    world.mischief.lock().unwrap().endless = true;
    world.settle(&mut lane).unwrap();
    write(&world, 0, &["a"]);
    world.settle(&mut lane).unwrap();
    assert_eq!(world.read(COPIES, 0), ["a"]);
    let error = (0..100).find_map(|_| world.settle(&mut lane).err()).unwrap();
    assert_eq!(error.kind(), "away_too_long", "{error}");
}
