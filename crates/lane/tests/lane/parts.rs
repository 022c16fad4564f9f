//! A record that is a list: it is cut where a transaction is full, no element is lost or doubled, and only an element can be
//! at fault.

use winback_core::ids::Offset;
use winback_core::places::Places;
use winback_core::time::Span;
use winback_lane::{CANNOT_COMMIT, Lane, LaneConfig, MAX_LETTERS};
use winback_log_embedded::Fault;
use winback_proto::letter::places_from_wire;

use crate::support::{COPIES, Echo, World};

fn small() -> LaneConfig {
    let mut config = World::config();
    config.commit.max_appends = 10;
    config
}

fn words(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("w{at}")).collect()
}

/// A list of a hundred words between two records.
fn world() -> World {
    let world = World::new(1);
    world.write(0, "before", 0);
    world.write(0, &format!("[{}]", words(100).join(",")), 0);
    world.write(0, "after", 0);
    world
}

fn all() -> Vec<String> {
    let around = |word: &str| vec![word.to_owned()];
    [around("before"), words(100), around("after")].concat()
}

/// Turns until some of the list is committed, and not all.
fn inside(world: &World, lane: &mut Lane<Echo>) {
    for _ in 0..1_000 {
        lane.turn().unwrap();
        if world.read(COPIES, 0).len() > 30 {
            break;
        }
    }
    assert!((30..90).contains(&world.read(COPIES, 0).len()), "the lane is inside of the list");
    assert_eq!(world.group_position(0), Some(Offset(1)), "its position is the list");
}

#[test]
fn a_list_that_is_more_than_a_transaction_holds_is_cut_into_several() {
    let world = world();
    let mut lane = world.lane_with("one", Echo::default(), small()).unwrap();
    inside(&world, &mut lane);
    world.settle(&mut lane).unwrap();
    assert_eq!(world.read(COPIES, 0), all());
    assert!(lane.status().snapshot().commits >= 10);
    assert_eq!((world.group_position(0), world.letters().0.len()), (Some(Offset(3)), 0));
}

#[test]
fn a_lane_that_dies_inside_of_a_list_is_followed_by_one_that_goes_on_at_its_element() {
    for merges in [false, true] {
        let world = world();
        let role = || Echo { merges, ..Echo::default() };
        let mut lane = world.lane_with("one", role(), small()).unwrap();
        inside(&world, &mut lane);
        drop(lane);
        let mut next = world.lane_with("one", role(), small()).unwrap();
        world.settle(&mut next).unwrap();
        assert_eq!(world.read(COPIES, 0), all());
    }
}

#[test]
fn a_list_is_drained_at_an_element_and_goes_on_there() {
    let world = world();
    let mut lane = world.lane_with("one", Echo::default(), small()).unwrap();
    inside(&world, &mut lane);
    lane.drain(std::time::Duration::from_secs(1)).unwrap();
    assert!(world.read(COPIES, 0).len() < 100);
    let mut next = world.lane_with("two", Echo::default(), small()).unwrap();
    world.settle(&mut next).unwrap();
    assert_eq!(world.read(COPIES, 0), all());
}

#[test]
fn whatever_becomes_of_a_transaction_inside_of_a_list_each_element_is_copied_once() {
    let faults = [Fault::CommitAborted, Fault::CommitUnknownApplied, Fault::CommitUnknownDropped];
    for fault in faults {
        let world = world();
        let mut lane = world.lane_with("one", Echo::default(), small()).unwrap();
        inside(&world, &mut lane);
        world.inner.inject("one", fault);
        world.settle(&mut lane).unwrap();
        assert_eq!(world.read(COPIES, 0), all(), "{fault:?}");
    }
    let world = world();
    let mut lane = world.lane_with("one", Echo::default(), small()).unwrap();
    inside(&world, &mut lane);
    world.inner.expel("one");
    world.settle(&mut lane).unwrap();
    assert_eq!(world.read(COPIES, 0), all(), "displaced");
}

