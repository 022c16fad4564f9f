//! From a source's records to triggers: the real matcher and the real detector on a model log.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use winback_core::debounce::{AccountChange, Body};
use winback_core::ids::Partition;
use winback_core::index::SharedIndex;
use winback_core::time::{Span, Time};
use winback_detector::{DetectorMetrics, DetectorRole, read};
use winback_lane::{Lane, NoObserver, Role, Start};
use winback_log::{Append, Cleanup, Clock, Log, SessionSpec, SharedLog, TimestampKind, TopicPartition};
use winback_log_embedded::EmbeddedLog;
use winback_matcher::{
    AccountFeed, FeedStatus, InboxTarget, MatcherMetrics, MatcherRole, MatcherSource, input_name,
};
use winback_proto::v1::inbox_record::Body as Wire;
use winback_proto::{Encoding, WireMessage, account, inbox, v1};
use winback_sources::{Decoder, SourceConfig};
use winback_telemetry::Metrics;

use crate::dice::Dice;
use crate::outputs::{Outputs, difference, messages};
use crate::visits::{self, LOOKED_FOR, Visit};
use crate::world::{
    BASE, DEAD, DETECTORS, INBOX, MemberClock, detector_topics, lane_config, make_topics, topic,
};

const VISITS: &str = "visits";
const ACCOUNTS: &str = "accounts";
const POSITIONS: &str = "positions";
const MATCHERS: &str = "matchers";
const SOURCE: &str = "web";
/// No run takes more turns.
const TURNS: u32 = 200_000;
/// So many turns let each lane tell at the end that it has read everything.
const AFTERWARDS: u32 = 400;

/// The setup of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) visits_partitions: i32,
    pub(crate) inbox_partitions: i32,
    pub(crate) matchers: usize,
    pub(crate) detectors: usize,
    pub(crate) poll_max: usize,
    pub(crate) max_records: usize,
    /// A lane is killed before one in so many turns; never without a number.
    pub(crate) killed_one_in: Option<u64>,
    /// The seed of the turns and of the passing time.
    pub(crate) seed: u64,
}

impl Plan {
    /// One lane of each role and large batches.
    pub(crate) const PLAIN: Self = Self {
        visits_partitions: 3,
        inbox_partitions: 2,
        matchers: 1,
        detectors: 1,
        poll_max: 4_096,
        max_records: 50_000,
        killed_one_in: None,
        seed: 1,
    };
}

/// The result of a run.
pub(crate) struct Ran {
    pub(crate) outputs: Outputs,
    /// The signals in the inbox as text, sorted, without what the partitions and lanes give them.
    pub(crate) matched: Vec<String>,
    /// The matcher's dead letters.
    pub(crate) dead: Vec<v1::DeadLetter>,
    pub(crate) kills: u32,
}

/// Runs until everything is decided. What was written must be what the core makes of the inbox.
pub(crate) fn run(plan: Plan, visits: &[Visit], inbox: &[(Option<&str>, Vec<u8>)]) -> Ran {
    let mut pipeline = Pipeline::new(plan);
    pipeline.write_visits(visits);
    pipeline.write_inbox(inbox);
    pipeline.go();
    let log = pipeline.log.as_ref();
    let expected = Outputs::expected(log, plan.inbox_partitions);
    let outputs = Outputs::written(log, plan.inbox_partitions);
    let differs = difference(&expected, &outputs).or_else(|| outputs.misplaced(log, DETECTORS));
    assert_eq!(differs, None, "{plan:?}");
    assert_eq!(expected.open_bursts, 0, "the progress at the end closes every burst");
    Ran { outputs, matched: matched(log, plan.inbox_partitions), dead: dead(log), kills: pipeline.kills }
}

fn matched(log: &dyn Log, partitions: i32) -> Vec<String> {
    let signal = |message: winback_log::Message| match read(&message, partitions).ok()?.body {
        Body::Signal(mut signal) => {
            signal.input = "".into();
            signal.merged_with.clear();
            Some(format!("{signal:?}"))
        }
        _ => None,
    };
    let mut matched: Vec<_> = messages(log, INBOX, partitions).into_iter().filter_map(signal).collect();
    matched.sort_unstable();
    matched
}

fn dead(log: &dyn Log) -> Vec<v1::DeadLetter> {
    let letters = messages(log, DEAD, 1).into_iter();
    let letters = letters.map(|message| v1::DeadLetter::from_bytes(message.value().unwrap()).unwrap());
    letters.filter(|letter| letter.role == "matcher").collect()
}

