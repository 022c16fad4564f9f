//! A deployment of one detector lane over an inbox that the test writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use winback_core::account::{Account, Reason};
use winback_core::debounce::{AccountChange, MatchedSignal, Progress, Reached};
use winback_core::ids::{Offset, Partition};
use winback_core::index::Method;
use winback_core::signal::SignalKind;
use winback_core::time::{Span, Time};
use winback_detector::{DetectorMetrics, DetectorRole, DetectorTopics};
use winback_lane::{DeadLetters, Lane, LaneConfig, NoObserver};
use winback_log::{
    Append, Cleanup, Clock, Log, Message, SessionSpec, SharedLog, TimestampKind, TopicPartition, TopicSpec,
};
use winback_log_embedded::EmbeddedLog;
use winback_oracle::{Deployment, Kind, Options, OracleError, Report, verify};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage, inbox, v1};
use winback_telemetry::Metrics;

/// 2026-01-01T00:00:00Z.
pub(crate) const BEGIN: i64 = 1_767_225_600_000;
const MINUTE: i64 = 60_000;
pub(crate) const PARTITIONS: i32 = 2;
const INPUT: &str = "web:visits/0";

#[derive(Debug)]
pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Time {
        Time::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// The deployment.
pub(crate) struct Rig {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) log: Arc<EmbeddedLog>,
    pub(crate) lane: Lane<DetectorRole>,
    pub(crate) encoding: Encoding,
}

/// The names of a deployment's topics.
pub(crate) fn deployment() -> Deployment {
    let name = |topic: &str| Arc::from(format!("winback.{topic}"));
    Deployment {
        name: "winback".to_owned(),
        inbox: name("inbox"),
        triggers: name("triggers"),
        shadow_triggers: name("shadow-triggers"),
        decisions: name("decisions"),
        changelog: name("detector-changelog"),
        dead_letters: name("dead-letters"),
        group: "winback.detector".to_owned(),
    }
}

