//! The end of a transaction comes late, twice or never.

use winback_testkit::{Action, ApiKey};

use crate::case::{Case, Until, side_by_side};

fn commit(action: Action) -> Case {
    Case::of(ApiKey::Commit, action)
}

fn abort(action: Action) -> Case {
    Case::of(ApiKey::Abort, action)
}

#[test]
fn a_commit_that_arrives_during_the_next_transaction_ends_nothing_on_kafka() {
    side_by_side([
        commit(Action::Hold),
        commit(Action::Strand),
        Case { cut_before: true, ..commit(Action::Strand) },
    ]);
}

#[test]
fn an_abort_that_arrives_during_the_next_transaction_ends_nothing_on_kafka() {
    side_by_side([
        abort(Action::Hold),
        abort(Action::Strand),
        Case { until: Until::Positions, ..abort(Action::Strand) },
    ]);
}

#[test]
fn an_end_that_is_lost_or_repeated_or_whose_answer_is_lost_tears_nothing_on_kafka() {
    let lost = [Action::Drop, Action::DropAnswer, Action::Cut, Action::CutAnswer, Action::Repeat];
    let aborts = [Action::DropAnswer, Action::CutAnswer];
    side_by_side(lost.map(commit).into_iter().chain(aborts.map(abort)));
}