struct Pipeline {
    plan: Plan,
    dice: Dice,
    time: Arc<AtomicI64>,
    clock: Arc<MemberClock>,
    log: Arc<EmbeddedLog>,
    index: Arc<SharedIndex>,
    feed: Arc<FeedStatus>,
    decoder: Arc<Decoder>,
    metrics: Metrics,
    matchers: Vec<Option<Lane<MatcherRole>>>,
    detectors: Vec<Option<Lane<DetectorRole>>>,
    kills: u32,
}

impl Pipeline {
    fn new(plan: Plan) -> Self {
        // The source's records are some days old: it is caught up with.
        let time = Arc::new(AtomicI64::new(BASE + Span::from_days(30).millis()));
        let clock = MemberClock::new(&time);
        let log = Arc::new(EmbeddedLog::model(Arc::clone(&clock) as Arc<dyn Clock>));
        make_topics(&log, plan.inbox_partitions);
        let days = Span::from_days(7);
        for topic in [
            topic(VISITS, plan.visits_partitions, Cleanup::Delete(None), TimestampKind::Create),
            topic(ACCOUNTS, 1, Cleanup::Compact { tombstones: days }, TimestampKind::Append),
            topic(POSITIONS, 1, Cleanup::Compact { tombstones: days }, TimestampKind::Append),
        ] {
            log.create(&topic).unwrap();
        }
        let config = SourceConfig::of_preset(VISITS, "web", winback_sources::Start::Earliest);
        let pipeline = Self {
            plan,
            dice: Dice::new(plan.seed),
            time,
            clock,
            log,
            index: Arc::default(),
            feed: Arc::default(),
            decoder: Arc::new(Decoder::new(SOURCE, &config).unwrap()),
            metrics: Metrics::new(),
            matchers: (0..plan.matchers).map(|_| None).collect(),
            detectors: (0..plan.detectors).map(|_| None).collect(),
            kills: 0,
        };
        pipeline.register();
        pipeline
    }

    fn shared(&self) -> SharedLog {
        Arc::clone(&self.log) as SharedLog
    }

    /// The policy and the accounts, as the registrar leaves them.
    fn register(&self) {
        let toml = "name=\"p\"\nquiet=\"30m\"\nmax_wait=\"6h\"\ncooldown=\"1d\"\nstale=\"90d\"\n".to_owned();
        let policy = winback_policy::record("p", 1, &toml);
        let policy = v1::InboxRecord { body: Some(Wire::Policy(inbox::policy_to_wire(&policy))) };
        let bytes = policy.to_bytes(Encoding::Protobuf);
        for partition in 0..self.plan.inbox_partitions {
            self.append(INBOX, Some(partition), None, &bytes, None);
        }
        for id in LOOKED_FOR {
            let row = visits::account(id);
            let bytes = account::to_wire(&row).to_bytes(Encoding::Protobuf);
            self.append(ACCOUNTS, None, Some(id), &bytes, None);
            let change = inbox::change_to_wire(&AccountChange::Upsert(Box::new(row)));
            self.append(INBOX, None, Some(id), &change.to_bytes(Encoding::Protobuf), None);
        }
        let (index, status) = (Arc::clone(&self.index), Arc::clone(&self.feed));
        let mut feed = AccountFeed::new(&self.shared(), ACCOUNTS, index, status).unwrap();
        feed.begin().unwrap();
        feed.turn(Duration::ZERO).unwrap();
        assert_eq!(self.feed.waits_for(), None);
    }

    fn append(
        &self,
        topic: &str,
        partition: Option<i32>,
        key: Option<&str>,
        value: &[u8],
        timestamp: Option<Time>,
    ) {
        let mut writer = self.log.writer().unwrap();
        let (partition, key) = (partition.map(Partition), key.map(str::as_bytes));
        writer
            .append(&Append { topic, partition, key, value: Some(value), headers: &[], timestamp })
            .unwrap();
        writer.flush().unwrap();
    }

    fn write_visits(&self, visits: &[Visit]) {
        for visit in visits {
            self.append(VISITS, None, Some(&visit.key), &visit.value, Some(visit.timestamp));
        }
    }

    fn write_inbox(&self, records: &[(Option<&str>, Vec<u8>)]) {
        for (key, value) in records {
            self.append(INBOX, key.is_none().then_some(0), *key, value, None);
        }
    }

