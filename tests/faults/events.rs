//! Events of many accounts: what was fed, whether each record of it stands in each partition of the inbox, and whether the
//! accounts that it concerns heard of it, once under each policy, wherever the members were that told them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use winback_core::debounce::shadow::shadow_of;
use winback_core::debounce::{AccountChange, Body};
use winback_core::time::{Span, Time};
use winback_detector::read;
use winback_proto::v1;

use crate::feed::concerned;
use crate::field::{EVENTS, INBOX_PARTITIONS};
use crate::harness::{Deployment, Facts, difference, messages, messages_of};

/// No policy takes an event that is older.
const OLDEST: Span = Span::from_days(90);

/// Stands in the detail of what could not be said in a cool-down and is said at its end.
const AGAIN: &str = ", of ";

/// Source, id and time of an event.
type Event = (String, String, Time);
/// An account, and the source and id of an event that it heard of.
type Told = (String, String, String);

/// The records in the topics of events.
#[derive(Default)]
pub(crate) struct Fed {
    /// A record each.
    pub(crate) events: Vec<Event>,
    /// Places of records that are no events.
    pub(crate) garbage: Vec<(String, i32, i64)>,
    /// The subject of each event, by its id.
    about: BTreeMap<String, String>,
}

impl Fed {
    /// Reads them.
    pub(crate) fn of(deployment: &Deployment) -> Self {
        let (log, mut fed) = (deployment.log(), Self::default());
        for source in EVENTS {
            let topic = deployment.topic_of(source.name);
            for message in messages(&log, &topic) {
                match serde_json::from_slice::<Value>(message.value().unwrap()) {
                    Ok(event) => fed.take(source.name, &event),
                    Err(_) => fed.garbage.push((topic.clone(), message.partition.0, message.offset.0)),
                }
            }
        }
        fed
    }

    fn take(&mut self, source: &str, event: &Value) {
        let about = event["competitor"].as_str().or(event["features"][0].as_str()).unwrap();
        let (id, at) = (event["id"].as_str().unwrap(), event["date"].as_i64().unwrap());
        self.about.insert(id.to_owned(), about.to_owned());
        self.events.push((source.to_owned(), id.to_owned(), Time::from_millis(at)));
    }
}

/// The first place of each account and of each event in an inbox partition; an event may be too old.
#[derive(Default)]
struct Partition {
    accounts: BTreeMap<String, i64>,
    events: BTreeMap<(String, String), (i64, bool)>,
}

/// Compares what was fed with the inbox, and the inbox with what was told; how many accounts heard of something.
pub(crate) fn compare(deployment: &Deployment, fed: &Fed, facts: &Facts, seed: &str) -> usize {
    let (partitions, mut written) = inbox(deployment);
    written.sort_unstable();
    let mut expected: Vec<(i32, Event)> = Vec::new();
    for partition in 0..INBOX_PARTITIONS {
        expected.extend(fed.events.iter().map(|event| (partition, event.clone())));
    }
    expected.sort_unstable();
    assert_eq!(difference(&written, &expected), None, "{seed}: events in the inbox and fed");
    let (due, early) = due(&partitions, fed);
    let heard: BTreeSet<&Told> = due.iter().chain(&early).collect();
    for policy in ["default".to_owned(), shadow_of("default")] {
        let (again, told): (Vec<Told>, Vec<Told>) =
            told(facts, &policy).into_iter().partition(|told| told.2.contains(AGAIN));
        for (account, source, detail) in again {
            let id = detail.split(AGAIN).next().unwrap_or_default().to_owned();
            assert!(heard.contains(&(account, source, id)), "{seed}: told later under {policy}: {detail}");
        }
        let (late, rest): (Vec<Told>, Vec<Told>) = told.into_iter().partition(|told| early.contains(told));
        assert_eq!(difference(&rest, &due), None, "{seed}: who heard of events under {policy}");
        assert!(late.is_sorted_by(|one, next| one < next), "{seed}: told twice under {policy}: {late:?}");
    }
    due.len()
}

fn inbox(deployment: &Deployment) -> (BTreeMap<i32, Partition>, Vec<(i32, Event)>) {
    let (mut partitions, mut written) = (BTreeMap::<i32, Partition>::new(), Vec::new());
    for message in &messages_of(deployment, "inbox") {
        let (number, offset) = (message.partition.0, message.offset.0);
        let partition = partitions.entry(number).or_default();
        match read(message, INBOX_PARTITIONS).unwrap().body {
            Body::Account(AccountChange::Upsert(account)) => {
                let first = partition.accounts.entry(account.id.to_string()).or_insert(offset);
                *first = offset.min(*first);
            }
            Body::Event(event) => {
                let is_too_old = event.append_time.since(event.event_time) > OLDEST;
                let key = (event.source.clone(), event.id.clone());
                let first = partition.events.entry(key).or_insert((offset, is_too_old));
                *first = (offset, is_too_old).min(*first);
                written.push((number, (event.source, event.id, event.event_time)));
            }
            _ => {}
        }
    }
    (partitions, written)
}

/// The accounts that must have heard of each event, sorted. And those that may have, because the account came after
/// the event and before its turn.
fn due(partitions: &BTreeMap<i32, Partition>, fed: &Fed) -> (Vec<Told>, BTreeSet<Told>) {
    let (mut due, mut early) = (Vec::new(), BTreeSet::new());
    for partition in partitions.values() {
        for ((source, id), &(at, is_too_old)) in &partition.events {
            let concerned = concerned(&fed.about[id]);
            let known = partition.accounts.iter().filter(|(account, _)| concerned.contains(*account));
            for (account, &first) in known.filter(|_| !is_too_old) {
                let told = (account.clone(), source.clone(), id.clone());
                if first < at {
                    due.push(told);
                } else {
                    early.insert(told);
                }
            }
        }
    }
    due.sort_unstable();
    (due, early)
}

/// The signals that the detector made of events and decided under that policy, sorted.
fn told(facts: &Facts, policy: &str) -> Vec<Told> {
    let made = |made: &v1::Decision| match &made.subject {
        Some(v1::decision::Subject::Signal(signal)) if made.policy == policy => {
            let is_event = EVENTS.iter().any(|source| source.name == signal.source);
            is_event.then(|| (made.account_id.clone(), signal.source.clone(), signal.detail.clone()))
        }
        _ => None,
    };
    let mut told: Vec<Told> = facts.decisions.iter().filter_map(made).collect();
    told.sort_unstable();
    told
}
