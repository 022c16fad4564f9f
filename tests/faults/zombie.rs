//! T1's special case: a member that is frozen with a burst open, and wakes when another has fired it long ago. It has read
//! nothing meanwhile.

use std::time::Duration;

use winback_core::time::Span;
use winback_log::{Clock as _, SystemClock};

use crate::compare::settled;
use crate::failover::Probe;
use crate::feed::{Record, Sink, To, account, view};
use crate::field::{SESSION, SETTINGS, deployment, shared_broker};
use crate::harness::{Deployment, end_of, eventually};
use crate::members::Members;

const DEADLINE: Duration = Duration::from_secs(60);
/// Accounts whose bursts are open when it freezes: some in every partition.
const ACCOUNTS: usize = 20;

/// Two views of each account: enough for a trailing trigger a second later.
fn bursts(sink: &mut Sink, turn: usize) {
    let now = SystemClock.now();
    let records: Vec<Record> = (0..2 * ACCOUNTS)
        .map(|at| {
            let (key, who) = (format!("z-{turn}-{at}"), account(at % ACCOUNTS));
            let value = view(&key, &who, "/docs/late", now - Span::from_millis(1));
            Record { topic: To::Source(at % 2), key, value }
        })
        .collect();
    assert!(sink.put(&records));
}

fn end(deployment: &Deployment, topic: &str) -> i64 {
    end_of(&deployment.log(), &deployment.own(topic))
}

#[test]
fn a_zombie_that_wakes_with_bursts_due_commits_nothing() {
    let Some(broker) = shared_broker("a zombie") else { return };
    let deployment = deployment(Some(broker.url()), &SETTINGS);
    let mut members = Members::new(&deployment, 2);
    let (mut sink, mut probe) = (Sink::new(&deployment), Probe::new(&deployment));
    members.start(0);
    probe.decided(&mut members);
    for turn in 0..2 {
        let before = end(&deployment, "decisions");
        bursts(&mut sink, turn);
        eventually("the bursts are open", DEADLINE, || {
            (end(&deployment, "decisions") > before).then_some(())
        });
        members.freeze(0, 4 * SESSION);
        members.start(1);
        probe.decided(&mut members);
        // The other has the partitions and goes on; the first wakes, and is a member again.
        while members.is_any_stalled() {
            members.wait(Duration::from_millis(50));
        }
        probe.decided(&mut members);
        members.leave(1);
        members.wait(SESSION / 2);
        probe.decided(&mut members);
    }
    members.stop();
    let compared = settled(&deployment, 0);
    println!(
        "T1 zombie with bursts due, twice: {}\n  ended by themselves: {:?}",
        compared.line(),
        members.ended
    );
    assert!(compared.triggers.contains_key("trailing"));
}
