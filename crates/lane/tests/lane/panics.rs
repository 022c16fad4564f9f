//! A role that panics: the record is a dead letter, the others are copied once, and no panic is lost.

use std::time::Duration;

use winback_core::ids::Offset;
use winback_lane::{PANICKED, Shutdown, run_lane};
use winback_proto::{WireMessage as _, v1};

use crate::support::{CHANGELOG, COPIES, DEAD, Echo, World};

const RECORDS: i64 = 20;
const AT: i64 = 7;

fn world() -> World {
    let world = World::new(1);
    for number in 0..RECORDS {
        let value = if number == AT { "boom".to_owned() } else { number.to_string() };
        world.write(0, &value, 1_000_000 + number);
    }
    world
}

fn letters(world: &World) -> Vec<v1::DeadLetter> {
    world.read_bytes(DEAD, 0).iter().map(|value| v1::DeadLetter::from_bytes(value).unwrap()).collect()
}

fn all_but_the_record() -> Vec<String> {
    (0..RECORDS).filter(|number| *number != AT).map(|number| number.to_string()).collect()
}

#[test]
fn a_record_on_which_the_role_panics_is_a_dead_letter_and_the_others_are_copied_once() {
    for (stateless, merges) in [(false, false), (true, false), (false, true)] {
        let world = world();
        let role = Echo { booms: u32::MAX, stateless, merges, ..Echo::default() };
        let mut lane = world.lane("one", role);
        world.settle(&mut lane).unwrap();
        assert_eq!(world.read(COPIES, 0), all_but_the_record(), "stateless: {stateless}");
        let letters = letters(&world);
        assert_eq!(letters.len(), 1, "{letters:?}");
        let letter = &letters[0];
        assert_eq!((letter.reason.as_str(), letter.offset, letter.element), (PANICKED, AT, -1));
        assert_eq!(letter.value, b"boom");
        assert!(letter.text.contains("on purpose") && !letter.text.contains("mary@"), "{}", letter.text);
        assert_eq!(world.group_position(0), Some(Offset(RECORDS)));
        let status = lane.status().snapshot();
        assert_eq!((status.aborts, status.dead_letters, status.ended), (2, 1, None));
        assert!(status.last_error.unwrap().contains("@7 panicked"), "an operator is told where");
    }
}

#[test]
fn what_a_panicking_step_changed_half_is_read_back_from_the_log() {
    let world = world();
    let mut lane = world.lane("one", Echo { booms: u32::MAX, ..Echo::default() });
    world.settle(&mut lane).unwrap();
    let count = u64::try_from(RECORDS - 1).unwrap();
    assert_eq!(lane.role().counted.values().copied().collect::<Vec<_>>(), [count]);
    assert_eq!(world.read(CHANGELOG, 0).last().unwrap(), &format!("{RECORDS} {count}"));
}

#[test]
fn a_panic_that_does_not_come_again_costs_no_record() {
    let world = world();
    let mut lane = world.lane("one", Echo { booms: 1, ..Echo::default() });
    world.settle(&mut lane).unwrap();
    assert_eq!((world.read(COPIES, 0).len(), letters(&world).len()), (20, 0));
}

#[test]
fn several_records_on_which_the_role_panics_are_a_letter_each() {
    let world = World::new(1);
    let values = ["0", "boom a", "boom b", "1", "boom c", "2"];
    for (number, value) in values.iter().enumerate() {
        world.write(0, value, 1_000_000 + i64::try_from(number).unwrap());
    }
    let mut lane = world.lane("one", Echo { booms: u32::MAX, ..Echo::default() });
    world.settle(&mut lane).unwrap();
    assert_eq!(world.read(COPIES, 0), ["0", "1", "2"]);
    assert_eq!(letters(&world).iter().map(|letter| letter.offset).collect::<Vec<_>>(), [1, 2, 4]);
}

/// Each time another partition's record is first: none of them ends the lane, and each is a letter.
#[test]
fn records_of_several_partitions_on_which_the_role_panics_at_once_are_a_letter_each() {
    let world = World::new(3);
    let mut lane = world.lane("one", Echo { booms: u32::MAX, merges: true, ..Echo::default() });
    world.settle(&mut lane).unwrap();
    let status = lane.status();
    for (partition, aborts) in [(0, 1), (1, 2)] {
        world.write(partition, "boom", 1_000_100 - i64::from(partition));
        while status.snapshot().aborts < aborts {
            lane.turn().unwrap();
            world.clock.advance(25);
        }
    }
    world.write(2, "boom", 1_000_000);
    world.settle(&mut lane).unwrap();
    assert_eq!((status.snapshot().dead_letters, status.snapshot().ended), (3, None));
}

#[test]
fn a_panic_outside_of_a_step_ends_the_lane_with_a_line_that_says_so() {
    let world = world();
    let lane = world.lane("one", Echo { breaks: true, ..Echo::default() });
    let (status, clock) = (lane.status(), world.clock.clone());
    let ticking = std::thread::spawn(move || {
        while status.snapshot().ended.is_none() {
            clock.advance(25);
            std::thread::yield_now();
        }
    });
    let error = run_lane(lane, &Shutdown::new(Duration::from_secs(5))).unwrap_err();
    ticking.join().unwrap();
    assert_eq!(error.kind(), "panicked");
    let text = error.to_string();
    for part in ["outside of a step", "a seal that breaks on purpose", "start it again", "report"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(world.group_position(0), None, "nothing was committed");
}
