//! T8: members that join and leave without a rest. Nothing is lost, and a partition that does not move goes on.
//!
//! How long it did not go on is measured from the log and from what the member that stays says of its partitions: the
//! longest time that an inbox record waited for its decision while the record before it was decided already.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use winback_core::time::{Span, Time};
use winback_log::{Clock as _, SystemClock};
use winback_proto::{WireMessage as _, v1};

use crate::compare::settled;
use crate::failover::Probe;
use crate::feed::{Feeder, Plan, Record, Sink, To, account, view};
use crate::field::{SETTINGS, deployment, shared_broker};
use crate::harness::{Deployment, messages_of};
use crate::members::Members;

/// Records a second.
const PACE: u32 = 200;
/// Members beside the one that stays.
const OTHERS: usize = 3;

/// A partition of the inbox, and since when until when the member that stays had it in one lane.
type Held = BTreeMap<i32, Vec<(Time, Time)>>;

/// Some state, so that a restore takes its time.
fn much_state(deployment: &Deployment, views: usize) {
    let now = SystemClock.now();
    let mut sink = Sink::new(deployment);
    let records: Vec<Record> = (0..views)
        .map(|at| {
            let key = format!("s-{at}");
            let value = view(&key, &account(at % 20), "/docs/history", now - Span::from_secs(30));
            Record { topic: To::Source(at % 2), key, value }
        })
        .collect();
    assert!(sink.put(&records));
}

/// So many joins and leaves in that time; says what was seen.
pub(crate) fn run(url: &str, seed: u64, moves: u32, within: Duration, views: usize) -> String {
    let deployment = deployment(Some(url.to_owned()), &SETTINGS);
    println!("T8 seed {seed}: {moves} joins and leaves in {within:?}, deployment {}", deployment.name);
    much_state(&deployment, views);
    let mut members = Members::new(&deployment, OTHERS + 1);
    members.set("WINBACK_LOG_FORMAT", "json");
    members.set("WINBACK_LOG_FILTER", "warn,winback_lane=info");
    let mut probe = Probe::new(&deployment);
    members.start(0);
    probe.decided(&mut members);
    // What it caught up with before is no rebalance.
    let calm = SystemClock.now();
    let feeder = Feeder::start(&deployment, Plan::new(seed, PACE));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..moves {
        one_more_or_less(&mut members, &mut rng);
        members.wait(within / moves);
    }
    probe.decided(&mut members);
    feeder.stop();
    members.stop();
    let compared = settled(&deployment, seed);
    let said = members.said.iter().filter(|(instance, _)| instance == "m0").map(|(_, said)| said.as_str());
    let held = held(&deployment, &said.collect::<Vec<_>>().join("\n"));
    let (gap, steps) = longest_gap(&deployment, &held, calm);
    let stretches: usize = held.values().map(Vec::len).sum();
    let line = format!(
        "T8 seed {seed}: {moves} joins and leaves in {} s, {} rows of state; the longest gap of a partition that did not \
         move is {gap} ms, over {steps} steps in {stretches} stretches; {}",
        within.as_secs(),
        compared.rows,
        compared.line()
    );
    println!("{line}\n  ended by themselves: {:?}", members.ended);
    line
}

fn one_more_or_less(members: &mut Members<'_>, rng: &mut ChaCha8Rng) {
    let others: Vec<usize> = members.up().into_iter().filter(|at| *at != 0).collect();
    let free: Vec<usize> = members.unwanted();
    let joins = others.is_empty() || (!free.is_empty() && rng.random());
    match (free.first(), others.first()) {
        (Some(at), _) if joins => members.start(*at),
        (_, Some(at)) => members.leave(*at),
        _ => {}
    }
}

/// The inbox partitions that the member had in one lane, from its output.
fn held(deployment: &Deployment, said: &str) -> Held {
    let (mut open, mut held) = (BTreeMap::new(), Held::new());
    let inbox = deployment.own("inbox");
    for line in said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let number =
            || line["partition"].as_str()?.strip_prefix(&inbox)?.strip_prefix('/')?.parse::<i32>().ok();
        let Some(partition) = number() else { continue };
        let at: jiff::Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
        let at = Time::from_millis(at.as_millisecond());
        match line["message"].as_str() {
            Some("a partition runs") => {
                open.insert(partition, at);
            }
            Some("a partition is given back") => {
                held.entry(partition).or_default().extend(open.remove(&partition).map(|since| (since, at)));
            }
            _ => {}
        }
    }
    held
}

/// The longest gap between steps with input of a partition while it was held, in milliseconds, and how many steps, of those
/// since then.
fn longest_gap(deployment: &Deployment, held: &Held, since: Time) -> (i64, usize) {
    let mut arrived = BTreeMap::new();
    for message in &messages_of(deployment, "inbox") {
        arrived.insert((message.partition.0, message.offset.0), message.timestamp);
    }
    let mut stepped: BTreeMap<(i32, i64), Time> = BTreeMap::new();
    for message in &messages_of(deployment, "decisions") {
        let made = v1::Decision::from_bytes(message.value().unwrap()).unwrap();
        stepped.entry((made.inbox_partition, made.inbox_offset)).or_insert(message.timestamp);
    }
    let steps: Vec<_> = stepped.into_iter().collect();
    let (mut longest, mut counted) = (0, 0);
    for pair in steps.windows(2) {
        let [((partition, _), before), (place, at)] = pair else { continue };
        let waits_since = (*before).max(arrived[place]);
        let stretches = held.get(partition).map(Vec::as_slice).unwrap_or_default();
        let stayed = |(from, to): &(Time, Time)| since.max(*from) <= *before && *at <= *to;
        if *partition == place.0 && stretches.iter().any(stayed) {
            longest = longest.max(at.since(waits_since).millis());
            counted += 1;
        }
    }
    (longest, counted)
}

#[test]
fn members_that_join_and_leave_without_a_rest_lose_nothing() {
    let Some(broker) = shared_broker("a rebalance storm") else { return };
    run(&broker.url(), 8, 6, Duration::from_secs(18), 4_000);
}
