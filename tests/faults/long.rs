//! The long forms, and their report: `make faults`.

use std::time::Duration;

use winback_testkit::Broker;

use crate::report::Report;
use crate::{broker, kills, storm};

/// Kills of one round: a failure names a seed that is repeated in five minutes.
const KILLS_A_ROUND: usize = 100;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} = {text}: write a number")))
}

fn has_part(part: &str) -> bool {
    let parts = std::env::var("FAULTS_PARTS").ok().filter(|text| !text.is_empty());
    parts.is_none_or(|parts| parts.split(',').any(|wanted| wanted == part))
}

#[test]
#[ignore = "an hour: make faults"]
fn the_long_runs() {
    let seed = number("FAULTS_SEED").unwrap_or(1);
    let kills = usize::try_from(number("FAULTS_KILLS").unwrap_or(1_000)).unwrap();
    let mut report = Report { seed, kills, rounds: Vec::new(), others: Vec::new() };
    if has_part("T3") {
        many_brokers(seed, &mut report);
    }
    if has_part("T8") {
        let broker = Broker::start().unwrap();
        let storm = storm::run(&broker.url(), seed, 20, Duration::from_secs(60), 40_000);
        report.others.push(storm);
        report.write();
    }
    if has_part("T1") {
        let mut left = kills;
        for round in 0.. {
            let some = left.min(KILLS_A_ROUND);
            if some == 0 {
                break;
            }
            // A broker that has kept the topics of all rounds would be another broker.
            let broker = Broker::start().unwrap();
            report.rounds.push(kills::round(&broker.url(), seed + round, some));
            report.write();
            left -= some;
        }
    }
}

fn many_brokers(seed: u64, report: &mut Report) {
    let pauses = [5, 15, 30].map(Duration::from_secs);
    for brokers in [broker::one("the long T3"), broker::three("the long T3")].into_iter().flatten() {
        let seen = broker::run(brokers, seed, &pauses);
        broker::check(&seen);
        report.others.push(seen.line());
        report.write();
    }
}