    fn go(&mut self) {
        let lanes = self.plan.matchers + self.plan.detectors;
        for _ in 0..TURNS {
            self.turn_one(lanes);
            if self.has_caught_up(MATCHERS, VISITS, self.plan.visits_partitions) {
                break;
            }
        }
        self.plan.killed_one_in = None;
        for _ in 0..AFTERWARDS {
            self.turn_one(lanes);
        }
        self.matchers.iter_mut().for_each(|lane| *lane = None); // no more progress
        for _ in 0..TURNS {
            self.turn_one(lanes);
            if self.has_caught_up(DETECTORS, INBOX, self.plan.inbox_partitions) {
                return;
            }
        }
        panic!("it does not come to an end: {:?}", self.plan);
    }

    /// One lane, whichever it is, turns; once the matchers are gone a detector.
    fn turn_one(&mut self, lanes: usize) {
        let at = self.dice.between(0, lanes);
        let passes = self.dice.between(1_u8, 40);
        self.time.fetch_add(passes.into(), Ordering::Relaxed);
        let killed = self.plan.killed_one_in.is_some_and(|times| self.dice.one_in(times));
        self.kills += u32::from(killed);
        match at.checked_sub(self.plan.matchers) {
            Some(at) => {
                let lane = self.detectors[at].take().filter(|_| !killed).unwrap_or_else(|| self.detector(at));
                self.detectors[at] = Some(turned(lane));
            }
            None if self.has_ended() => {}
            None => {
                let lane = self.matchers[at].take().filter(|_| !killed).unwrap_or_else(|| self.matcher(at));
                self.matchers[at] = Some(turned(lane));
            }
        }
    }

    /// The matchers are done and were let go.
    fn has_ended(&self) -> bool {
        let all = self.has_caught_up(MATCHERS, VISITS, self.plan.visits_partitions);
        all && self.matchers.iter().all(Option::is_none)
    }

    fn has_caught_up(&self, group: &str, topic: &str, partitions: i32) -> bool {
        let partitions: Vec<_> = (0..partitions).map(|at| TopicPartition::new(topic, at)).collect();
        let mut reader = self.log.reader().unwrap();
        let ends = reader.end_offsets(&partitions).unwrap();
        reader.committed(group, &partitions).unwrap().into_iter().eq(ends.into_iter().map(Some))
    }

    fn lane<R: Role>(&self, group: &str, at: usize, topic: &str, role: R) -> Lane<R> {
        let id = format!("{group}-{at}");
        let config = lane_config(&id, self.plan.poll_max, self.plan.max_records);
        let spec = SessionSpec { group: group.to_owned(), transactional_id: id, topics: vec![topic.into()] };
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        Lane::open(self.shared(), clock, spec, config, role, Arc::new(NoObserver)).unwrap()
    }

    fn matcher(&self, at: usize) -> Lane<MatcherRole> {
        let known = |at| input_name(SOURCE, &TopicPartition::new(VISITS, at));
        let source = MatcherSource {
            name: SOURCE.to_owned(),
            topic: VISITS.into(),
            partitions: self.plan.visits_partitions,
            positions: POSITIONS.into(),
            decoder: Arc::clone(&self.decoder),
            start: Start::Earliest,
            known: (0..self.plan.visits_partitions).map(known).collect(),
            clocked: true,
        };
        let inbox = InboxTarget {
            topic: INBOX.into(),
            answers: Arc::from("answers"),
            partitions: self.plan.inbox_partitions,
            encoding: Encoding::Protobuf,
            source: "simulation".to_owned(),
            heartbeat: Duration::from_millis(500),
        };
        let metrics = MatcherMetrics::new(&self.metrics, SOURCE);
        let role = MatcherRole::new(source, inbox, Arc::clone(&self.index), Arc::clone(&self.feed), metrics);
        self.lane(MATCHERS, at, VISITS, role)
    }

    fn detector(&self, at: usize) -> Lane<DetectorRole> {
        let topics = detector_topics(self.plan.inbox_partitions);
        let role = DetectorRole::new(topics, DetectorMetrics::new(&self.metrics));
        self.lane(DETECTORS, at, INBOX, role)
    }
}

fn turned<R: Role>(mut lane: Lane<R>) -> Lane<R> {
    lane.turn().unwrap();
    lane
}
