//! The parts of the benchmark, and what they share: a broker of their own, and the sizes.

mod deployment;
mod fanout;
mod feed;
mod latency;
mod machine;
mod records;
mod restore;
mod throughput;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use winback_log::{Cleanup, SharedLog, SystemClock, TimestampKind, TopicPartition, TopicSpec};
use winback_logs::OpenOptions;
use winback_testkit::{Broker, BrokerError};

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The matcher's lane beside a bare consumer.
    Throughput,
    /// From a signal to its trigger.
    Latency,
    /// The same beside an event that is told to many accounts.
    Fanout,
    /// From the accounts' topic to an index that is ready.
    Feed,
    /// From a lane's start to a state that is restored.
    Restore,
}

impl Part {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Throughput, Self::Latency, Self::Fanout, Self::Feed, Self::Restore];

    const fn name(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Latency => "latency",
            Self::Fanout => "fanout",
            Self::Feed => "feed",
            Self::Restore => "restore",
        }
    }
}

/// Runs the parts that `WINBACK_BENCH_PARTS` names, by default `parts`.
pub(crate) fn main(allocator: &str, parts: &[Part]) -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    match run(allocator, parts) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("the benchmark failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(allocator: &str, parts: &[Part]) -> anyhow::Result<()> {
    let chosen = std::env::var("WINBACK_BENCH_PARTS").ok();
    let is_chosen = |part: &Part| match &chosen {
        Some(names) => names.split(',').any(|name| name == part.name()),
        None => parts.contains(part),
    };
    // The broker inherits the core that this process has while it starts it.
    let broker_pinned = machine::pin(1);
    let broker = match Broker::start() {
        Ok(broker) => broker,
        Err(BrokerError::Unavailable { what, how }) => {
            println!("SKIPPED: no Kafka: {what} is missing; {how}");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let pinned = machine::pin(0) && broker_pinned;
    let place = if pinned { "this process on core 0, the broker on core 1" } else { "nothing is pinned" };
    println!("{}; {place}; allocator: {allocator}; load {}", machine::name(), machine::load());
    let log = winback_logs::open(&broker.url(), Arc::new(SystemClock), &OpenOptions::default())?;
    for part in Part::ALL.iter().filter(|part| is_chosen(part)) {
        println!("\n{}", part.name());
        if matches!(part, Part::Fanout | Part::Feed | Part::Restore) {
            // A member that starts, or has much to do, has all cores.
            machine::unpin();
        }
        let done = match part {
            Part::Throughput => throughput::run(&log),
            Part::Latency => latency::run(&log, &broker.url()),
            Part::Fanout => fanout::run(&log, &broker.url()),
            Part::Feed => feed::run(&log),
            Part::Restore => restore::run(&log),
        };
        done.with_context(|| part.name())?;
    }
    Ok(())
}

/// A size from the environment.
fn size(variable: &str, default: u64) -> anyhow::Result<u64> {
    let Ok(text) = std::env::var(variable) else { return Ok(default) };
    text.replace('_', "").parse().with_context(|| format!("{variable} = {text}: write a number"))
}

/// Makes a topic, and names its partitions.
fn topic(
    log: &SharedLog,
    name: &str,
    partitions: i32,
    cleanup: Cleanup,
) -> anyhow::Result<Vec<TopicPartition>> {
    log.create(&TopicSpec {
        name: name.to_owned(),
        partitions,
        replication: 1,
        cleanup,
        timestamps: TimestampKind::Create,
        max_record_bytes: 1 << 20,
    })?;
    Ok((0..partitions).map(|at| TopicPartition::new(name, at)).collect())
}
