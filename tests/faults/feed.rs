//! What is fed: page views and events by a seed, appended little by little while processes die. Accounts come back in
//! bursts, with duplicates, late and old views, strangers, records that are none, and a source that stops and catches up.
//! Releases and competitors' events concern many accounts at once; they, too, come twice, late and too old.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use winback_core::time::{Span, Time};
use winback_log::{Append, Clock as _, SharedLog, SystemClock, Writer};

use crate::field::{EVENTS, SOURCES};
use crate::harness::{Deployment, Source};

/// The number of accounts.
pub(crate) const ACCOUNTS: usize = 150;
/// The time within which due records are appended together.
const TICK: Duration = Duration::from_millis(40);
/// The number of views that a plan remembers, to send again.
const REMEMBERED: usize = 64;
const REASONS: [&str; 4] = ["product_gap", "price_budget", "service_support", "adoption_onboarding"];
/// The missing features of those who left for a gap, one each.
const FEATURES: [&str; 2] = ["sso", "audit log"];
/// The competitors of some.
const RIVALS: [&str; 2] = ["Brightloom", "Pipewren"];
/// Older than a policy takes an event.
const TOO_OLD: Span = Span::from_days(120);

/// The id of an account.
pub(crate) fn account(number: usize) -> String {
    format!("acc-{number:03}")
}

/// The feature that an account misses.
fn missing(number: usize) -> Option<&'static str> {
    number.is_multiple_of(REASONS.len()).then(|| FEATURES[number / REASONS.len() % FEATURES.len()])
}

/// The competitor that an account went to.
fn rival(number: usize) -> Option<&'static str> {
    (number % 5 == 2).then(|| RIVALS[number / 5 % RIVALS.len()])
}

/// The ids of the accounts that miss that feature or went to that competitor.
pub(crate) fn concerned(about: &str) -> BTreeSet<String> {
    let concerned = |number: &usize| [missing(*number), rival(*number)].contains(&Some(about));
    (0..ACCOUNTS).filter(concerned).map(account).collect()
}

fn row(number: usize, arr_usd: u64) -> Value {
    json!({
        "account_id": account(number),
        "name": format!("Fault Works {number}"),
        "churned_at": "2026-01-15",
        "reason": REASONS[number % REASONS.len()],
        "missing_features": missing(number).into_iter().collect::<Vec<_>>(),
        "competitor": rival(number),
        "arr_usd": arr_usd,
        // These take part up to the gate.
        "do_not_contact": number % 25 == 24,
    })
}

/// The churned accounts.
pub(crate) fn accounts() -> Vec<Value> {
    (0..ACCOUNTS).map(|number| row(number, 24_000)).collect()
}

/// The ids of the accounts.
pub(crate) fn account_ids() -> BTreeSet<String> {
    (0..ACCOUNTS).map(account).collect()
}

/// A record for a topic.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) topic: To,
    pub(crate) key: String,
    pub(crate) value: Vec<u8>,
}

/// The target of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To {
    /// The source of page views of that number.
    Source(usize),
    /// The source of events of that number.
    Event(usize),
    /// The list of accounts.
    Accounts,
}

/// A page view.
pub(crate) fn view(id: &str, account: &str, path: &str, at: Time) -> Vec<u8> {
    let value = json!({ "id": id, "url": format!("https://www.ourcompany.example{path}"), "time": at.millis(),
        "account_id": account, "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0" });
    serde_json::to_vec(&value).unwrap()
}

/// An event; what it is called tells which it was, wherever it is told. It is about a feature or a competitor.
fn event(source: usize, id: &str, about: &str, at: Time) -> Vec<u8> {
    let value = match source {
        0 => {
            json!({ "id": id, "type": "feature", "title": id, "features": [about], "date": at.millis() })
        }
        _ => {
            json!({ "id": id, "type": "outage", "title": id, "competitor": about, "date": at.millis() })
        }
    };
    serde_json::to_vec(&value).unwrap()
}

