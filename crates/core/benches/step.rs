//! The cost of one step of the debounce machine, with many accounts whose bursts are all open.
//!
//! `cargo bench -p winback-core --bench step`. Steps are timed in batches of a transaction's size. Each batch is
//! rolled back outside of the timing, so that every batch finds the same state.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use winback_core::account::{Account, Reason};
use winback_core::debounce::{AccountChange, Body, Input, MatchedSignal, Partition, Progress, Reached};
use winback_core::ids::Offset;
use winback_core::index::Method;
use winback_core::signal::SignalKind;
use winback_core::time::Time;

const BASE: i64 = 1_760_000_000_000;
/// The burst of the n-th account opens at n times this.
const APART: i64 = 10;
const QUIET: i64 = 30 * 60_000;
/// Steps between two commits.
const BATCH: u64 = 1_000;
/// The default policy, but for a burst that takes as many signals as a benchmark has.
const POLICY: &str = "name=\"p\"\nquiet=\"30m\"\nmax_wait=\"24h\"\ncooldown=\"14d\"\nmax_signals=1000000\nmin_score=2\n\
                      leading=\"strength>=2\"\nescalate=\"strength-up\"\n";

const fn at(millis: i64) -> Time {
    Time::from_millis(BASE + millis)
}

fn input(body: Body) -> Input {
    Input { offset: Offset(1), appended_at: at(0), body }
}

fn id(account: u64) -> String {
    format!("acct-{account:07}")
}

fn signal(account: u64, name: String, millis: i64) -> Input {
    input(Body::Signal(Box::new(MatchedSignal {
        account: id(account).as_str().into(),
        source: "web".into(),
        id: name,
        kind: SignalKind::WebVisit,
        class: String::new(),
        event_time: at(millis),
        append_time: at(millis),
        input: "web:visits/0".into(),
        merged_with: Vec::new(),
        method: Method::Domain,
        matched_on: "domain company.example".into(),
        detail: "/docs/getting-started".into(),
    })))
}

fn progress(millis: i64) -> Input {
    let inputs = vec![("web:visits/0".into(), Reached::NewestAppend(at(millis)))];
    input(Body::Progress(Progress { inputs, known: Vec::new() }))
}

/// So many accounts, each with an open burst of one signal, and how late it is then.
fn partition(accounts: u64) -> (Partition, i64) {
    let mut partition = Partition::default();
    let mut effects = Vec::new();
    partition.step(&input(Body::Policy(winback_policy::record("p", 1, POLICY))), &mut effects);
    let mut now = 0;
    for number in 0..accounts {
        let account = Account::new(&id(number), "Company", at(-200 * 86_400_000), Reason::ProductGap);
        let change = AccountChange::Upsert(Box::new(Account { arr_usd: 84_000, version: 1, ..account }));
        partition.step(&input(Body::Account(change)), &mut effects);
        partition.step(&signal(number, format!("first-{number}"), now), &mut effects);
        now += APART;
    }
    // All bursts stay open: nothing is due before the first one's quiet time is over.
    let now = now.min(QUIET - APART);
    partition.step(&progress(now), &mut effects);
    partition.commit();
    (partition, now)
}

/// Times `iterations` steps of what `make` makes, and takes them back.
fn timed(partition: &mut Partition, iterations: u64, mut make: impl FnMut(u64) -> Input) -> Duration {
    let (mut took, mut done) = (Duration::ZERO, 0);
    let mut effects = Vec::new();
    while done < iterations {
        let batch = BATCH.min(iterations - done);
        let inputs: Vec<Input> = (done..done + batch).map(&mut make).collect();
        let start = Instant::now();
        for input in &inputs {
            partition.step(input, &mut effects);
            black_box(&effects);
            effects.clear();
        }
        took += start.elapsed();
        partition.rollback();
        done += batch;
    }
    took
}

/// The number of bursts that the progress record ends.
fn ended(partition: &mut Partition, input: &Input) -> u64 {
    let before = partition.counts().ended;
    partition.step(input, &mut Vec::new());
    let ended = partition.counts().ended - before;
    partition.rollback();
    ended
}

fn step(c: &mut Criterion) {
    let measured = std::env::args().any(|argument| argument == "--bench");
    let sizes: &[u64] = if measured { &[10_000, 100_000] } else { &[100, 1_000] };
    let mut group = c.benchmark_group("step");
    group.measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300)).sample_size(20);
    for &accounts in sizes {
        let (mut partition, now) = partition(accounts);
        // Not the accounts' order, and far enough apart that no two steps of a batch are about the same.
        let scattered = |n: u64| n.wrapping_mul(7_919) % accounts;
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("a signal joins", accounts), |b| {
            b.iter_custom(|n| {
                timed(&mut partition, n, |at| signal(scattered(at), format!("next-{at}"), now))
            });
        });
        group.bench_function(BenchmarkId::new("a duplicate", accounts), |b| {
            b.iter_custom(|n| {
                timed(&mut partition, n, |at| {
                    let number = scattered(at);
                    let opened = i64::try_from(number).unwrap_or_default() * APART;
                    signal(number, format!("first-{number}"), opened)
                })
            });
        });
        group.bench_function(BenchmarkId::new("progress, nothing due", accounts), |b| {
            b.iter_custom(|n| timed(&mut partition, n, |_| progress(now)));
        });
        let due = progress(QUIET + 99 * APART);
        group.throughput(Throughput::Elements(ended(&mut partition, &due)));
        group.bench_function(BenchmarkId::new("progress, bursts end", accounts), |b| {
            b.iter_custom(|iterations| {
                let mut effects = Vec::new();
                let mut took = Duration::ZERO;
                for _ in 0..iterations {
                    let start = Instant::now();
                    partition.step(&due, &mut effects);
                    took += start.elapsed();
                    partition.rollback();
                    effects.clear();
                }
                took
            });
        });
    }
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);
