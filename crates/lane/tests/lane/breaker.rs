//! A lane that would make dead letters of everything stops, loses nothing, and goes on when it is mended.

use std::time::Duration;

use winback_core::ids::Offset;
use winback_core::time::Span;
use winback_lane::{BreakerPolicy, Lane, LaneConfig};
use winback_log_embedded::Fault;

use crate::support::{COPIES, DEAD, Echo, World};

const BAD: i64 = 12;

fn config() -> LaneConfig {
    let mut config = World::config();
    config.breaker =
        BreakerPolicy { max_permille: 500, over: 20, max_run: 5, retry_after: Span::from_mins(1) };
    config
}

/// Three good records, then bad ones, then three good ones.
fn world() -> World {
    let world = World::new(1);
    fill(&world);
    world
}

fn fill(world: &World) {
    for (word, count) in [("good", 3), ("bad", BAD), ("fine", 3)] {
        (0..count).for_each(|at| world.write(0, &format!("{word}{at}"), 0));
    }
}

fn lane(world: &World, role: Echo) -> Lane<Echo> {
    world.lane_with("one", role, config()).unwrap()
}

fn minutes(world: &World, lane: &mut Lane<Echo>, count: usize) {
    for _ in 0..count {
        world.clock.advance(60_000);
        world.settle(lane).unwrap();
    }
}

#[test]
fn it_stops_at_the_limit_and_tries_again_without_making_dead_letters() {
    let world = world();
    let mut lane = lane(&world, Echo::default());
    world.settle(&mut lane).unwrap();
    let stopped = |lane: &Lane<Echo>| {
        (world.read(DEAD, 0).len(), world.group_position(0), lane.status().snapshot().stopped)
    };
    let (dead, position, why) = stopped(&lane);
    assert_eq!((dead, position), (5, Some(Offset(8))), "five in a row, and the next is not read");
    assert!(why.unwrap().contains("5 records in a row"));
    assert_eq!(world.read(COPIES, 0), ["good0", "good1", "good2"]);
    minutes(&world, &mut lane, 5);
    let (dead, position, why) = stopped(&lane);
    assert_eq!((dead, position, why.is_some()), (5, Some(Offset(8)), true), "each trial was rolled back");
    assert!(lane.role().steps.iter().filter(|step| *step == "bad5").count() >= 5, "and there were some");
}

#[test]
fn a_lane_that_understands_them_goes_on_at_the_record_at_which_the_other_stopped() {
    let world = world();
    let mut stopped = lane(&world, Echo::default());
    world.settle(&mut stopped).unwrap();
    stopped.drain(Duration::from_secs(1)).unwrap();
    let mut mended = lane(&world, Echo { tolerates: true, ..Echo::default() });
    world.settle(&mut mended).unwrap();
    let copies = world.read(COPIES, 0);
    assert_eq!(copies.len(), 3 + 7 + 3);
    assert_eq!((copies[3].as_str(), copies[12].as_str()), ("bad5", "fine2"));
    assert_eq!(world.read(DEAD, 0).len(), 5, "what stood before stays to be replayed");
}

#[test]
fn a_lane_that_may_lose_everything_makes_dead_letters_of_the_rest() {
    let world = world();
    let mut stopped = lane(&world, Echo::default());
    world.settle(&mut stopped).unwrap();
    stopped.drain(Duration::from_secs(1)).unwrap();
    let mut off = world.lane("one", Echo::default());
    world.settle(&mut off).unwrap();
    assert_eq!((world.read(DEAD, 0).len(), world.read(COPIES, 0).len()), (12, 6));
}

#[test]
fn where_enough_good_records_follow_the_bad_ones_before_them_are_letters_and_it_goes_on_at_once() {
    for merges in [false, true] {
        let world = World::new(2);
        fill(&world);
        (0..20).for_each(|at| world.write(0, &format!("later{at}"), 0));
        let mut config = config();
        config.breaker.max_run = 8;
        let mut lane = world.lane_with("one", Echo { merges, ..Echo::default() }, config).unwrap();
        world.settle(&mut lane).unwrap();
        assert_eq!(lane.status().snapshot().stopped, None);
        // The key of a letter is its record's, which decides the partition.
        let letters = world.read(DEAD, 0).len() + world.read(DEAD, 1).len();
        assert_eq!(letters, usize::try_from(BAD).unwrap());
        let copies = world.read(COPIES, 0);
        assert_eq!((copies.len(), copies[25].as_str()), (26, "later19"));
        assert_eq!(world.group_position(0), Some(Offset(38)));
    }
}

