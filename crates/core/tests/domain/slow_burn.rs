//! The slow burn: a visit a day for three weeks, each too little by itself.

use winback_core::debounce::{Effect, Input, Partition, Subject, Trigger};
use winback_core::signal::SignalKind::*;

use crate::rig::Rig;
use crate::support::{DAY, comes};

/// Ten points are needed, a visit has 2.
const ALONE: &str = "leading=\"off\"\nmin_score=10\n";
const CARRIED: &str = "leading=\"off\"\nmin_score=10\n[score]\ncarry=true\nhalf_life=\"7d\"\n";

fn rig(policy: &str) -> Rig {
    let mut rig = Rig::default();
    rig.policy("p", 1, &format!("quiet=\"10ms\"\nmax_wait=\"30ms\"\ncooldown=\"14d\"\n{policy}"));
    rig.change(|_| {});
    rig
}

fn visits(rig: &mut Rig, days: std::ops::Range<i64>) {
    days.for_each(|day| comes(rig, WebVisit, "", day * DAY));
}

fn parts(trigger: &Trigger) -> (u32, u32, u32) {
    (trigger.evidence.own_score(), trigger.evidence.carried_score, trigger.evidence.score())
}

/// Each day 2 more, and what was there times 2^(-1/7) = 0.9057: 2, 3.81, 5.45, 6.94, 8.28, 9.50, 10.61.
#[test]
fn a_visit_a_day_fires_on_the_seventh_with_what_was_carried_over_in_its_score() {
    let mut rig = rig(CARRIED);
    visits(&mut rig, 0..7);
    assert_eq!(rig.fired(), [format!("trailing(quiet)@{} n=1", 6 * DAY + 10)]);
    assert_eq!(parts(rig.triggers()[0]), (2, 8, 10));
    let carried: Vec<(u32, u32)> = rig
        .decisions()
        .iter()
        .filter_map(|decision| match decision.subject {
            Subject::Burst { score, carried, .. } => Some((score, carried)),
            Subject::Signal { .. } => None,
        })
        .collect();
    assert_eq!(carried, [(2, 0), (3, 1), (5, 3), (6, 4), (8, 6), (9, 7), (10, 8)]);
}

#[test]
fn without_the_carried_score_no_number_of_days_fires() {
    let mut rig = rig(ALONE);
    visits(&mut rig, 0..21);
    assert!(rig.fired().is_empty());
}

#[test]
fn a_visit_a_fortnight_is_forgotten_before_it_adds_up() {
    let mut rig = rig(CARRIED);
    (0..10).for_each(|time| comes(&mut rig, WebVisit, "", time * 14 * DAY));
    assert!(rig.fired().is_empty());
}

#[test]
fn what_was_carried_is_spent_when_it_fires_and_what_a_hold_stopped_is_not_kept() {
    let mut rig = rig(CARRIED);
    visits(&mut rig, 0..21);
    assert_eq!(rig.fired().len(), 1, "the quiet time of 14 days, then from nothing");
    visits(&mut rig, 21..28);
    assert_eq!(rig.fired().len(), 2, "{:?}", rig.fired());

    let mut rig = self::rig(CARRIED);
    rig.body(winback_core::debounce::Body::Hold(None, true));
    comes(&mut rig, FundingNews, "", 0);
    comes(&mut rig, WebVisit, "pricing", 5);
    rig.progress(500);
    rig.body(winback_core::debounce::Body::Hold(None, false));
    comes(&mut rig, EmailOpen, "", DAY);
    assert!(rig.fired().is_empty(), "{:?}", rig.fired());
}

#[test]
fn less_than_a_point_leaves_no_row_behind() {
    let mut rig = rig(CARRIED);
    comes(&mut rig, WebVisit, "", 0);
    let machines = |rig: &Rig| {
        let is = |key: &winback_core::debounce::StateKey| {
            matches!(key, winback_core::debounce::StateKey::Machine(..))
        };
        rig.partition.rows().keys().filter(|key| is(key)).count()
    };
    assert_eq!(machines(&rig), 1);
    rig.progress(15 * DAY);
    rig.progress(15 * DAY + 1);
    assert_eq!(machines(&rig), 0, "2 points are less than one after two half-lives");
}

/// Visits of three months at uneven distances, from none in a day to none in a fortnight.
fn uneven() -> Vec<Input> {
    let mut rig = rig(CARRIED);
    let (mut millis, mut dice) = (0, 7_u64);
    for _ in 0..60 {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        millis += i64::try_from(dice >> 33).unwrap() % (if dice & 1 == 0 { DAY } else { 14 * DAY }) + 20;
        comes(&mut rig, WebVisit, "", millis);
    }
    assert!((2..20).contains(&rig.fired().len()), "{:?}", rig.fired());
    rig.log
}

fn replay(log: &[Input]) -> (Partition, Vec<Effect>) {
    let (mut partition, mut effects) = (Partition::default(), Vec::new());
    log.iter().for_each(|input| partition.step(input, &mut effects));
    partition.commit();
    (partition, effects)
}

#[test]
fn a_carried_score_survives_restarts_and_batches_that_are_taken_back() {
    let log = uneven();
    let (whole, expected) = replay(&log);
    for cut in 0..log.len() {
        let (before, mut effects) = replay(&log[..cut]);
        let mut after = Partition::default();
        before.rows().into_iter().for_each(|(key, row)| after.load(key, Some(row)));
        let batch = &log[cut..log.len().min(cut + 5)];
        batch.iter().for_each(|input| after.step(input, &mut Vec::new()));
        after.rollback();
        assert_eq!(after.rows(), before.rows(), "taken back at {cut}");
        log[cut..].iter().for_each(|input| after.step(input, &mut effects));
        assert_eq!((effects, after.rows()), (expected.clone(), whole.rows()), "restarted at {cut}");
    }
}