/// Steps by a seed, without an end.
pub(crate) struct Plan {
    rng: ChaCha8Rng,
    prefix: String,
    pace: Duration,
    number: u64,
    sent: Vec<Record>,
    events: Vec<Record>,
    /// The backlog of a stopped source, and the part that is due now.
    backlog: VecDeque<Record>,
    due: VecDeque<Record>,
    /// So many more records it has stopped for.
    stopped_for: u32,
}

/// A record to append, and the wait before it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) after: Duration,
    pub(crate) record: Record,
}

impl Iterator for Plan {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(record) = self.due.pop_front() {
                return Some(Step { after: Duration::ZERO, record });
            }
            self.stops_or_goes_on();
            let record = self.record(SystemClock.now());
            if self.stopped_for == 0 || record.topic != To::Source(1) {
                let after = self.pace.mul_f64(2.0 * self.rng.random::<f64>());
                return Some(Step { after, record });
            }
            self.backlog.push_back(record);
        }
    }
}

impl Plan {
    /// The plan of a seed, with about so many records a second.
    pub(crate) fn new(seed: u64, a_second: u32) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            prefix: format!("v{seed:x}"),
            pace: Duration::from_secs(1) / a_second,
            number: 0,
            sent: Vec::new(),
            events: Vec::new(),
            backlog: VecDeque::new(),
            due: VecDeque::new(),
            stopped_for: 0,
        }
    }

    fn stops_or_goes_on(&mut self) {
        if self.stopped_for > 0 {
            self.stopped_for -= 1;
            if self.stopped_for == 0 {
                self.due.append(&mut self.backlog);
            }
        } else if self.rng.random_ratio(1, 400) {
            self.stopped_for = self.rng.random_range(50..150);
        }
    }

    fn record(&mut self, now: Time) -> Record {
        match self.rng.random_range(0..100) {
            0..9 if !self.sent.is_empty() => {
                let at = self.rng.random_range(0..self.sent.len());
                return self.sent[at].clone();
            }
            0..11 => return self.changed_account(),
            11..13 => return self.garbage(),
            13 => return self.event(now),
            _ => {}
        }
        let record = self.fresh(now);
        if self.sent.len() == REMEMBERED {
            let at = self.rng.random_range(0..REMEMBERED);
            self.sent.swap_remove(at);
        }
        self.sent.push(record.clone());
        record
    }

    fn fresh(&mut self, now: Time) -> Record {
        let behind = match self.rng.random_range(0..100) {
            0..15 => Span::from_millis(self.rng.random_range(0..20_000)),
            15..17 => Span::from_days(9),
            _ => Span::ZERO,
        };
        let path = if self.rng.random_ratio(1, 5) { "/pricing" } else { "/docs/start" };
        // A few come often, most now and then, a third is nobody that is known.
        let who = match self.rng.random_range(0..9) {
            0..2 => account(self.rng.random_range(0..8)),
            2..6 => account(self.rng.random_range(0..ACCOUNTS)),
            _ => format!("stranger-{}", self.rng.random_range(0..1_000)),
        };
        let (topic, key) = (To::Source(self.rng.random_range(0..SOURCES.len())), self.next_id());
        let value = view(&key, &who, path, now - behind);
        Record { topic, key, value }
    }

    /// A release or a competitor's event: of now, late, too old, or one that was written before.
    fn event(&mut self, now: Time) -> Record {
        if !self.events.is_empty() && self.rng.random_ratio(1, 4) {
            return self.events[self.rng.random_range(0..self.events.len())].clone();
        }
        let behind = match self.rng.random_range(0..10) {
            0 => TOO_OLD,
            1..3 => Span::from_days(3),
            _ => Span::ZERO,
        };
        let (source, key) = (self.rng.random_range(0..EVENTS.len()), self.next_id());
        let about = [FEATURES, RIVALS][source][self.rng.random_range(0..2)];
        let record =
            Record { topic: To::Event(source), value: event(source, &key, about, now - behind), key };
        self.events.push(record.clone());
        record
    }

    fn garbage(&mut self) -> Record {
        let topic = match self.rng.random_range(0..SOURCES.len() + EVENTS.len()) {
            at if at < SOURCES.len() => To::Source(at),
            at => To::Event(at - SOURCES.len()),
        };
        let key = self.next_id();
        let value = format!("{{ no page view: {key}").into_bytes();
        Record { topic, key, value }
    }

    fn changed_account(&mut self) -> Record {
        let number = self.rng.random_range(0..ACCOUNTS);
        let row = row(number, self.rng.random_range(10_000..90_000));
        Record { topic: To::Accounts, key: account(number), value: serde_json::to_vec(&row).unwrap() }
    }

    fn next_id(&mut self) -> String {
        self.number += 1;
        format!("{}-{}", self.prefix, self.number)
    }
}

