//! Makes a schedule that fails as short as it can be made by leaving out steps.

use crate::ops::{Op, Schedule};

/// Leaves out ever smaller runs of steps, as long as what is left `fails`.
pub(crate) fn shrink(schedule: Schedule, fails: impl Fn(&Schedule) -> bool) -> Schedule {
    let mut best = schedule;
    loop {
        let before = best.ops.len();
        let mut length = before.div_ceil(2);
        while length > 0 {
            best = without_runs(best, length, &fails);
            length /= 2;
        }
        if best.ops.len() == before {
            return best;
        }
    }
}

fn without_runs(mut best: Schedule, length: usize, fails: &impl Fn(&Schedule) -> bool) -> Schedule {
    let mut at = 0;
    while at < best.ops.len() {
        let end = best.ops.len().min(at + length);
        let ops: Vec<Op> = best.ops[..at].iter().chain(&best.ops[end..]).copied().collect();
        let shorter = Schedule { ops, ..best };
        if fails(&shorter) {
            best = shorter;
        } else {
            at = end;
        }
    }
    best
}

#[test]
fn only_the_steps_that_matter_are_left() {
    let fails = |schedule: &Schedule| {
        let compact = schedule.ops.iter().filter(|op| **op == Op::Compact).count();
        compact >= 2 && schedule.ops.contains(&Op::Haunt)
    };
    let failing = (0..).map(Schedule::of).find(fails).unwrap();
    let shrunk = shrink(failing, fails);
    assert_eq!(shrunk.ops.len(), 3, "{shrunk:?}");
}
