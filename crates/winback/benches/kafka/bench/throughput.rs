//! The matcher's lane beside a bare consumer. The consumer reads the same batches, parses and looks up, and forwards
//! nothing. They take turns in one process.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use winback_core::ids::Offset;
use winback_core::index::{Lookup, SharedIndex};
use winback_core::time::Span;
use winback_lane::{DeadLetters, Lane, LaneConfig, NoObserver, Start};
use winback_log::{Cleanup, Message, SessionSpec, SharedLog, SystemClock, TopicPartition};
use winback_matcher::{
    AccountFeed, FeedStatus, InboxTarget, MatcherMetrics, MatcherRole, MatcherSource, input_name,
};
use winback_proto::Encoding;
use winback_sources::{Decoder, Element, SourceConfig, Start as SourceStart};
use winback_telemetry::Metrics;

use super::machine::{Sorted, Took, load, timed};
use super::{records, size, topic};

const VISITS: &str = "bench.visits";
const INBOX: &str = "bench.inbox";
const DEAD: &str = "bench.dead-letters";
const ACCOUNTS: &str = "bench.accounts";
const INBOX_PARTITIONS: i32 = 4;
/// As a lane polls.
const POLL: usize = 4_096;
const WAIT: Duration = Duration::from_millis(100);
const DEADLINE: Duration = Duration::from_secs(300);

pub(super) fn run(log: &SharedLog) -> anyhow::Result<()> {
    let (signals, accounts) =
        (size("WINBACK_BENCH_SIGNALS", 500_000)?, size("WINBACK_BENCH_ACCOUNTS", 100_000)?);
    let rounds = size("WINBACK_BENCH_ROUNDS", 5)?;
    let setup = Setup::new(log, accounts, signals)?;
    let (mut bare, mut lane) = (Figures::default(), Figures::default());
    for round in 0..rounds {
        let (took, matched) = timed(|| setup.bare())?;
        bare.add("bare consumer", took, signals, &format!("{matched} matched"));
        let (took, commits) = timed(|| setup.lane(log, &format!("{round}")))?;
        lane.add("matcher lane", took, signals, &format!("{commits} transactions"));
    }
    let (bare, lane) = (bare.report("bare consumer"), lane.report("matcher lane"));
    println!(
        "  ratio in CPU time an event: {:.2} by the medians, {:.2} by the minima (aim: 1.5 at most); load {}",
        lane.at(50) / bare.at(50),
        lane.at(0) / bare.at(0),
        load()
    );
    Ok(())
}

#[derive(Default)]
struct Figures {
    cpu: Vec<f64>,
    wall: Vec<f64>,
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "a count of events, far below 2^52")]
    fn add(&mut self, what: &str, took: Took, events: u64, note: &str) {
        let micros = |time: Duration| time.as_secs_f64() * 1e6 / events as f64;
        println!(
            "  {what}: {:.2} s, {:.2} µs of CPU an event, {note}",
            took.wall.as_secs_f64(),
            micros(took.cpu)
        );
        self.cpu.push(micros(took.cpu));
        self.wall.push(took.wall.as_secs_f64());
    }

    fn report(self, what: &str) -> Sorted {
        let cpu = Sorted::new(self.cpu);
        println!("  {what}: µs of CPU an event: {cpu}; seconds: {}", Sorted::new(self.wall));
        cpu
    }
}

struct Setup {
    log: SharedLog,
    partitions: Vec<TopicPartition>,
    signals: u64,
    decoder: Arc<Decoder>,
    index: Arc<SharedIndex>,
    ready: Arc<FeedStatus>,
}