/// The topics of a deployment.
#[derive(Clone)]
struct Topics {
    log: SharedLog,
    views: [String; 2],
    events: [String; 2],
    accounts: String,
}

impl Topics {
    fn of(deployment: &Deployment) -> Self {
        let topics = |sources: [Source; 2]| sources.map(|source| deployment.topic_of(source.name));
        let (views, events) = (topics(SOURCES), topics(EVENTS));
        Self { log: deployment.log(), views, events, accounts: deployment.topic_of("accounts") }
    }

    fn name(&self, to: To) -> &str {
        match to {
            To::Source(number) => &self.views[number],
            To::Event(number) => &self.events[number],
            To::Accounts => &self.accounts,
        }
    }
}

/// Appends records.
pub(crate) struct Sink {
    topics: Topics,
    writer: Option<Box<dyn Writer>>,
}

impl Sink {
    pub(crate) fn new(deployment: &Deployment) -> Self {
        Self::to(Topics::of(deployment))
    }

    const fn to(topics: Topics) -> Self {
        Self { topics, writer: None }
    }

    /// Appends them and waits until they are there; false where some may not be.
    pub(crate) fn put(&mut self, records: &[Record]) -> bool {
        let mut put = || {
            let writer = match &mut self.writer {
                Some(writer) => writer,
                none => none.insert(self.topics.log.writer()?),
            };
            for record in records {
                let topic = self.topics.name(record.topic);
                writer.append(&Append::keyed(topic, record.key.as_bytes(), &record.value))?;
            }
            writer.flush()
        };
        let done = put();
        if done.is_err() {
            self.writer = None;
        }
        done.is_ok()
    }
}

/// The counts of a feeder when it was stopped.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fed {
    /// Records that are in the topics of the sources.
    pub(crate) records: usize,
    /// Records of batches that failed in part.
    pub(crate) unsure: usize,
}

/// A thread that appends what a plan says.
pub(crate) struct Feeder {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Fed>,
}

impl Feeder {
    /// Starts it.
    pub(crate) fn start(deployment: &Deployment, plan: impl Iterator<Item = Step> + Send + 'static) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (asked, topics) = (stop.clone(), Topics::of(deployment));
        let thread = std::thread::spawn(move || {
            let (mut sink, mut fed) = (Sink::to(topics), Fed::default());
            let mut due = Tick::default();
            for step in plan {
                due.add(step);
                if due.wait < TICK {
                    continue;
                }
                due.put(&mut sink, &mut fed);
                if asked.load(Ordering::Acquire) {
                    break;
                }
            }
            fed
        });
        Self { stop, thread }
    }

    /// Ends it.
    pub(crate) fn stop(self) -> Fed {
        self.stop.store(true, Ordering::Release);
        self.thread.join().unwrap()
    }
}

/// Steps that are appended together.
#[derive(Default)]
struct Tick {
    wait: Duration,
    records: Vec<Record>,
}

impl Tick {
    fn add(&mut self, step: Step) {
        self.wait += step.after;
        self.records.push(step.record);
    }

    /// Waits, then appends them.
    fn put(&mut self, sink: &mut Sink, fed: &mut Fed) {
        std::thread::park_timeout(std::mem::take(&mut self.wait));
        let sources = self.records.iter().filter(|record| record.topic != To::Accounts).count();
        let count = if sink.put(&self.records) { &mut fed.records } else { &mut fed.unsure };
        *count += sources;
        self.records.clear();
    }
}
