//! A deployment that goes on on another log: rows of its state come as records, and nobody is triggered again.

use winback_core::debounce::{
    AccountChange, Body, DeadReason, Effect, Hold, Moved, Partition, Progress, StateKey, StateRow,
};
use winback_core::ids::Offset;

use crate::rig::{Rig, at, signal};

const POLICY: &str = "leading=\"strength>=2\"\n[[caps]]\nper=\"account\"\nmax=1\nwindow=\"1d\"\n";

fn moved(complete: bool) -> Body {
    Body::Moved(Moved { id: "7".into(), from: "sqlite:a.db".into(), complete })
}

fn carry(into: &mut Rig, from: &Partition) {
    into.body(moved(false));
    for (key, row) in from.rows().into_iter().filter(|(key, _)| *key != StateKey::Clock) {
        into.body(Body::Carried(Box::new((key, row))));
    }
}

fn on_another_log(from: &Rig) -> Rig {
    let mut there = Rig::default();
    carry(&mut there, &from.partition);
    there.body(moved(true));
    there
}

#[test]
fn an_open_burst_ends_at_its_deadline_with_the_trigger_that_it_would_have_had() {
    let mut here = Rig::new("");
    here.now(1, 0);
    here.now(1, 5);
    let mut there = on_another_log(&here);
    for rig in [&mut here, &mut there] {
        rig.progress(14);
        rig.progress(15);
    }
    assert_eq!(there.fired(), ["trailing(quiet)@15 n=2"]);
    assert_eq!(here.triggers()[0], there.triggers()[0]);
    assert_eq!((there.partition.counts().opened, there.partition.counts().ended), (1, 1));
}

#[test]
fn what_was_seen_stays_seen_whatever_its_offset_is_there() {
    let mut here = Rig::new("");
    (0..20).for_each(|_| here.body(Body::Hold(Some("none".into()), false)));
    here.arrives("x", 1, 0, 0);
    let mut there = on_another_log(&here);
    // The old offset of its first record is a new record's here.
    let old = here
        .partition
        .rows()
        .into_values()
        .find_map(|row| if let StateRow::Seen(seen) = row { Some(seen.offset) } else { None });
    let old = usize::try_from(old.unwrap().0).unwrap();
    assert!(there.log.len() <= old);
    while there.log.len() < old {
        there.body(Body::Hold(Some("none".into()), false));
    }
    for _ in 0..3 {
        there.body(Body::Signal(Box::new(signal("a", "x", 1, 0, 0))));
    }
    assert_eq!(there.outcomes(), ["duplicate"; 3]);
}

#[test]
fn quiet_times_and_caps_hold() {
    let mut here = Rig::new(POLICY);
    here.now(2, 0);
    let mut there = on_another_log(&here);
    there.now(2, 50);
    there.progress(90);
    there.now(2, 95);
    there.now(2, 300);
    assert_eq!(there.outcomes(), ["cooled", "cooled", "capped"]);
    assert_eq!(there.triggers().len(), 0);
}

#[test]
fn what_was_left_of_an_erased_account_goes_there_and_the_same_after_a_restart() {
    let mut here = Rig::new("");
    for id in 0..100 {
        here.body(Body::Signal(Box::new(signal("a", &format!("n{id}"), 0, 0, 0))));
    }
    here.body(Body::Account(AccountChange::Erased("a".into())));
    let mut there = Rig::default();
    // A report of nobody looks for what is to go, and finds nothing yet.
    there.body(Body::Progress(Progress::default()));
    carry(&mut there, &here.partition);
    there.body(moved(true));
    let seen = |partition: &Partition| {
        partition.rows().keys().filter(|key| matches!(key, StateKey::Seen(_))).count()
    };
    let mut left = vec![seen(&there.partition)];
    for millis in 0..2 {
        there.partition.commit();
        let mut restarted = Partition::default();
        there.partition.rows().into_iter().for_each(|(key, row)| restarted.load(key, Some(row)));
        there.progress(millis);
        restarted.step(there.log.last().unwrap(), &mut Vec::new());
        assert_eq!(restarted.rows(), there.partition.rows());
        left.push(seen(&there.partition));
    }
    assert_eq!(left, [100, 36, 0]);
}

#[test]
fn an_attempt_that_was_broken_off_leaves_nothing() {
    let mut here = Rig::new("");
    here.now(1, 0);
    let mut there = Rig::default();
    carry(&mut there, &here.partition);
    here.progress(1_000);
    carry(&mut there, &here.partition);
    there.body(moved(true));
    let left = there.partition.rows();
    let same = |key: &StateKey| !matches!(key, StateKey::Clock | StateKey::Seen(_));
    let rows =
        |partition: &Partition| partition.rows().into_iter().filter(|(key, _)| same(key)).collect::<Vec<_>>();
    assert_eq!(rows(&there.partition), rows(&here.partition), "{left:?}");
    assert_eq!(there.partition.counts().opened, 0, "the burst of the first attempt is gone");
}

#[test]
fn a_row_that_comes_when_the_clock_runs_is_refused() {
    let mut rig = Rig::new("");
    rig.now(1, 0);
    let before = rig.partition.rows();
    let row = (StateKey::Hold(String::new()), StateRow::Hold(Hold));
    rig.body(Body::Carried(Box::new(row)));
    rig.body(moved(false));
    assert!(matches!(rig.effects.last(), Some(Effect::DeadLetter { reason: DeadReason::LateRow, .. })));
    let without_clock = |rows: &std::collections::BTreeMap<StateKey, StateRow>| {
        rows.iter()
            .filter(|(key, _)| **key != StateKey::Clock)
            .map(|(key, _)| key.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(without_clock(&before), without_clock(&rig.partition.rows()));
    assert_eq!(rig.partition.next_offset(), Some(Offset(i64::try_from(rig.log.len()).unwrap())));
    assert!(rig.partition.clock().watermark.is_some_and(|watermark| watermark == at(0)));
}
