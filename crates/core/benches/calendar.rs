//! The cost of time: progress over many accounts when nothing is due, when a new day's entries are gathered, and while
//! an event is spread.
//!
//! `cargo bench -p winback-core --bench calendar`. It does not use criterion: each of these happens once a second,
//! once a day or once an event, on a state that has to be made first.
#![expect(clippy::print_stdout, reason = "a benchmark reports by printing")]

use std::time::{Duration, Instant};

use winback_core::account::{Account, Reason};
use winback_core::debounce::{AccountChange, Body, Effect, Event, Input, Partition, Progress, Reached};
use winback_core::ids::Offset;
use winback_core::signal::SignalKind;
use winback_core::time::Time;

const BASE: i64 = 1_760_000_000_000;
const DAY: i64 = 86_400_000;
/// They left within so many days.
const SPREAD: u64 = 1_000;

const fn at(millis: i64) -> Time {
    Time::from_millis(BASE + millis)
}

struct Bench {
    partition: Partition,
    effects: Vec<Effect>,
}

impl Bench {
    fn new(accounts: u64) -> Self {
        let mut bench = Self { partition: Partition::default(), effects: Vec::new() };
        let toml = "name=\"p\"\n".to_owned();
        bench.step(Body::Policy(winback_policy::record("p", 1, &toml)));
        for number in 0..accounts {
            bench.step(Body::Account(AccountChange::Upsert(Box::new(account(number)))));
        }
        bench.partition.commit();
        bench.progress(0);
        bench
    }

    fn step(&mut self, body: Body) -> Duration {
        self.effects.clear();
        let input = Input { offset: Offset(1), appended_at: at(0), body };
        let start = Instant::now();
        self.partition.step(&input, &mut self.effects);
        start.elapsed()
    }

    fn progress(&mut self, millis: i64) -> Duration {
        let inputs = vec![("web:visits/0".into(), Reached::NewestAppend(at(millis)))];
        let took = self.step(Body::Progress(Progress { inputs, known: Vec::new() }));
        self.partition.commit();
        took
    }
}

fn account(number: u64) -> Account {
    let days = i64::try_from(number.wrapping_mul(7_919) % SPREAD).unwrap_or_default();
    let reason = Reason::ALL[usize::try_from(number % 11).unwrap_or_default()];
    let mut account = Account::new(&format!("acct-{number:07}"), "Company", at(-days * DAY), reason);
    account.arr_usd = 84_000;
    account.version = 1;
    account.zone = number.is_multiple_of(2).then(|| "Europe/Berlin".to_owned());
    account.competitor = number.is_multiple_of(3).then(|| format!("Rival {}", number % 40));
    account.missing_features = if number.is_multiple_of(5) { vec!["SSO".to_owned()] } else { Vec::new() };
    account
}

fn release() -> Event {
    Event {
        source: "releases".into(),
        id: "r".into(),
        kind: SignalKind::ProductRelease,
        class: "feature".into(),
        event_time: at(3 * DAY),
        append_time: at(3 * DAY),
        title: "SSO".into(),
        features: vec!["sso".into()],
        competitor: String::new(),
    }
}

fn show(what: &str, took: &mut [Duration]) {
    took.sort_unstable();
    let sum: Duration = took.iter().sum();
    let mean = sum / u32::try_from(took.len().max(1)).unwrap_or(1);
    let (median, most) = (took[took.len() / 2], took[took.len() - 1]);
    println!("  {what:<44} {} times: mean {mean:?}, median {median:?}, most {most:?}", took.len());
}

fn main() {
    let measured = std::env::args().any(|argument| argument == "--bench");
    let accounts = if measured { 1_000_000 } else { 1_000 };
    let started = Instant::now();
    let mut bench = Bench::new(accounts);
    println!("{accounts} accounts taken in: {:?}", started.elapsed());
    // The entries of the first day come first, as many a record as may.
    for second in 0..2_000 {
        bench.progress(DAY / 2 + second);
    }
    let mut quiet: Vec<_> = (0..10_000).map(|second| bench.progress(DAY / 2 + 2_000 + second)).collect();
    show("progress, nothing due", &mut quiet);
    let made = bench.partition.counts().synthetic;
    let mut hours: Vec<_> = (0..3_600).map(|second| bench.progress(DAY * 3 / 5 + second * 10_000)).collect();
    show("progress over ten hours, entries fall due", &mut hours);
    println!("  {} entries in it", bench.partition.counts().synthetic - made);
    let took = bench.step(Body::Event(Box::new(release())));
    println!("  an event's record: {took:?}");
    let first = bench.progress(3 * DAY);
    println!("  the first progress behind it, who it is about: {first:?}");
    let mut told: Vec<_> = (0..200).map(|second| bench.progress(3 * DAY + second)).collect();
    show("progress that tells it", &mut told);
}