#[test]
fn what_comes_later_lets_a_stopped_lane_go_on_and_nothing_is_lost_or_doubled() {
    let world = world();
    let mut lane = lane(&world, Echo::default());
    world.settle(&mut lane).unwrap();
    assert!(lane.status().snapshot().stopped.is_some());
    (0..2).for_each(|at| world.write(0, &format!("later{at}"), 0));
    minutes(&world, &mut lane, 1);
    assert_eq!(lane.status().snapshot().stopped, None);
    let dead: Vec<i64> = world.letters().0.into_iter().map(|letter| letter.offset).collect();
    assert_eq!(dead, (3..15).collect::<Vec<_>>(), "each once");
    let copies = ["good0", "good1", "good2", "fine0", "fine1", "fine2", "later0", "later1"];
    assert_eq!(world.read(COPIES, 0), copies);
}

#[test]
fn a_trial_that_passes_may_read_more_than_a_transaction_holds() {
    let world = World::new(1);
    let list = |word: &str| format!("[{}]", vec![word; 50].join(","));
    for (word, count) in [("bad", 9), ("good", 30)] {
        (0..count).for_each(|_| world.write(0, &list(word), 0));
    }
    let mut config = config();
    config.commit.max_appends = 30;
    let mut lane = world.lane_with("one", Echo::default(), config).unwrap();
    world.settle(&mut lane).unwrap();
    assert_eq!(lane.status().snapshot().stopped, None);
    assert_eq!(world.read(COPIES, 0).len(), 30 * 50);
    assert_eq!(world.letters().0.len(), 9 * 21);
}

#[test]
fn a_drain_in_a_trial_commits_nothing_of_it() {
    let world = world();
    let mut lane = lane(&world, Echo::default());
    world.settle(&mut lane).unwrap();
    world.clock.advance(60_000);
    let tried = |lane: &Lane<Echo>| lane.role().steps.iter().filter(|step| *step == "bad6").count();
    let (before, mut turns) = (tried(&lane), 0);
    while tried(&lane) == before {
        lane.turn().unwrap();
        turns += 1;
        assert!(turns < 100, "the trial begins");
    }
    lane.drain(Duration::from_secs(1)).unwrap();
    assert_eq!((world.read(DEAD, 0).len(), world.group_position(0)), (5, Some(Offset(8))));
}

#[test]
fn a_commit_that_fails_where_it_stops_is_done_again_and_stops_there() {
    for fault in [Fault::CommitAborted, Fault::CommitUnknownDropped, Fault::CommitUnknownApplied] {
        let world = World::new(1);
        let mut lane = lane(&world, Echo::default());
        world.settle(&mut lane).unwrap();
        fill(&world);
        world.inner.inject("one", fault);
        world.settle(&mut lane).unwrap();
        world.settle(&mut lane).unwrap();
        let (dead, stopped) = (world.read(DEAD, 0).len(), lane.status().snapshot().stopped.is_some());
        if fault == Fault::CommitUnknownApplied {
            // A commit that did happen is not counted: another five follow, and the two behind them may pass.
            assert_eq!((dead, stopped, world.read(COPIES, 0).len()), (12, false, 6));
            continue;
        }
        assert_eq!((dead, stopped), (5, true), "{fault:?}");
        assert_eq!(world.read(COPIES, 0), ["good0", "good1", "good2"]);
    }
}

#[test]
fn a_stopped_lane_sleeps_and_is_not_called_stuck() {
    let world = world();
    let mut lane = lane(&world, Echo::default());
    world.settle(&mut lane).unwrap();
    let wait = lane.turn().unwrap();
    assert!(wait > Duration::ZERO, "it does not spin");
    let snapshot = lane.status().snapshot();
    assert_eq!(snapshot.waiting_since, None);
}

#[test]
fn a_stopped_lane_tells_no_progress() {
    let world = world();
    let beats = Some(Duration::from_millis(500));
    let mut lane = lane(&world, Echo { beats, ..Echo::default() });
    world.settle(&mut lane).unwrap();
    let seals = lane.role().seals.len();
    world.settle(&mut lane).unwrap();
    assert_eq!(lane.role().seals.len(), seals);
}
