//! T11: a member under a steady load for a while. Memory, descriptors and threads stay where they were: `make soak`.

use std::time::{Duration, Instant};

use winback_testkit::Broker;

use crate::compare::settled;
use crate::feed::{Feeder, Plan};
use crate::field::{SETTINGS, deployment};
use crate::harness::Running;

/// Records a second.
const PACE: u32 = 200;
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Until then buffers and pools fill.
const WARM: Duration = Duration::from_secs(60);

/// What a process holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    resident_kib: u64,
    descriptors: usize,
    threads: usize,
}

fn held(pid: u32) -> Held {
    let count = |what: &str| std::fs::read_dir(format!("/proc/{pid}/{what}")).unwrap().count();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident_kib = line.trim().trim_end_matches(" kB").parse().unwrap();
    Held { resident_kib, descriptors: count("fd"), threads: count("task") }
}

#[test]
#[ignore = "minutes: make soak"]
fn a_member_under_a_steady_load_holds_no_more_than_before() {
    let minutes = std::env::var("SOAK_MINUTES").ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(30);
    let broker = Broker::start().unwrap();
    let deployment = deployment(Some(broker.url()), &SETTINGS);
    let feeder = Feeder::start(&deployment, Plan::new(11, PACE));
    let mut run = Running::spawn(&mut deployment.member("m0", &["run"]));
    let (began, mut warm) = (Instant::now(), None);
    while began.elapsed() < Duration::from_secs(60 * minutes) {
        std::thread::park_timeout(LOOK_EVERY);
        assert!(!run.has_ended(), "the member ended");
        let now = held(run.pid());
        println!("T11 after {:>5} s: {now:?}", began.elapsed().as_secs());
        if warm.is_none() && began.elapsed() >= WARM {
            warm = Some(now);
        }
    }
    let (after, warm) = (held(run.pid()), warm.expect("a soak lasts longer than a minute"));
    run.signal("TERM");
    run.ended().expect(0);
    let fed = feeder.stop();
    let compared = settled(&deployment, 11);
    let grown = after.resident_kib.saturating_sub(warm.resident_kib) / minutes.max(1);
    println!(
        "T11: {} records fed in {minutes} min, {grown} KiB more a minute: {warm:?}, then {after:?}",
        fed.records
    );
    println!("  equal to the oracle: {}", compared.line());
    assert!(after.descriptors <= warm.descriptors + 8, "descriptors: {warm:?}, then {after:?}");
    assert!(after.threads <= warm.threads + 4, "threads: {warm:?}, then {after:?}");
}
