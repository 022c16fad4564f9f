//! T3: the broker itself is killed, frozen and started again while members are killed.

use std::time::{Duration, Instant};

use winback_testkit::{Broker, BrokerError, Cluster, broker::skip_or_fail};

use crate::compare::{Compared, settled};
use crate::failover::Probe;
use crate::feed::{Feeder, Plan};
use crate::field::{SESSION, SETTINGS, deployment};
use crate::harness::Settings;
use crate::members::Members;
use crate::nemesis::{Blow, Blows, Nemesis};
use crate::passes;

/// Records a second.
const PACE: u32 = 30;
/// Longer than a transaction may last: what was open is given up by everybody, and members wait for the broker to be back.
const OUTAGE: Duration = Duration::from_secs(5);
/// The longest time-out of all: a question to the cluster.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The brokers of a run.
pub(crate) enum Brokers {
    /// One.
    One(Broker),
    /// Three.
    Three(Cluster),
}

impl Brokers {
    fn url(&self) -> String {
        match self {
            Self::One(broker) => broker.url(),
            Self::Three(cluster) => cluster.url(),
        }
    }

    fn nth(&mut self, at: usize) -> &mut Broker {
        match self {
            Self::One(broker) => broker,
            Self::Three(cluster) => {
                let brokers = cluster.brokers();
                let count = brokers.len();
                &mut brokers[at % count]
            }
        }
    }

    const fn copies(&self) -> i32 {
        match self {
            Self::One(_) => 1,
            Self::Three(_) => 3,
        }
    }
}

/// The actions and observations of the run.
pub(crate) struct Seen {
    pub(crate) seed: u64,
    pub(crate) brokers: i32,
    pub(crate) blows: Blows,
    pub(crate) compared: Compared,
    /// The longest time from a broker's return until every partition decided again.
    pub(crate) slowest: Duration,
    pub(crate) ended: Vec<String>,
}

impl Seen {
    /// As a line of a report.
    pub(crate) fn line(&self) -> String {
        format!(
            "T3 seed {}, {} broker(s): {}; all decided again within {:.1} s of a broker's return; {}",
            self.seed,
            self.brokers,
            self.blows,
            self.slowest.as_secs_f64(),
            self.compared.line()
        )
    }
}

/// Kills and freezes a broker by turns, `pauses.len()` times each, with members killed before, meanwhile and after.
pub(crate) fn run(mut brokers: Brokers, seed: u64, pauses: &[Duration]) -> Seen {
    let settings = Settings { replication: brokers.copies(), ..SETTINGS };
    let deployment = deployment(Some(brokers.url()), &settings);
    println!("T3 seed {seed}: {} broker(s), deployment {}", brokers.copies(), deployment.name);
    let feeder = Feeder::start(&deployment, Plan::new(seed, PACE));
    let (mut members, mut nemesis) = (Members::new(&deployment, 3), Nemesis::new(seed, SESSION));
    let mut probe = Probe::new(&deployment);
    members.start(0);
    members.start(1);
    let mut slowest = Duration::ZERO;
    for (at, pause) in pauses.iter().enumerate() {
        nemesis.rage(&mut members, 2);
        brokers.nth(2 * at).kill();
        nemesis.blows.add(Blow::BrokerKill);
        members.wait(Duration::from_secs(1));
        brokers.nth(2 * at).restart().unwrap();
        slowest = slowest.max(back(&mut members, &mut probe));
        nemesis.rage(&mut members, 1);
        brokers.nth(2 * at + 1).pause();
        nemesis.blows.add(Blow::BrokerPause);
        members.wait(*pause / 2);
        members.up().first().copied().into_iter().for_each(|at| {
            members.kill(at);
            nemesis.blows.add(Blow::Kill);
        });
        members.wait(*pause / 2);
        brokers.nth(2 * at + 1).resume();
        slowest = slowest.max(back(&mut members, &mut probe));
    }
    members.stop();
    let fed = feeder.stop();
    let compared = settled(&deployment, seed);
    passes::stable(&deployment);
    assert!(compared.records >= fed.records, "seed {seed}: {} records of {}", compared.records, fed.records);
    let ended = std::mem::take(&mut members.ended);
    Seen { seed, brokers: brokers.copies(), blows: nemesis.blows, compared, slowest, ended }
}

/// The time until every partition decides again.
fn back(members: &mut Members<'_>, probe: &mut Probe<'_>) -> Duration {
    let began = Instant::now();
    members.wait(Duration::from_millis(100));
    probe.decided(members);
    began.elapsed()
}

/// The broker, or nothing and a loud word.
pub(crate) fn one(what: &str) -> Option<Brokers> {
    found(what, Broker::start().map(Brokers::One))
}

/// Three brokers, or nothing and a loud word.
pub(crate) fn three(what: &str) -> Option<Brokers> {
    found(what, Cluster::start(3).map(Brokers::Three))
}

fn found(what: &str, started: Result<Brokers, BrokerError>) -> Option<Brokers> {
    match started {
        Ok(brokers) => Some(brokers),
        Err(error @ BrokerError::Unavailable { .. }) => {
            skip_or_fail(what, &error);
            None
        }
        Err(error) => panic!("{what}: {error}"),
    }
}

/// The checks of every run of T3.
pub(crate) fn check(seen: &Seen) {
    println!("{}\n  ended by themselves: {:?}", seen.line(), seen.ended);
    assert!(seen.slowest <= 2 * LONGEST_TIMEOUT, "seed {}: stuck for {:?}", seen.seed, seen.slowest);
}

#[test]
fn a_broker_that_is_killed_and_frozen_costs_time_and_nothing_else() {
    let Some(brokers) = one("a broker that is killed") else { return };
    let seen = run(brokers, 3, &[Duration::from_secs(5)]);
    check(&seen);
    assert_eq!((seen.blows.of(Blow::BrokerKill), seen.blows.of(Blow::BrokerPause)), (1, 1));
}

#[test]
fn members_outlive_a_broker_that_is_away_for_longer_than_a_transaction_lasts() {
    let Some(mut brokers) = one("a broker that is away for long") else { return };
    let deployment = deployment(Some(brokers.url()), &SETTINGS);
    let feeder = Feeder::start(&deployment, Plan::new(4, PACE));
    let (mut members, mut probe) = (Members::new(&deployment, 1), Probe::new(&deployment));
    members.start(0);
    probe.decided(&mut members);
    for _ in 0..3 {
        brokers.nth(0).kill();
        members.wait(OUTAGE);
        brokers.nth(0).restart().unwrap();
        back(&mut members, &mut probe);
    }
    let ended = std::mem::take(&mut members.ended);
    assert!(ended.is_empty(), "nobody took its ids, and it waits: {ended:?}");
    members.stop();
    feeder.stop();
    settled(&deployment, 4);
}
