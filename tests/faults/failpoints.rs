//! T2: the process dies at a chosen point of its transaction, three times at each, while views are fed. Every point of
//! the list is reached, or the test fails.

use std::time::Duration;

use winback_log::FailPoint;

use crate::compare::settled;
use crate::feed::{Feeder, Plan};
use crate::field::{SETTINGS, SNAPSHOT_LEAST, deployment, shared_broker};
use crate::harness::{Deployment, Running, end_of, eventually};

/// The signal that `abort` sends.
const SIGABRT: i32 = 6;
/// The time limit for reaching a point.
const DEADLINE: Duration = Duration::from_secs(60);
/// Records a second.
const PACE: u32 = 50;

/// The order for the `turn`th time, from 1 on.
fn order(point: FailPoint, turn: usize) -> String {
    match point {
        // Whoever writes dead letters here.
        FailPoint::DeadLetter => format!("{point}@matcher:{turn}"),
        // The k-th of a transaction with several.
        FailPoint::Append | FailPoint::Changelog => format!("{point}@detector:{}", 3 * turn - 2),
        // Beside the lanes, for each partition that runs.
        FailPoint::Snapshot => format!("{point}:{turn}"),
        FailPoint::Restore => format!("{point}:{}", 20 * turn - 19),
        // A partition is asked for once in the life of a member that another joins.
        FailPoint::Revoke => format!("{point}@detector"),
        FailPoint::Step
        | FailPoint::BeforeBegin
        | FailPoint::Positions
        | FailPoint::BeforeCommit
        | FailPoint::AfterCommit => {
            format!("{point}@detector:{turn}")
        }
    }
}

fn dies_at(deployment: &Deployment, point: FailPoint, turn: usize) {
    let (order, shared) = (order(point, turn), deployment.url.starts_with("kafka"));
    // A lane has partitions to give only if it was faster than the next one, or than a member that joins: that may take a few
    // starts.
    let (attempts, within) = match (point, shared) {
        (FailPoint::Revoke, false) => (12, DEADLINE / 12),
        (FailPoint::Revoke, true) => (3, DEADLINE / 2),
        _ => (1, DEADLINE),
    };
    let ended = (0..attempts).find_map(|_| {
        let mut command = deployment.member("m0", &["run"]);
        command.env("WINBACK_FAIL_AT", &order).env(SNAPSHOT_LEAST.0, SNAPSHOT_LEAST.1);
        let mut run = Running::spawn(&mut command);
        let another = (point == FailPoint::Revoke && shared).then(|| joined(deployment, &mut run));
        let ended = run.ended_within(within);
        if let Some(another) = another {
            another.signal("TERM");
            let ended = another.ended();
            assert!(ended.is_as_asked(), "{ended:?}");
        }
        ended
    });
    let ended = ended.unwrap_or_else(|| panic!("no process dies at {order}"));
    assert_eq!(ended.signal, Some(SIGABRT), "{order}: {:?}: {}", ended.code, ended.err);
}

/// A second member, started when the first decides, and has partitions to give, or has given some of a lane to another
/// before.
fn joined(deployment: &Deployment, first: &mut Running) -> Running {
    let (log, decisions) = (deployment.log(), deployment.own("decisions"));
    let before = end_of(&log, &decisions);
    let decides = || (first.has_ended() || end_of(&log, &decisions) > before).then_some(());
    eventually("something is decided", DEADLINE, decides);
    Running::spawn(&mut deployment.member("m1", &["run"]))
}

/// A deployment that dies at every point, the `turn`th way.
fn tour(url: Option<String>, turn: usize) {
    let seed = 200 + u64::try_from(turn).unwrap();
    let deployment = deployment(url, &SETTINGS);
    let feeder = Feeder::start(&deployment, Plan::new(seed, PACE));
    // A file that has the log has the state beside it, so that nobody makes snapshots of it.
    let kept = deployment.url.starts_with("kafka");
    let reached = |point: &&FailPoint| kept || **point != FailPoint::Snapshot;
    let points: Vec<FailPoint> = FailPoint::ALL.iter().filter(reached).copied().collect();
    for point in &points {
        dies_at(&deployment, *point, turn);
    }
    feeder.stop();
    let compared = settled(&deployment, seed);
    let (points, url) = (points.len(), &deployment.url);
    println!("T2 seed {seed}: died at {points} points, turn {turn}, on {url}: {}", compared.line());
}

/// The turns side by side: most of their time they wait for sessions to end.
fn tours(url: Option<&str>) {
    std::thread::scope(|scope| {
        for turn in 1..=3 {
            let url = url.map(str::to_owned);
            scope.spawn(move || tour(url, turn));
        }
    });
}

#[test]
fn a_process_that_dies_at_any_point_of_a_transaction_changes_nothing_on_the_file() {
    tours(None);
}

#[test]
fn a_process_that_dies_at_any_point_of_a_transaction_changes_nothing_on_kafka() {
    let Some(broker) = shared_broker("fail points") else { return };
    tours(Some(&broker.url()));
}
