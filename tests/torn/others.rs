//! Positions, partitions and records of a transaction come late or never.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use winback_testkit::{Action, ApiKey};

use crate::case::{Case, side_by_side};
use crate::copier::{Copier as _, LaneCopier};
use crate::deadline::eventually;
use crate::topics::Topics;
use crate::world::{DEADLINE, World};

/// The time for which a forbidden answer must not come.
const SILENCE: Duration = Duration::from_millis(300);

const ALL: [Action; 5] = [Action::Hold, Action::Strand, Action::Drop, Action::Cut, Action::CutAnswer];

fn all(request: ApiKey) -> impl Iterator<Item = Case> {
    ALL.into_iter().map(move |action| Case::of(request, action))
}

#[test]
fn positions_that_arrive_during_the_next_transaction_or_never_leave_no_wrong_position_on_kafka() {
    side_by_side(all(ApiKey::TxnOffsetCommit));
    side_by_side([Case::of(ApiKey::AddOffsetsToTxn, Action::Strand)]);
}

#[test]
fn a_transaction_whose_first_partitions_are_added_late_or_never_is_whole_on_kafka() {
    side_by_side(all(ApiKey::AddPartitionsToTxn));
}

#[test]
fn records_that_arrive_during_the_next_transaction_or_never_are_copied_once_on_kafka() {
    side_by_side(all(ApiKey::Produce));
}

#[test]
fn positions_are_told_only_when_the_transaction_that_moves_them_has_ended_on_kafka() {
    let Some(world) = World::get("stable positions on Kafka") else { return };
    let (door, topics) = (world.door(), Topics::new(world));
    let lane = Box::new(LaneCopier::start(&topics, door.bootstrap()));
    topics.write(1);
    eventually("the first is copied", DEADLINE, || lane.has_copied(&[1, 1]).then_some(()));
    let held = door.proxy().on(ApiKey::Commit, 1, Action::Hold);
    topics.write(1);
    held.request(DEADLINE).expect("the second is being committed");
    thread::scope(|scope| {
        let (tell, told) = channel();
        let topics = &topics;
        scope.spawn(move || tell.send(topics.positions()));
        assert!(told.recv_timeout(SILENCE).is_err(), "positions of an open transaction were told");
        held.release();
        assert!(told.recv_timeout(DEADLINE).is_ok());
    });
    eventually("the second is copied", DEADLINE, || lane.has_copied(&[2, 2]).then_some(()));
    lane.stop();
}
