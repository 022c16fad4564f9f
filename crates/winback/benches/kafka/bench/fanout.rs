//! A lone signal beside an event that is told to many accounts: all roles of the binary on Kafka.

use std::time::{Duration, Instant};

use winback_core::time::Time;
use winback_log::{Clock as _, SharedLog, SystemClock};

use super::deployment::{Deployment, Member, id, millis};
use super::machine::Sorted;
use super::size;

/// Lone signals before the event, and while it is told.
const BEFORE: u64 = 50;
const BESIDE: u64 = 150;
const APART: Duration = Duration::from_millis(400);
/// Once so many have heard of it, it is under way.
const UNDER_WAY: usize = 500;
const DEADLINE: Duration = Duration::from_secs(600);
/// Sources of which nothing comes: an event is told on the progress of all, so that a deployment with few tells it slower.
const IDLE: u32 = 6;

pub(super) fn run(log: &SharedLog, url: &str) -> anyhow::Result<()> {
    let many = size("WINBACK_BENCH_FANOUT", 200_000)?;
    let dir = tempfile::tempdir()?;
    let mut deployment = Deployment::new(log, url, dir.path(), "fanout", &sources())?;
    deployment.accounts(0..many, r#","missing_features":["SSO"]"#)?;
    // The last that are known: they miss nothing.
    let lone = many..many + BEFORE + BESIDE + 1;
    deployment.accounts(lone.clone(), "")?;
    let member = Member::start(dir.path(), &[])?;
    is_known(&mut deployment, lone.end - 1)?;

    let quiet = visit(&mut deployment, lone.start, BEFORE)?;
    tell("before", &quiet);
    let now = SystemClock.now();
    let release = format!(
        r#"{{"id":"rel-1","type":"feature","title":"Single sign-on","features":["SSO"],"date":"{now}"}}"#
    );
    deployment.send("releases", None, release.as_bytes(), now)?;
    let known = deployment.triggers.len();
    deployment.wait_for(known + UNDER_WAY, DEADLINE)?;
    let (at, told) = (Instant::now(), deployment.triggers.len());
    let beside = visit(&mut deployment, lone.start + BEFORE, BESIDE)?;
    let told = deployment.triggers.len() - told - usize::try_from(BESIDE)?;
    let rate = told as f64 / at.elapsed().as_secs_f64();
    let all = known + usize::try_from(many + BESIDE)?;
    anyhow::ensure!(deployment.triggers.len() < all, "it was told before the signals were through");
    tell(&format!("while {rate:.0} accounts a second are told"), &beside);
    println!("  by the medians a lone signal waits {} ms longer", beside.at(50) - quiet.at(50));
    drop(member);
    Ok(())
}

fn sources() -> String {
    let source = |name: &str, preset: &str| {
        format!("[sources.{name}]\ntopic = \"fanout.{name}\"\npreset = \"{preset}\"\nstart = \"earliest\"\n")
    };
    let idle = (0..IDLE).map(|number| source(&format!("idle{number}"), "segment"));
    std::iter::once(source("releases", "releases")).chain(idle).collect()
}

/// Sends signals of that account until one has a trigger: then it is known, and whoever came before it.
fn is_known(deployment: &mut Deployment, number: u64) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !deployment.triggers.contains_key(&id(number)) {
        anyhow::ensure!(begun.elapsed() < DEADLINE, "{} has no trigger", id(number));
        deployment.visit(number, "/pricing")?;
        deployment.read_for(Duration::from_secs(1))?;
    }
    Ok(())
}

/// Milliseconds from the signals of so many accounts to the reader of their committed triggers.
fn visit(deployment: &mut Deployment, first: u64, count: u64) -> anyhow::Result<Sorted> {
    let mut sent: Vec<(String, Time)> = Vec::new();
    for number in first..first + count {
        sent.push((id(number), deployment.visit(number, "/pricing")?));
        deployment.read_for(APART)?;
    }
    let begun = Instant::now();
    while !sent.iter().all(|(id, _)| deployment.triggers.contains_key(id)) {
        anyhow::ensure!(begun.elapsed() < DEADLINE, "a lone signal has no trigger");
        deployment.read_for(APART)?;
    }
    let span = |(id, sent): &(String, Time)| Some(millis(deployment.triggers.get(id)?.seen_at, *sent));
    Ok(Sorted::new(sent.iter().filter_map(span).collect()))
}

fn tell(when: &str, millis: &Sorted) {
    let [half, most, worst] = [50, 99, 100].map(|percent| millis.at(percent));
    let within = millis.within(100.0);
    println!(
        "  {when}: mean {:.0} ms, p50 {half} ms, p99 {most} ms, max {worst} ms; {within} of {} within 100 ms",
        millis.mean(),
        millis.count()
    );
}
