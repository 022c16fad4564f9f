//! The negative control: under the same schedules the naive loop must come out wrong. If it does not, these tests see
//! nothing and the others prove nothing.

use winback_testkit::{Action, ApiKey};

use crate::case::{Case, Until};
use crate::check;
use crate::naive::Naive;

/// The faults after the naive loop went through the case, and the broker's answer to the late end.
fn faults_of(case: Case) -> Option<(Vec<String>, Option<i16>)> {
    let outcome = case.run(|topics, bootstrap| Box::new(Naive::start(topics, bootstrap)))?;
    let mut faults = check::faults(&outcome.topics);
    faults.extend(outcome.misplaced);
    println!("{case:?}: {}: {faults:#?}", outcome.way);
    Some((faults, outcome.answer))
}

fn has(faults: &[String], kind: &str) -> bool {
    faults.iter().any(|fault| fault.starts_with(kind))
}

#[test]
fn the_naive_loop_is_torn_by_a_late_commit_on_kafka() {
    for action in [Action::Hold, Action::Strand] {
        let Some((faults, answer)) = faults_of(Case::of(ApiKey::Commit, action)) else { return };
        assert_eq!(
            answer,
            Some(0),
            "{action:?}: the broker takes the late commit for the next transaction's"
        );
        assert!(has(&faults, "torn") && has(&faults, "copied"), "{action:?}: {faults:?}");
    }
}

#[test]
fn the_naive_loop_loses_records_by_a_late_abort_on_kafka() {
    let case = Case { until: Until::Positions, ..Case::of(ApiKey::Abort, Action::Strand) };
    let Some((faults, answer)) = faults_of(case) else { return };
    assert_eq!(answer, Some(0), "the broker takes the late abort for the next transaction's");
    assert!(has(&faults, "copied"), "{faults:?}");
}

#[test]
fn the_naive_loop_goes_back_by_late_positions_on_kafka() {
    let case = Case::of(ApiKey::TxnOffsetCommit, Action::Strand);
    let Some((faults, _)) = faults_of(case) else { return };
    assert!(has(&faults, "positions"), "{faults:?}");
}
