//! T11: a member under a steady load for a while. Lag, descriptors and threads stay where they were, and its memory grows
//! by no more than the state that it keeps: `make soak`.

use std::time::{Duration, Instant};

use winback_log::TopicPartition;
use winback_testkit::Broker;

use crate::compare::settled;
use crate::feed::{Feeder, Plan};
use crate::field::{EVENTS, INBOX_PARTITIONS, SETTINGS, SOURCES, deployment};
use crate::harness::{Deployment, Running};

/// Records a second.
const PACE: u32 = 200;
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Until then buffers and pools fill.
const WARM: Duration = Duration::from_secs(60);
/// A lane that takes its transactional id anew holds two producers for a while, which is no leak: of so many looks at the
/// end the one that saw least counts.
const LOOKS: usize = 12;

/// A row of state, its key and its places in the tables take no more, in bytes.
const ROW: u64 = 256;

/// The resources that a process holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) resident_kib: u64,
    descriptors: usize,
    threads: usize,
    /// Records of the sources and the inbox that no lane has passed.
    pub(crate) lag: i64,
}

impl Held {
    fn least(self, other: Self) -> Self {
        Self {
            resident_kib: self.resident_kib.min(other.resident_kib),
            descriptors: self.descriptors.min(other.descriptors),
            threads: self.threads.min(other.threads),
            lag: self.lag.min(other.lag),
        }
    }
}

/// The resources that the member holds now.
pub(crate) fn held(pid: u32, deployment: &Deployment) -> Held {
    let count = |what: &str| std::fs::read_dir(format!("/proc/{pid}/{what}")).unwrap().count();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let resident_kib = line.trim().trim_end_matches(" kB").parse().unwrap();
    Held { resident_kib, descriptors: count("fd"), threads: count("task"), lag: lag(deployment) }
}

fn lag(deployment: &Deployment) -> i64 {
    let sources = SOURCES.iter().chain(&EVENTS).map(|source| {
        (format!("matcher.{}", source.name), deployment.topic_of(source.name), SETTINGS.partitions)
    });
    let inbox = ("detector".to_owned(), deployment.own("inbox"), INBOX_PARTITIONS);
    let mut reader = deployment.log().reader().unwrap();
    let behind = |(group, topic, count): (String, String, i32)| {
        let partitions: Vec<_> = (0..count).map(|at| TopicPartition::new(topic.as_str(), at)).collect();
        let passed = reader.committed(&deployment.own(&group), &partitions).unwrap();
        let ends = reader.end_offsets(&partitions).unwrap();
        ends.iter().zip(passed).map(|(end, passed)| end.0 - passed.map_or(0, |at| at.0)).sum::<i64>()
    };
    sources.chain([inbox]).map(behind).sum()
}

#[test]
#[ignore = "minutes: make soak"]
fn a_member_under_a_steady_load_holds_no_more_than_before() {
    let minutes = std::env::var("SOAK_MINUTES").ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(30);
    assert!(minutes >= 6, "{minutes} min are too short to compare their end with their beginning");
    let broker = Broker::start().unwrap();
    let deployment = deployment(Some(broker.url()), &SETTINGS);
    let feeder = Feeder::start(&deployment, Plan::new(11, PACE));
    let mut run = Running::spawn(&mut deployment.member("m0", &["run"]));
    let (began, mut looks) = (Instant::now(), Vec::new());
    while began.elapsed() < Duration::from_secs(60 * minutes) {
        std::thread::park_timeout(LOOK_EVERY);
        assert!(!run.has_ended(), "the member ended");
        let now = held(run.pid(), &deployment);
        println!("T11 after {:>5} s: {now:?}", began.elapsed().as_secs());
        if began.elapsed() >= WARM {
            looks.push(now);
        }
    }
    let least = |looks: &[Held]| looks.iter().copied().reduce(Held::least).expect("there are looks");
    let (after, warm) = (least(&looks[looks.len() - LOOKS..]), least(&looks[..LOOKS]));
    run.signal("TERM");
    run.ended().expect(0);
    let fed = feeder.stop();
    let compared = settled(&deployment, 11);
    let grown = 1_024 * after.resident_kib.saturating_sub(warm.resident_kib);
    let rows = u64::try_from(compared.rows).unwrap();
    println!(
        "T11: {} records fed in {minutes} min, {} bytes more for each of {rows} rows: at first {warm:?}, at last {after:?}",
        fed.records,
        grown / rows.max(1)
    );
    println!("  equal to the oracle: {}", compared.line());
    assert!(grown <= ROW * rows, "memory: {warm:?}, then {after:?}, with {rows} rows of state");
    assert!(after.lag <= warm.lag + i64::from(PACE), "lag: {warm:?}, then {after:?}");
    assert!(after.descriptors <= warm.descriptors + 8, "descriptors: {warm:?}, then {after:?}");
    assert!(after.threads <= warm.threads + 4, "threads: {warm:?}, then {after:?}");
}