fn topics(log: &EmbeddedLog, inbox: Cleanup, outputs: Cleanup, trigger_bytes: usize) {
    let Deployment {
        inbox: inbox_name, triggers, shadow_triggers, decisions, changelog, dead_letters, ..
    } = deployment();
    let compact = Cleanup::Compact { tombstones: Span::from_days(7) };
    let of_triggers = triggers.clone();
    for (name, partitions, cleanup) in [
        (inbox_name, PARTITIONS, inbox),
        (triggers, PARTITIONS, outputs),
        (shadow_triggers, PARTITIONS, outputs),
        (decisions, PARTITIONS, outputs),
        (changelog, PARTITIONS, compact),
        (dead_letters, 1, Cleanup::Delete(None)),
    ] {
        let spec = TopicSpec {
            name: name.to_string(),
            partitions,
            replication: 1,
            cleanup,
            timestamps: TimestampKind::Append,
            max_record_bytes: if name == of_triggers { trigger_bytes } else { 1 << 20 },
        };
        log.create(&spec).unwrap();
    }
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(Encoding::Protobuf, Cleanup::Delete(None), Cleanup::Delete(None))
    }

    pub(crate) fn with(encoding: Encoding, inbox: Cleanup, outputs: Cleanup) -> Self {
        Self::made(encoding, inbox, outputs, 1 << 20)
    }

    /// A deployment whose topic of triggers takes so little.
    pub(crate) fn with_triggers_of(bytes: usize) -> Self {
        Self::made(Encoding::Protobuf, Cleanup::Delete(None), Cleanup::Delete(None), bytes)
    }

    fn made(encoding: Encoding, inbox: Cleanup, outputs: Cleanup, trigger_bytes: usize) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(BEGIN)));
        let log = Arc::new(EmbeddedLog::simulated(Arc::clone(&clock) as Arc<dyn Clock>));
        topics(&log, inbox, outputs, trigger_bytes);
        let lane = lane(&log, &clock, encoding);
        let mut rig = Self { clock, log, lane, encoding };
        rig.begin();
        rig
    }

    fn begin(&mut self) {
        for partition in 0..PARTITIONS {
            for (name, leading) in [("eager", "strength>=2"), ("patient", "off")] {
                let toml = format!(
                    "name=\"{name}\"\nleading=\"{leading}\"\nquiet=\"10m\"\nmax_wait=\"30m\"\ncooldown=\"2h\"\n"
                );
                let text = winback_policy::record(name, 1, &toml);
                let body = Body::Policy(inbox::policy_to_wire(&text));
                self.put(Some(partition), None, &v1::InboxRecord { body: Some(body) });
            }
        }
        self.progress(0);
    }

    /// A record of the inbox.
    pub(crate) fn put(&mut self, partition: Option<i32>, key: Option<&str>, record: &v1::InboxRecord) {
        let bytes = record.to_bytes(self.encoding);
        self.append(&deployment().inbox, partition, key.map(str::as_bytes), Some(&bytes), &[]);
    }

    /// A record of any topic, as somebody else would write it.
    pub(crate) fn append(
        &self,
        topic: &str,
        partition: Option<i32>,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, &[u8])],
    ) {
        let mut writer = self.log.writer().unwrap();
        let partition = partition.map(Partition);
        writer.append(&Append { topic, partition, key, value, headers, timestamp: None }).unwrap();
        writer.flush().unwrap();
    }

    /// Appends a copy of a record to its topic.
    pub(crate) fn again(&self, topic: &str, message: &Message, value: Option<&[u8]>) {
        let mut headers = Vec::new();
        message.each_header(|name, value| headers.push((name.to_owned(), value.to_vec())));
        let headers: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        let value = value.or(message.value());
        self.append(topic, Some(message.partition.0), message.key(), value, &headers);
    }

    /// All that was read was appended before that minute.
    pub(crate) fn progress(&mut self, minute: i64) {
        let reached = Reached::NewestAppend(Time::from_millis(BEGIN + minute * MINUTE));
        let record = inbox::progress_to_wire(&Progress {
            inputs: vec![(INPUT.into(), reached)],
            known: vec![INPUT.into()],
        });
        (0..PARTITIONS).for_each(|partition| self.put(Some(partition), None, &record));
    }

    pub(crate) fn account(&mut self, id: &str) {
        let change = AccountChange::Upsert(Box::new(row(id)));
        self.put(None, Some(id), &inbox::change_to_wire(&change));
    }

    pub(crate) fn signal(&mut self, account: &str, id: &str, class: &str, minute: i64) {
        let at = Time::from_millis(BEGIN + minute * MINUTE);
        let signal = MatchedSignal {
            account: account.into(),
            source: "web".to_owned(),
            id: id.to_owned(),
            kind: SignalKind::WebVisit,
            class: class.to_owned(),
            event_time: at,
            append_time: at,
            input: INPUT.into(),
            merged_with: Vec::new(),
            method: Method::Domain,
            matched_on: "domain".to_owned(),
            detail: format!("/{class}"),
        };
        let body = Body::Signal(inbox::signal_to_wire(&signal, minute));
        self.put(None, Some(account), &v1::InboxRecord { body: Some(body) });
    }

    /// Twenty accounts that come now and then, weak and strong, with duplicates, from that minute on for an hour.
    pub(crate) fn hour(&mut self, from: i64) {
        for number in 0..20 {
            let id = format!("acct-{number}");
            self.account(&id);
            for visit in 0..4 {
                let class = if (number + visit) % 5 == 0 { "pricing" } else { "blog" };
                let minute = from + visit * (number % 13 + 1);
                self.signal(&id, &format!("{from}-{number}-{visit}"), class, minute);
                if visit == 1 {
                    self.signal(&id, &format!("{from}-{number}-{visit}"), class, minute);
                }
            }
        }
        self.progress(from + 45);
        let late = format!("late-{from}");
        self.account(&late);
        self.signal(&late, &late, "blog", from + 46);
    }

    /// One turn, a little later.
    pub(crate) fn turn(&mut self) {
        self.lane.turn().unwrap();
        self.clock.0.fetch_add(25, Ordering::SeqCst);
    }

    /// Turns until all that is there is decided.
    pub(crate) fn settle(&mut self) {
        (0..200).for_each(|_| self.turn());
    }

    /// Another lane in the place of the one that was.
    pub(crate) fn reopen(&mut self) {
        self.lane = lane(&self.log, &self.clock, self.encoding);
    }

    /// A deployment that lived an hour.
    pub(crate) fn ran() -> Self {
        let mut rig = Self::new();
        rig.hour(10);
        rig.settle();
        rig
    }

    pub(crate) fn pass(&self, span: Span) {
        self.clock.0.fetch_add(span.millis(), Ordering::SeqCst);
    }

    pub(crate) fn shared(&self) -> SharedLog {
        Arc::clone(&self.log) as SharedLog
    }

    pub(crate) fn verify(&self) -> Report {
        check(&*self.log, &Options::default()).unwrap()
    }

    /// All records of a topic.
    pub(crate) fn read(&self, topic: &str) -> Vec<Message> {
        let partitions = self.log.describe(&[topic]).unwrap()[0].as_ref().unwrap().spec.partitions;
        let mut reader = self.log.reader().unwrap();
        let starts: Vec<_> =
            (0..partitions).map(|at| (TopicPartition::new(topic, at), Offset::ZERO)).collect();
        reader.assign(&starts).unwrap();
        let mut messages = Vec::new();
        while {
            let before = messages.len();
            reader.poll(1_000, Duration::ZERO, &mut messages).unwrap();
            messages.len() > before
        } {}
        messages
    }
}

/// An account that left 300 days before.
pub(crate) fn row(id: &str) -> Account {
    let churned = Time::from_millis(BEGIN - 300 * 24 * 60 * MINUTE);
    let mut account = Account::new(id, id, churned, Reason::ProductGap);
    account.arr_usd = 84_000;
    account
}

fn lane(log: &Arc<EmbeddedLog>, clock: &Arc<TestClock>, encoding: Encoding) -> Lane<DetectorRole> {
    let Deployment { inbox, triggers, shadow_triggers, decisions, changelog, dead_letters, group, .. } =
        deployment();
    let source = "winback/detector".to_owned();
    let topics = DetectorTopics {
        triggers,
        shadow_triggers,
        decisions,
        changelog,
        inbox_partitions: PARTITIONS,
        encoding,
        source,
    };
    let spec =
        SessionSpec { group, transactional_id: "winback.detector.0.0".to_owned(), topics: vec![inbox] };
    let letters = DeadLetters { topic: dead_letters.to_string(), max_bytes: 1 << 20 };
    let role = DetectorRole::new(topics, DetectorMetrics::new(&Metrics::new()));
    let (log, clock) = (Arc::clone(log) as SharedLog, Arc::clone(clock) as Arc<dyn Clock>);
    Lane::open(log, clock, spec, LaneConfig::new("detector", letters), role, Arc::new(NoObserver)).unwrap()
}

pub(crate) fn check(log: &dyn Log, options: &Options) -> Result<Report, OracleError> {
    verify(log, &deployment(), options, &mut |_| {})
}

/// Differences by kind.
pub(crate) fn kinds(report: &Report) -> BTreeMap<Kind, u64> {
    let mut kinds = BTreeMap::new();
    for partition in &report.partitions {
        for (kind, count) in &partition.differences {
            *kinds.entry(*kind).or_default() += count;
        }
    }
    kinds
}
