//! A member under load that also receives one hostile record of each kind a second.
//!
//! It keeps its memory within 1.5 times of what it had without them, and its lag within twice. It loses no good record.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use winback_core::time::Time;
use winback_log::{Append, Clock as _, SharedLog, SystemClock};
use winback_testkit::hostile::{self, Kind, Shape};

use crate::compare::fed;
use crate::feed::{Feeder, Plan, account};
use crate::field::{SETTINGS, SOURCES, deployment_with, shared_broker};
use crate::harness::{Deployment, Facts, Running, Source, difference, replay};
use crate::soak::{Held, held};

/// The sources that anybody can post to.
const POSTED: [Source; 2] =
    [Source { name: "posted", preset: "web" }, Source { name: "mail", preset: "sendgrid" }];

/// Records a second of the steady load.
const PACE: u32 = 100;
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Buffers and pools fill until then.
const WARM: Duration = Duration::from_secs(10);

/// The length of each half: without and with hostile records.
fn half() -> Duration {
    let seconds = std::env::var("HOSTILE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(15);
    Duration::from_secs(seconds)
}

/// A half of the run: the greatest memory, and the lag in records at each look.
#[derive(Clone, Debug, Default)]
struct Half {
    resident_kib: u64,
    lags: Vec<i64>,
}

impl Half {
    fn add(&mut self, held: Held) {
        self.resident_kib = self.resident_kib.max(held.resident_kib);
        self.lags.push(held.lag);
    }

    /// The lag of the look in the middle. One slow look on a busy machine does not move it.
    fn lag(&self) -> i64 {
        let mut lags = self.lags.clone();
        lags.sort_unstable();
        lags.get(lags.len() / 2).copied().unwrap_or(0)
    }
}

/// Sends one record of each kind.
fn attack(deployment: &Deployment, log: &SharedLog, number: u64, now: Time) -> Vec<String> {
    let mut writer = log.writer().unwrap();
    let mut good = Vec::new();
    for kind in Kind::ALL {
        let record = hostile::record(kind, number, &account(3), now.millis());
        let topic = match kind.shape() {
            Shape::Views => deployment.topic_of("posted"),
            Shape::Mail => deployment.topic_of("mail"),
            Shape::Accounts => deployment.topic_of("accounts"),
        };
        writer.append(&Append::keyed(&topic, record.key.as_bytes(), &record.value)).unwrap();
        good.extend(record.good);
    }
    writer.flush().unwrap();
    good
}

/// Looks at the member for a while; attacks once a second where asked. Returns the ids of the good views.
fn phase(
    deployment: &Deployment,
    run: &mut Running,
    for_so_long: Duration,
    attacks: bool,
) -> (Half, BTreeSet<String>) {
    let (began, log) = (Instant::now(), deployment.log());
    let (mut seen, mut good, mut number) = (Half::default(), BTreeSet::new(), 0);
    while began.elapsed() < for_so_long {
        std::thread::park_timeout(LOOK_EVERY);
        assert!(!run.has_ended(), "the member ended");
        if attacks && number < began.elapsed().as_secs() {
            number += 1;
            good.extend(attack(deployment, &log, number, SystemClock.now()));
        }
        seen.add(held(run.pid(), deployment));
    }
    (seen, good)
}

#[test]
fn hostile_records_cost_a_member_little_and_lose_nothing() {
    let Some(broker) = shared_broker("hostile records under load") else { return };
    let deployment = deployment_with(Some(broker.url()), &SETTINGS, &POSTED);
    // Posted rubbish is what this is about: the breaker has tests of its own.
    deployment.also("[dead_letters]\nmax_ratio = 1.0\nmax_run = 0");
    let feeder = Feeder::start(&deployment, Plan::new(23, PACE));
    let mut run = Running::spawn(&mut deployment.member("m0", &["run"]));
    phase(&deployment, &mut run, WARM, false);
    let (quiet, _) = phase(&deployment, &mut run, half(), false);
    let (attacked, good) = phase(&deployment, &mut run, half(), true);
    feeder.stop();
    run.signal("TERM");
    run.ended().expect(0);
    deployment.run();
    println!(
        "without: {} KiB, lag {}; with one record of each of {} kinds a second: {} KiB, lag {}",
        quiet.resident_kib,
        quiet.lag(),
        Kind::ALL.len(),
        attacked.resident_kib,
        attacked.lag()
    );

    let (facts, replayed) = (Facts::of(&deployment), replay(&deployment));
    assert_eq!(difference(&facts.triggers, &replayed.triggers), None, "triggers and the core's");
    let of = |name: &'static str| facts.matched.iter().filter(move |matched| matched.1 == name);
    let posted: Vec<String> =
        of("posted").map(|matched| matched.2.clone()).filter(|id| id.starts_with("good-")).collect();
    assert_eq!(posted.len(), good.len(), "each good view comes once");
    assert_eq!(posted.into_iter().collect::<BTreeSet<_>>(), good, "no good view is lost");
    let mut steady: Vec<_> = SOURCES.iter().flat_map(|source| of(source.name)).cloned().collect();
    steady.sort_unstable();
    assert_eq!(difference(&fed(&deployment).views, &steady), None, "matched and fed");
    assert!(
        2 * attacked.resident_kib <= 3 * quiet.resident_kib,
        "memory without: {quiet:?}, with: {attacked:?}"
    );
    // A second of the load is what a lane may hold back at any time.
    let least = i64::from(PACE);
    assert!(attacked.lag() <= 2 * quiet.lag().max(least), "lag without: {quiet:?}, with: {attacked:?}");
}
