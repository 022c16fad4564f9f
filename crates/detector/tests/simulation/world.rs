//! A model log, and detector lanes on it that come, go, fail and come back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use winback_core::time::{Span, Time};
use winback_detector::{DetectorMetrics, DetectorRole, DetectorTopics};
use winback_lane::{DeadLetters, Lane, LaneConfig, LaneError, NoObserver};
use winback_log::{Cleanup, Clock, Log, SessionSpec, SharedLog, TimestampKind, TopicPartition, TopicSpec};
use winback_log_embedded::{EmbeddedLog, Fault};
use winback_proto::Encoding;
use winback_telemetry::Metrics;

use crate::inbox::{Feed, Script};
use crate::ops::{LANES, Op, Shape};
use crate::outputs::{Outputs, difference};

/// The beginning of the world.
pub(crate) const BASE: i64 = 1_760_000_000_000;
/// The number of partitions of its inbox.
pub(crate) const PARTITIONS: i32 = 2;
pub(crate) const INBOX: &str = "inbox";
pub(crate) const TRIGGERS: &str = "triggers";
pub(crate) const DECISIONS: &str = "decisions";
pub(crate) const CHANGELOG: &str = "changelog";
pub(crate) const DEAD: &str = "dead";
pub(crate) const FEED: &str = "feed";
pub(crate) const DETECTORS: &str = "detectors";

/// The largest record that a topic takes.
const LARGEST: usize = 20 << 20;
/// The rounds that a lane may take to settle; time passes slowly at first and then faster.
const ROUNDS: u32 = 200;
const SLOW_ROUNDS: u32 = 8;

/// A member's clock: the world's, and how far it is off.
#[derive(Debug)]
pub(crate) struct MemberClock {
    world: Arc<AtomicI64>,
    off: AtomicI64,
}

impl MemberClock {
    pub(crate) fn new(world: &Arc<AtomicI64>) -> Arc<Self> {
        Arc::new(Self { world: Arc::clone(world), off: AtomicI64::new(0) })
    }

