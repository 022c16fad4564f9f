//! Schedules by the thousand: whatever goes wrong, what is committed is what the core makes of the inbox.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use winback_telemetry::Metrics;

use crate::dice::{number, seed};
use crate::ops::Schedule;
use crate::shrink::shrink;
use crate::world::{Tally, World};

/// So many in a usual test run.
const USUAL: u64 = 15_000;
/// So many in a long one.
const LONG: u64 = 200_000;
/// Buffers of metrics are folded after so many.
const UPKEEP_EVERY: u64 = 1_000;

/// Runs a schedule to its end; an error says what differs.
fn run(schedule: &Schedule, metrics: &Metrics) -> Result<Tally, String> {
    let run = || {
        let mut world = World::new(schedule.shape, metrics);
        schedule.ops.iter().try_for_each(|op| world.apply(op))?;
        world.settle()?;
        world.difference().map_or_else(|| Ok(std::mem::take(&mut world.tally)), Err)
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("it panicked, see above".to_owned()))
}

fn report(seed: u64, metrics: &Metrics, why: &str) -> String {
    let shrunk = shrink(Schedule::of(seed), |shorter| run(shorter, metrics).is_err());
    let why_shrunk = run(&shrunk, metrics).err().unwrap_or_default();
    let ops: Vec<String> = shrunk.ops.iter().map(|op| format!("  {op:?}")).collect();
    format!(
        "the schedule of seed {seed} fails: {why}\n\nIts steps that matter, with {:?}:\n{}\nlead to: {why_shrunk}\n\n\
         Again: SIMULATION_SEED={seed} SIMULATION_SCHEDULES=1 cargo test -p winback-detector --test simulation schedules",
        shrunk.shape,
        ops.join("\n"),
    )
}

/// Runs so many schedules, each with the seed behind the one before, and says what was seen.
fn simulate(count: u64) {
    let (first, count) = (seed(), number("SIMULATION_SCHEDULES").unwrap_or(count));
    println!("simulation: seed {first}, {count} schedules");
    let metrics = Metrics::new();
    let mut tally = Tally::new();
    let started = Instant::now();
    for nth in 0..count {
        let seed = first.wrapping_add(nth);
        match run(&Schedule::of(seed), &metrics) {
            Ok(seen) => seen.into_iter().for_each(|(what, times)| *tally.entry(what).or_default() += times),
            Err(why) => panic!("{}", report(seed, &metrics, &why)),
        }
        if nth % UPKEEP_EVERY == 0 {
            metrics.upkeep();
        }
    }
    let took = started.elapsed().as_secs_f64();
    let rate = count as f64 / took * 60.0;
    println!("simulation: all equal to the core in {took:.1} s, {rate:.0} a minute; {tally:?}");
    let reached = [
        "commits",
        "aborts",
        "unknown",
        "arrived late",
        "expelled",
        "replaced",
        "triggers",
        "triggers in shadow",
    ];
    let missed: Vec<_> = reached.into_iter().filter(|what| tally.get(what).is_none_or(|n| *n == 0)).collect();
    assert!(count < USUAL || missed.is_empty(), "never reached: {missed:?}");
}

#[test]
fn whatever_goes_wrong_what_is_committed_is_what_the_core_makes_of_the_inbox() {
    simulate(USUAL);
}

#[test]
#[ignore = "the long form: make simulate"]
fn for_as_long_as_was_asked() {
    simulate(LONG);
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let metrics = Metrics::new();
    for seed in 0..20 {
        let (once, again) = (Schedule::of(seed), Schedule::of(seed));
        assert_eq!(once, again);
        assert_eq!(run(&once, &metrics), run(&again, &metrics));
    }
}
