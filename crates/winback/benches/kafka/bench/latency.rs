//! From a lone signal to its trigger, through the binary's own registrar, matcher and detector on Kafka.

use std::time::Duration;

use winback_core::time::Time;
use winback_log::SharedLog;

use super::deployment::{Deployment, Member, Seen, id, millis};
use super::machine::Sorted;

const LEADING: u64 = 200;
const TRAILING: u64 = 50;
/// Enough for the broker to have compiled what these paths run.
const WARM_UP: u64 = 100;
const APART: Duration = Duration::from_millis(50);
const DEADLINE: Duration = Duration::from_secs(60);

pub(super) fn run(log: &SharedLog, url: &str) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let mut deployment = Deployment::new(log, url, dir.path(), "latency", "")?;
    deployment.accounts(0..LEADING + TRAILING + WARM_UP, "")?;
    let member = Member::start(dir.path(), &["--role", "registrar,matcher,detector"])?;
    // Until the first signals have come through, everything is ready.
    visit(&mut deployment, LEADING + TRAILING, WARM_UP, "/pricing", APART)?;
    let (committed, seen) = leading(&mut deployment)?;
    tell("leading: from the signal to the trigger's append", "200 ms", &committed);
    tell("leading: from the signal to a reader of committed records", "200 ms", &seen);
    let (committed, seen) = trailing(&mut deployment)?;
    tell("trailing: from the deadline to the trigger's append", "1500 ms", &committed);
    tell("trailing: from the deadline to a reader of committed records", "1500 ms", &seen);
    drop(member);
    Ok(())
}

fn tell(what: &str, aim: &str, millis: &Sorted) {
    let (half, most, worst) = (millis.at(50), millis.at(99), millis.at(100));
    println!("  {what}: p50 {half} ms, p99 {most} ms, max {worst} ms of {} (aim: p99 {aim})", millis.count());
}

/// Milliseconds from each lone strong signal to its trigger: as appended, and as seen.
fn leading(deployment: &mut Deployment) -> anyhow::Result<(Sorted, Sorted)> {
    let sent = visit(deployment, 0, LEADING, "/pricing", APART)?;
    spans(deployment, &sent, "leading", |_, sent| Some(sent))
}

/// Milliseconds from the deadline of each lone weak signal's burst to its trigger: as appended, and as seen.
fn trailing(deployment: &mut Deployment) -> anyhow::Result<(Sorted, Sorted)> {
    let sent = visit(deployment, LEADING, TRAILING, "/blog/a-long-title-of-an-article", APART * 3)?;
    spans(deployment, &sent, "trailing", |trigger, _| trigger.deadline)
}

/// So many accounts from `first` on show one signal each, and have a trigger each.
fn visit(
    deployment: &mut Deployment,
    first: u64,
    count: u64,
    path: &str,
    apart: Duration,
) -> anyhow::Result<Vec<(u64, Time)>> {
    let before = deployment.triggers.len();
    let mut sent = Vec::new();
    for number in first..first + count {
        sent.push((number, deployment.visit(number, path)?));
        deployment.read_for(apart)?;
    }
    deployment.wait_for(before + sent.len(), DEADLINE)?;
    Ok(sent)
}

fn spans(
    deployment: &Deployment,
    sent: &[(u64, Time)],
    edge: &str,
    from: impl Fn(&Seen, Time) -> Option<Time>,
) -> anyhow::Result<(Sorted, Sorted)> {
    let (mut appended, mut seen) = (Vec::new(), Vec::new());
    for (number, sent) in sent {
        let trigger = deployment.triggers.get(&id(*number)).filter(|trigger| trigger.edge == edge);
        let trigger = trigger.ok_or_else(|| anyhow::anyhow!("{} has no {edge} trigger", id(*number)))?;
        let from = from(trigger, *sent).ok_or_else(|| anyhow::anyhow!("{} has no deadline", id(*number)))?;
        appended.push(millis(trigger.appended_at, from));
        seen.push(millis(trigger.seen_at, from));
    }
    Ok((Sorted::new(appended), Sorted::new(seen)))
}