    pub(crate) fn set(&self, seconds: i64) {
        self.off.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

impl Clock for MemberClock {
    fn now(&self) -> Time {
        Time::from_millis(self.world.load(Ordering::Relaxed) + self.off.load(Ordering::Relaxed))
    }
}

/// A topic with these settings that keeps what the simulation writes.
pub(crate) fn topic(name: &str, partitions: i32, cleanup: Cleanup, timestamps: TimestampKind) -> TopicSpec {
    TopicSpec {
        name: name.to_owned(),
        partitions,
        replication: 1,
        cleanup,
        timestamps,
        max_record_bytes: LARGEST,
    }
}

/// Makes what detectors read and write, with an inbox of so many partitions.
pub(crate) fn make_topics(log: &EmbeddedLog, partitions: i32) {
    let compacted = Cleanup::Compact { tombstones: Span::from_days(7) };
    for (name, partitions, cleanup) in [
        (INBOX, partitions, Cleanup::Delete(None)),
        (CHANGELOG, partitions, compacted),
        (TRIGGERS, 1, Cleanup::Delete(None)),
        (DECISIONS, 1, Cleanup::Delete(None)),
        (DEAD, 1, Cleanup::Delete(None)),
        (FEED, 1, Cleanup::Delete(None)),
    ] {
        log.create(&topic(name, partitions, cleanup, TimestampKind::Append)).unwrap();
    }
}

/// A detector's topics, with an inbox of so many partitions.
pub(crate) fn detector_topics(partitions: i32) -> DetectorTopics {
    DetectorTopics {
        triggers: TRIGGERS.into(),
        shadow_triggers: TRIGGERS.into(),
        decisions: DECISIONS.into(),
        changelog: CHANGELOG.into(),
        inbox_partitions: partitions,
        encoding: Encoding::Protobuf,
        source: "simulation".to_owned(),
    }
}

/// A lane's settings.
pub(crate) fn lane_config(name: &str, poll_max: usize, max_records: usize) -> LaneConfig {
    let mut config = LaneConfig::new(name, DeadLetters { topic: DEAD.to_owned(), max_bytes: LARGEST });
    config.poll_max = poll_max;
    config.buffer_records = poll_max + 1;
    config.commit.max_records = max_records;
    config
}

/// The counts of a run: they show that the simulation reaches its cases.
pub(crate) type Tally = BTreeMap<&'static str, u64>;

/// The world of one schedule.
pub(crate) struct World {
    log: Arc<EmbeddedLog>,
    shared: SharedLog,
    time: Arc<AtomicI64>,
    /// Of the lanes, and of the log.
    clocks: Vec<Arc<MemberClock>>,
    lanes: Vec<Option<Lane<DetectorRole>>>,
    /// Lanes whose transactional id another has, and who have not noticed.
    ghosts: Vec<Lane<DetectorRole>>,
    script: Script,
    feed: Feed,
    shape: Shape,
    metrics: Metrics,
    pub(crate) tally: Tally,
}

impl World {
    pub(crate) fn new(shape: Shape, metrics: &Metrics) -> Self {
        let time = Arc::new(AtomicI64::new(BASE));
        let clocks: Vec<_> = (0..=LANES.len()).map(|_| MemberClock::new(&time)).collect();
        let of_the_log: Arc<dyn Clock> = Arc::clone(&clocks[LANES.len()]) as Arc<dyn Clock>;
        let log = Arc::new(EmbeddedLog::model(of_the_log));
        make_topics(&log, PARTITIONS);
        let mut feed = Feed::new(log.as_ref());
        let (script, beginning) = Script::beginning();
        feed.write(beginning);
        Self {
            shared: Arc::clone(&log) as SharedLog,
            log,
            time,
            clocks,
            lanes: LANES.iter().map(|_| None).collect(),
            ghosts: Vec::new(),
            script,
            feed,
            shape,
            metrics: metrics.clone(),
            tally: Tally::new(),
        }
    }

    /// Makes it happen.
    pub(crate) fn apply(&mut self, op: &Op) -> Result<(), String> {
        let lines = self.script.lines(op);
        self.feed.write(&lines);
        match *op {
            Op::Turn { lane, times } => self.turn_often(lane, times),
            Op::Haunt => self.haunt(),
            Op::Drain { lane } => self.drain(lane),
            _ => {
                self.befall(op);
                Ok(())
            }
        }
    }

    /// Applies an event that needs no lane.
    fn befall(&mut self, op: &Op) {
        match *op {
            Op::Pass { millis } => self.pass(millis),
            Op::SetClock { member, seconds } => self.clocks[member].set(seconds),
            Op::Fail { fault: Fault::ReadFails, .. } => self.log.inject("", Fault::ReadFails),
            Op::Fail { lane, fault } => self.log.inject(LANES[lane], fault),
            Op::Expel { lane } => self.count("expelled", self.log.expel(LANES[lane])),
            Op::Arrive { lane } => self.count("arrived late", self.log.arrive(LANES[lane]).unwrap()),
            Op::Expire { lane } => self.count("never arrived", self.log.expire(LANES[lane])),
            Op::Kill { lane } => self.forget(lane),
            Op::Replace { lane } => self.replace(lane),
            Op::Compact => assert!(!self.log.maintain(Duration::ZERO).unwrap(), "memory compacts at once"),
            _ => {}
        }
    }

    fn count(&mut self, what: &'static str, happened: bool) {
        *self.tally.entry(what).or_default() += u64::from(happened);
    }

    fn pass(&self, millis: i64) {
        self.time.fetch_add(millis, Ordering::Relaxed);
    }

    fn open(&self, at: usize) -> Lane<DetectorRole> {
        let spec = SessionSpec {
            group: DETECTORS.to_owned(),
            transactional_id: LANES[at].to_owned(),
            topics: vec![INBOX.into()],
        };
        let clock = Arc::clone(&self.clocks[at]) as Arc<dyn Clock>;
        let role = DetectorRole::new(detector_topics(PARTITIONS), DetectorMetrics::new(&self.metrics));
        let config = lane_config(LANES[at], self.shape.poll_max, self.shape.max_records);
        Lane::open(Arc::clone(&self.shared), clock, spec, config, role, Arc::new(NoObserver)).unwrap()
    }

    /// A lane that has just given up waiting for a commit has used up its time: whatever was sent may arrive now.
    fn turn_often(&mut self, at: usize, times: u8) -> Result<(), String> {
        for _ in 0..times {
            let waited = self.log.is_on_its_way(LANES[at]);
            self.turn(at)?;
            if !waited && self.log.is_on_its_way(LANES[at]) {
                break;
            }
        }
        Ok(())
    }

    /// A supervisor starts what has ended.
    fn turn(&mut self, at: usize) -> Result<(), String> {
        let mut lane = self.lanes[at].take().unwrap_or_else(|| self.open(at));
        let turned = lane.turn().map(drop);
        self.pass(3);
        match turned {
            Ok(()) => self.lanes[at] = Some(lane),
            Err(error) => {
                self.ended(&lane, &error)?;
            }
        }
        Ok(())
    }

    /// A lane may end where it must; anything else is a defect.
    fn ended(&mut self, lane: &Lane<DetectorRole>, error: &LaneError) -> Result<(), String> {
        let replaced = error.kind() == "fatal" && error.to_string().contains("taken by a newer session");
        if !replaced && !["fenced", "away_too_long", "cannot_commit"].contains(&error.kind()) {
            return Err(format!("lane `{}` ended: {error}", lane.status().name()));
        }
        self.count("ended", true);
        self.add(lane);
        Ok(())
    }

    fn add(&mut self, lane: &Lane<DetectorRole>) {
        let status = lane.status().snapshot();
        for (what, count) in
            [("commits", status.commits), ("aborts", status.aborts), ("unknown", status.unknown)]
        {
            *self.tally.entry(what).or_default() += count;
        }
    }

    fn forget(&mut self, at: usize) {
        if let Some(lane) = self.lanes[at].take() {
            self.count("killed", true);
            self.add(&lane);
        }
    }

    fn replace(&mut self, at: usize) {
        let Some(old) = self.lanes[at].take() else { return };
        self.count("replaced", true);
        self.lanes[at] = Some(self.open(at));
        self.ghosts.push(old);
    }

    fn haunt(&mut self) -> Result<(), String> {
        for mut ghost in std::mem::take(&mut self.ghosts) {
            match ghost.turn() {
                Ok(_) => self.ghosts.push(ghost),
                Err(error) => self.ended(&ghost, &error)?,
            }
        }
        Ok(())
    }

    fn drain(&mut self, at: usize) -> Result<(), String> {
        let Some(lane) = self.lanes[at].take() else { return Ok(()) };
        self.add(&lane);
        self.count("drained", true);
        match lane.drain(Duration::from_secs(1)) {
            Err(error) if !["fenced", "fatal", "cannot_commit"].contains(&error.kind()) => {
                Err(format!("lane `{}` was not drained: {error}", LANES[at]))
            }
            _ => Ok(()),
        }
    }

    /// The trouble ends: whoever is there goes on until all is read and committed.
    pub(crate) fn settle(&mut self) -> Result<(), String> {
        self.log.calm();
        for id in LANES {
            self.log.expire(id);
        }
        let lines = self.script.end();
        self.feed.write(&lines);
        if self.lanes.iter().all(Option::is_none) {
            self.lanes[0] = Some(self.open(0));
        }
        for round in 0..ROUNDS {
            self.haunt()?;
            for at in 0..LANES.len() {
                if self.lanes[at].is_some() {
                    self.turn(at)?;
                }
            }
            if self.lanes.iter().all(Option::is_none) {
                self.lanes[0] = Some(self.open(0));
            }
            if self.is_settled() {
                let lanes: Vec<_> = self.lanes.iter_mut().filter_map(Option::take).collect();
                lanes.iter().for_each(|lane| self.add(lane));
                return Ok(());
            }
            self.pass(if round < SLOW_ROUNDS { 40 } else { 500 });
        }
        let shown: Vec<_> = self.lanes.iter().flatten().map(|lane| lane.status().snapshot()).collect();
        Err(format!("it does not settle: {shown:#?}"))
    }

    fn is_settled(&self) -> bool {
        let partitions: Vec<_> = (0..PARTITIONS).map(|at| TopicPartition::new(INBOX, at)).collect();
        let mut reader = self.log.reader().unwrap();
        let committed = reader.committed(DETECTORS, &partitions).unwrap();
        committed.into_iter().eq(reader.end_offsets(&partitions).unwrap().into_iter().map(Some))
    }

    /// The difference between the writes and the core's outputs.
    pub(crate) fn difference(&mut self) -> Option<String> {
        let expected = Outputs::expected(self.log.as_ref(), PARTITIONS);
        let written = Outputs::written(self.log.as_ref(), PARTITIONS);
        *self.tally.entry("triggers").or_default() += expected.triggers.len() as u64;
        *self.tally.entry("triggers in shadow").or_default() += expected.in_shadow;
        *self.tally.entry("decisions").or_default() += expected.decisions.len() as u64;
        difference(&expected, &written).or_else(|| written.misplaced(self.log.as_ref(), DETECTORS))
    }
}