#[test]
fn the_element_that_no_transaction_takes_is_a_letter_and_all_others_are_copied() {
    for named in [false, true] {
        let world = world();
        let mut mischief = world.mischief.lock().unwrap();
        let value = Some(b"w37".to_vec());
        (mischief.huge, mischief.poison) = if named { (value, None) } else { (None, value) };
        drop(mischief);
        let mut lane = world.lane_with("one", Echo::default(), World::config()).unwrap();
        for _ in 0..40 {
            world.settle(&mut lane).unwrap();
        }
        let copied: Vec<String> = all().into_iter().filter(|word| word != "w37").collect();
        assert_eq!(world.read(COPIES, 0), copied, "named: {named}");
        let letters = world.letters().0;
        let shown: Vec<_> =
            letters.iter().map(|letter| (letter.offset, letter.element, letter.reason.as_str())).collect();
        assert_eq!(shown, [(1, 37, CANNOT_COMMIT)]);
        assert!(!letters[0].value.is_empty(), "its record can be replayed");
    }
}

#[test]
fn no_element_pays_for_a_log_in_trouble() {
    let world = world();
    world.mischief.lock().unwrap().down = true;
    let mut lane = world.lane_with("one", Echo::default(), World::config()).unwrap();
    for _ in 0..10 {
        world.settle(&mut lane).unwrap();
    }
    world.mischief.lock().unwrap().down = false;
    for _ in 0..20 {
        world.settle(&mut lane).unwrap();
    }
    assert_eq!((world.read(COPIES, 0), world.letters().0.len()), (all(), 0));
}

#[test]
fn of_many_dead_elements_the_bytes_are_kept_once_and_the_rest_has_one_letter() {
    let world = World::new(1);
    let list: Vec<&str> = (0..20_000).map(|at| if at % 1_000 == 999 { "good" } else { "bad" }).collect();
    let list = format!("[{}]", list.join(","));
    world.write(0, &list, 0);
    let mut lane = world.lane_with("one", Echo::default(), World::config()).unwrap();
    world.settle(&mut lane).unwrap();
    assert_eq!(world.read(COPIES, 0).len(), 20);
    let (letters, bytes) = world.letters();
    assert_eq!(letters.len(), MAX_LETTERS + 1);
    assert!(bytes < 2 * list.len(), "{bytes} bytes of a record of {}", list.len());
    assert_eq!(letters.iter().filter(|letter| !letter.points).count(), 1);
    let rest = letters[MAX_LETTERS].rest.as_ref().unwrap();
    assert_eq!(rest.count, 20_000 - 20 - 20);
    let places: Places = places_from_wire(rest.elements.as_ref().unwrap()).unwrap();
    assert!(places.contains(20) && !places.contains(999) && places.contains(19_998));
    assert_eq!(lane.status().snapshot().dead_letters, 19_980);
}

#[test]
fn letters_are_bounded_in_bytes_an_hour_and_what_is_left_out_is_told_once_a_minute() {
    let world = World::new(1);
    let mut config = World::config();
    config.dead_bytes_per_hour = Some(20_000);
    let mut lane = world.lane_with("one", Echo::default(), config).unwrap();
    let junk = format!("bad{}", "x".repeat(1_000));
    for _ in 0..10 {
        for _ in 0..10 {
            world.write(0, &junk, 0);
            world.write(0, "good", 0);
        }
        world.settle(&mut lane).unwrap();
        world.clock.advance(Span::from_secs(10).millis());
    }
    assert_eq!(world.read(COPIES, 0).len(), 100, "good records go on");
    let letters = world.letters().0;
    let kept = letters.iter().filter(|letter| letter.left_out.is_none()).count();
    assert!((10..20).contains(&kept), "{kept}");
    lane.drain(std::time::Duration::from_secs(1)).unwrap();
    let letters = world.letters().0;
    let told: Vec<_> = letters.iter().filter_map(|letter| letter.left_out.as_ref()).collect();
    let told_of: u64 = told.iter().map(|left| left.count).sum();
    assert_eq!(told_of, 100 - u64::try_from(kept).unwrap(), "each is counted, at the end, too");
    assert!((2..=5).contains(&told.len()), "150 seconds: {}", told.len());
    let ranges: Vec<_> =
        told.iter().flat_map(|left| &left.positions).map(|range| (range.first, range.last)).collect();
    assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0), "{ranges:?}");
    assert_eq!(ranges.last().map(|range| range.1), Some(198));
}
