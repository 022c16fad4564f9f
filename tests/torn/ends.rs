//! The end of a transaction comes late, twice or never.

use winback_testkit::{Action, ApiKey};

use crate::case::{Case, Until, settle, side_by_side};
use crate::copier::{Copier as _, LaneCopier};
use crate::topics::Topics;
use crate::world::World;

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

#[test]
fn while_nothing_is_disturbed_no_transaction_takes_a_new_epoch_on_kafka() {
    let Some(world) = World::get("epochs on Kafka") else { return };
    let (door, topics) = (world.door(), Topics::new(world));
    let lane = Box::new(LaneCopier::start(&topics, door.bootstrap()));
    topics.write(1);
    settle(&topics, lane.as_ref());
    let epochs = door.proxy().on(ApiKey::InitProducerId, 1, Action::Watch);
    for _ in 0..10 {
        topics.write(1);
        settle(&topics, lane.as_ref());
    }
    // On a machine that is too busy a commit may miss its deadline, and then one is taken.
    let way = lane.stop();
    assert!(!epochs.has_struck() || !way.ends_with("0 aborted, 0 unknown"), "{way}");
}