impl Setup {
    fn new(log: &SharedLog, accounts: u64, signals: u64) -> anyhow::Result<Self> {
        let keep = Cleanup::Delete(None);
        let count = i32::try_from(size("WINBACK_BENCH_PARTITIONS", 4)?)?;
        let partitions = topic(log, VISITS, count, keep)?;
        topic(log, INBOX, INBOX_PARTITIONS, keep)?;
        topic(log, DEAD, 1, keep)?;
        topic(log, ACCOUNTS, 1, keep)?;
        let spec = records::page_views(VISITS, accounts, signals);
        let bytes = records::write(log, &spec)?;
        let index = records::index(&spec)?;
        println!("  {signals} page views of {bytes} bytes in {count} partitions, {accounts} accounts");
        // The index is filled by hand; the feed of an empty topic says that it is complete.
        let ready = Arc::new(FeedStatus::default());
        AccountFeed::new(log, ACCOUNTS, index.clone(), ready.clone())?.begin()?;
        let config = SourceConfig::of_preset(VISITS, "segment", SourceStart::Earliest);
        let decoder = Arc::new(Decoder::new("web", &config)?);
        Ok(Self { log: log.clone(), partitions, signals, decoder, index, ready })
    }

    /// Reads, parses, looks up; returns how many matched.
    fn bare(&self) -> anyhow::Result<u64> {
        let mut reader = self.log.reader()?;
        let starts: Vec<_> =
            self.partitions.iter().map(|partition| (partition.clone(), Offset::ZERO)).collect();
        reader.assign(&starts)?;
        let (mut read, mut matched) = (0, 0);
        let mut messages: Vec<Message> = Vec::new();
        let begun = Instant::now();
        while read < self.signals {
            anyhow::ensure!(begun.elapsed() < DEADLINE, "read {read} of {} records", self.signals);
            messages.clear();
            reader.poll(POLL, WAIT, &mut messages)?;
            let index = self.index.pin_for_batch();
            for message in &messages {
                self.decoder.decode(message.value().unwrap_or_default(), &mut |element| {
                    if let Element::Signal(candidate) = &element {
                        let found = index.lookup(&candidate.who);
                        matched += u64::from(matches!(black_box(&found), Lookup::Match(_)));
                    }
                });
            }
            read += messages.len() as u64;
        }
        Ok(matched)
    }

    /// Runs a lane of a new group until all is committed; returns how many transactions that took.
    fn lane(&self, log: &SharedLog, round: &str) -> anyhow::Result<u64> {
        let positions = format!("bench.matcher-positions.{round}");
        topic(&self.log, &positions, 1, Cleanup::Compact { tombstones: Span::from_days(7) })?;
        let spec = SessionSpec {
            group: format!("bench.matcher.{round}"),
            transactional_id: format!("bench.matcher.{round}"),
            topics: vec![VISITS.into()],
        };
        let dead = DeadLetters { topic: DEAD.to_owned(), max_bytes: 1 << 20 };
        let settings = LaneConfig::new("matcher", dead);
        let (log, clock) = (log.clone(), Arc::new(SystemClock));
        let mut lane = Lane::open(log, clock, spec, settings, self.role(&positions), Arc::new(NoObserver))?;
        let status = lane.status();
        let begun = Instant::now();
        loop {
            lane.turn()?;
            let snapshot = status.snapshot();
            let committed = snapshot.partitions.iter().filter_map(|partition| partition.committed);
            let committed: i64 = committed.map(|offset| offset.0).sum();
            if u64::try_from(committed)? >= self.signals {
                lane.drain(Duration::from_secs(10))?;
                return Ok(snapshot.commits);
            }
            anyhow::ensure!(begun.elapsed() < DEADLINE, "committed {committed} of {}", self.signals);
        }
    }

    fn role(&self, positions: &str) -> MatcherRole {
        let source = MatcherSource {
            name: "web".to_owned(),
            topic: VISITS.into(),
            partitions: i32::try_from(self.partitions.len()).unwrap_or(i32::MAX),
            positions: positions.into(),
            decoder: self.decoder.clone(),
            start: Start::Earliest,
            known: self.partitions.iter().map(|partition| input_name("web", partition)).collect(),
            clocked: true,
        };
        let inbox = InboxTarget {
            topic: INBOX.into(),
            answers: Arc::from("answers"),
            partitions: INBOX_PARTITIONS,
            encoding: Encoding::Protobuf,
            source: "bench/matcher".to_owned(),
            heartbeat: Duration::from_millis(500),
        };
        let metrics = MatcherMetrics::new(&Metrics::new(), "web");
        MatcherRole::new(source, inbox, self.index.clone(), self.ready.clone(), metrics)
    }
}
