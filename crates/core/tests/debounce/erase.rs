//! The rest that an erasure leaves.

use winback_core::debounce::{
    AccountChange, Body, ERASED_KEPT, Effect, Input, Partition, Progress, Reached, Response, ResponseKind,
    StateKey, StateRow,
};
use winback_core::ids::Offset;

use crate::rig::{Rig, account, at, signal};

const DAY: i64 = 86_400_000;

fn erase(rig: &mut Rig) {
    rig.body(Body::Account(AccountChange::Erased("a".into())));
}

/// The rows that name the account.
fn rows(partition: &Partition) -> Vec<(StateKey, StateRow)> {
    let own = |key: &StateKey| key.account().is_some_and(|id| id.as_str() == "a");
    partition.rows().into_iter().filter(|(key, _)| own(key)).collect()
}

fn busy() -> Rig {
    let mut rig = Rig::new("leading=\"strength>=2\"\n");
    rig.now(2, 0);
    rig.now(1, 5);
    rig.body(opted_out("r-1", 5));
    rig
}

fn opted_out(id: &str, minute: i64) -> Body {
    Body::Response(Response {
        account: "a".into(),
        source: "responses".to_owned(),
        id: id.to_owned(),
        kind: ResponseKind::OptedOut,
        at: at(minute),
        contact: vec![7; 32],
    })
}

#[test]
fn an_erasure_cancels_what_is_open_and_leaves_only_that_it_was() {
    let mut rig = busy();
    erase(&mut rig);
    assert_eq!(rig.ends(), ["cancelled()@5"]);
    rig.progress(6);
    let left = rows(&rig.partition);
    let [(StateKey::Account(_), StateRow::Account(state))] = left.as_slice() else { panic!("{left:?}") };
    assert!(state.erased && state.account.is_none() && state.opted_out.is_empty() && state.fires.is_empty());
    assert_eq!(rig.partition.counts().opened, rig.partition.counts().ended);
}

#[test]
fn what_was_on_its_way_is_shut_out_and_leaves_nothing_behind() {
    let mut rig = busy();
    erase(&mut rig);
    rig.now(2, 8);
    rig.change(|account| account.churned_at = at(7));
    rig.body(opted_out("r-2", 9));
    rig.now(2, 10);
    assert_eq!(rig.outcomes()[2..], ["gated", "gated"]);
    assert_eq!(rig.triggers().len(), 1, "the one before");
    let left = rows(&rig.partition);
    assert!(
        matches!(left.as_slice(), [(StateKey::Account(_), StateRow::Account(state))] if state.opted_out.is_empty())
    );
}

#[test]
fn an_account_that_the_detector_never_heard_of_is_shut_out_too() {
    let mut rig = Rig::new("");
    rig.body(Body::Account(AccountChange::Erased("b".into())));
    rig.body(Body::Account(AccountChange::Upsert(Box::new(account("b")))));
    rig.body(Body::Signal(Box::new(signal("b", "x", 2, 0, 0))));
    assert_eq!(rig.outcomes(), ["gated"]);
}

#[test]
fn that_it_was_erased_is_forgotten_when_nothing_can_be_on_its_way() {
    let mut rig = busy();
    erase(&mut rig);
    rig.progress(ERASED_KEPT.millis());
    assert_eq!(rows(&rig.partition).len(), 1);
    rig.progress(ERASED_KEPT.millis() + DAY);
    assert_eq!(rows(&rig.partition), []);
}

/// The record after the last.
fn next(partition: &mut Partition, offset: &mut i64, body: Body) {
    partition.step(&Input { offset: Offset(*offset), appended_at: at(0), body }, &mut Vec::new());
    partition.commit();
    *offset += 1;
}

/// A report that moves nothing.
fn report() -> Body {
    let inputs = vec![("web/0".into(), Reached::NewestAppend(at(0)))];
    Body::Progress(Progress { inputs, known: Vec::new() })
}

#[test]
fn many_remembered_ids_go_a_few_a_report_and_the_same_after_a_restore_and_a_rollback() {
    let mut rig = Rig::new("");
    for id in 0..300 {
        rig.body(Body::Signal(Box::new(signal("a", &format!("n{id}"), 0, 0, 0))));
    }
    rig.partition.commit();
    let before = rig.partition.rows();
    erase(&mut rig);
    rig.partition.rollback();
    assert_eq!(rig.partition.rows(), before, "a rollback brings back everything");
    rig.log.pop();
    erase(&mut rig);
    rig.partition.commit();
    let mut offset = i64::try_from(rig.log.len()).unwrap();
    let mut counts = vec![rows(&rig.partition).len()];
    while counts.last() > Some(&1) && counts.len() < 10 {
        let mut restored = Partition::default();
        for (key, row) in rig.partition.rows() {
            restored.load(key, Some(row));
        }
        let before = counts.last().copied();
        for body in [Body::Hold(Some("none".into()), false), report()] {
            assert_eq!(Some(rows(&rig.partition).len()), before, "other records look for none");
            next(&mut restored, &mut offset.clone(), body.clone());
            next(&mut rig.partition, &mut offset, body);
        }
        assert_eq!(rig.partition.rows(), restored.rows(), "after {counts:?}");
        counts.push(rows(&rig.partition).len());
    }
    assert_eq!(counts, [301, 301 - 64, 301 - 128, 301 - 192, 301 - 256, 1]);
}

#[test]
fn that_it_was_erased_is_not_forgotten_before_a_report_says_so() {
    let mut rig = busy();
    erase(&mut rig);
    rig.progress(6);
    let late = ERASED_KEPT.millis() + DAY;
    rig.body(Body::Signal(Box::new(signal("b", "late", 0, late, late))));
    assert_eq!(rows(&rig.partition).len(), 1, "the clock has passed it");
    rig.progress(late);
    assert_eq!(rows(&rig.partition), []);
}

#[test]
fn an_erasure_that_comes_twice_is_one() {
    let mut rig = busy();
    erase(&mut rig);
    let effects = rig.effects.len();
    rig.progress(DAY);
    erase(&mut rig);
    assert_eq!(rig.effects[effects..].iter().filter(|effect| !matches!(effect, Effect::Note(_))).count(), 0);
}
