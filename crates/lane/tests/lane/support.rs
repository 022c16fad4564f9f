//! A log in memory with a clock that tests move, and a role that copies.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prost::Message as _;
use winback_core::ids::{Offset, Partition};
use winback_core::time::{Span, Time};
use winback_lane::{
    At, DeadLetter, DeadLetters, Input, InputView, Lane, LaneConfig, LaneError, NoObserver, Output,
    Readiness, RestoreError, Role, Row, Start, Step, StoredPosition, Take, Urgency, View,
};
use winback_log::{
    Append, Cleanup, Clock, Log, Message, Record, SessionSpec, TimestampKind, TopicPartition, TopicSpec,
};
use winback_log_embedded::EmbeddedLog;
use winback_proto::v1;

use crate::mischief::{Mischief, TestLog};

pub(crate) const INPUT: &str = "input";
pub(crate) const COPIES: &str = "copies";
pub(crate) const CHANGELOG: &str = "changelog";
pub(crate) const DEAD: &str = "dead";

#[derive(Debug, Default)]
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Time {
        Time::from_millis(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct World {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) inner: Arc<EmbeddedLog>,
    pub(crate) mischief: Arc<Mutex<Mischief>>,
}

impl World {
    pub(crate) fn new(partitions: i32) -> Self {
        let clock = Arc::new(TestClock::default());
        clock.advance(1_000_000);
        let inner = Arc::new(EmbeddedLog::simulated(Arc::clone(&clock) as Arc<dyn Clock>));
        for name in [INPUT, COPIES, CHANGELOG, DEAD] {
            let spec = TopicSpec {
                name: name.to_owned(),
                partitions,
                replication: 1,
                cleanup: if name == CHANGELOG {
                    Cleanup::Compact { tombstones: Span::from_days(7) }
                } else {
                    Cleanup::Delete(None)
                },
                timestamps: if name == INPUT { TimestampKind::Create } else { TimestampKind::Append },
                max_record_bytes: 1 << 20,
            };
            inner.create(&spec).unwrap();
        }
        Self { clock, inner, mischief: Arc::default() }
    }

    pub(crate) fn write(&self, partition: i32, value: &str, timestamp: i64) {
        let mut writer = self.inner.writer().unwrap();
        let record = Append {
            topic: INPUT,
            partition: Some(Partition(partition)),
            key: Some(b"key"),
            value: Some(value.as_bytes()),
            headers: &[],
            timestamp: Some(Time::from_millis(timestamp)),
        };
        writer.append(&record).unwrap();
        writer.flush().unwrap();
    }

    pub(crate) fn read(&self, topic: &str, partition: i32) -> Vec<String> {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        self.read_bytes(topic, partition).iter().map(text).collect()
    }

    pub(crate) fn read_bytes(&self, topic: &str, partition: i32) -> Vec<Vec<u8>> {
        let mut reader = self.inner.reader().unwrap();
        reader.assign(&[(TopicPartition::new(topic, partition), Offset::ZERO)]).unwrap();
        let mut messages = Vec::new();
        while {
            let before = messages.len();
            reader.poll(1_000, Duration::ZERO, &mut messages).unwrap();
            messages.len() > before
        } {}
        messages.iter().map(|message| message.value().unwrap_or_default().to_vec()).collect()
    }

    /// The dead letters, and how many bytes they have together.
    pub(crate) fn letters(&self) -> (Vec<v1::DeadLetter>, usize) {
        let mut reader = self.inner.reader().unwrap();
        reader.assign(&[(TopicPartition::new(DEAD, 0), Offset::ZERO)]).unwrap();
        let mut messages = Vec::new();
        while {
            let before = messages.len();
            reader.poll(1_000, Duration::ZERO, &mut messages).unwrap();
            messages.len() > before
        } {}
        let values: Vec<&[u8]> = messages.iter().filter_map(Message::value).collect();
        let letters = values.iter().map(|value| v1::DeadLetter::decode(*value).unwrap()).collect();
        (letters, values.iter().map(|value| value.len()).sum())
    }

    pub(crate) fn group_position(&self, partition: i32) -> Option<Offset> {
        let partitions = [TopicPartition::new(INPUT, partition)];
        self.inner.reader().unwrap().committed("group", &partitions).unwrap()[0]
    }

    pub(crate) fn config() -> LaneConfig {
        LaneConfig::new("lane", DeadLetters { topic: DEAD.to_owned(), max_bytes: 1 << 20 })
    }

    pub(crate) fn lane(&self, id: &str, role: Echo) -> Lane<Echo> {
        self.lane_with(id, role, Self::config()).unwrap()
    }

    pub(crate) fn lane_with(
        &self,
        id: &str,
        role: Echo,
        config: LaneConfig,
    ) -> Result<Lane<Echo>, LaneError> {
        let log = Arc::new(TestLog { inner: Arc::clone(&self.inner), mischief: Arc::clone(&self.mischief) });
        let spec = SessionSpec {
            group: "group".to_owned(),
            transactional_id: id.to_owned(),
            topics: vec![Arc::from(INPUT)],
        };
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        Lane::open(log, clock, spec, config, role, Arc::new(NoObserver))
    }

    /// Turns while five seconds of the clock pass, so that whatever is due happens.
    pub(crate) fn settle(&self, lane: &mut Lane<Echo>) -> Result<(), LaneError> {
        for _ in 0..200 {
            lane.turn()?;
            self.clock.advance(25);
        }
        Ok(())
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.mischief.lock().unwrap().calls)
    }
}

/// An input as a seal saw it: position, newest timestamp, when the end that it passed was seen.
type Sealed = (i64, Option<i64>, Option<i64>);

/// Copies each record to the same partition of another topic, and counts them in its changelog.
#[derive(Debug, Default)]
pub(crate) struct Echo {
    pub(crate) merges: bool,
    pub(crate) stateless: bool,
    pub(crate) beats: Option<Duration>,
    pub(crate) urgency: Option<Urgency>,
    pub(crate) waits: bool,
    /// It was given `halt`, which is held back, and waits for a person since.
    pub(crate) halted: bool,
    /// A clock, and how many milliseconds of it a step takes.
    pub(crate) slow: Option<(Arc<TestClock>, i64)>,
    /// A step of a value that begins with `boom` panics after it has changed everything, so often still.
    pub(crate) booms: u32,
    /// A seal panics.
    pub(crate) breaks: bool,
    /// Nothing is bad to it.
    pub(crate) tolerates: bool,
    pub(crate) start: Option<Start>,
    /// Values to be stepped later, and how often still.
    pub(crate) later: HashMap<String, u32>,
    pub(crate) counted: HashMap<usize, u64>,
    pub(crate) journal: BTreeMap<usize, u64>,
    pub(crate) stored_position: HashMap<usize, Offset>,
    /// The element with which the record there begins.
    pub(crate) begins: HashMap<usize, u32>,
    pub(crate) seals: Vec<Vec<Sealed>>,
    /// When each seal was, and when its commit was in the log.
    pub(crate) sealed_at: Option<Time>,
    pub(crate) took: Vec<Span>,
    pub(crate) steps: Vec<String>,
}

impl Echo {
    /// Copies each element of a list, and counts them.
    fn list(&mut self, list: &str, at: At<'_>, out: &mut Output) {
        let (partition, begin) = (Some(at.input.partition.partition), out.begins_at());
        let mut good = false;
        for (place, word) in (0_u32..).zip(list.split(',')).filter(|(place, _)| *place >= begin) {
            if out.take(place) != Take::Step {
                continue;
            }
            if word.starts_with("bad") {
                let text = "it is bad".to_owned();
                out.dead(DeadLetter { source: "test".to_owned(), element: Some(place), reason: "bad", text });
                continue;
            }
            good = true;
            let value = Some(word.as_bytes());
            out.append(&Append { topic: COPIES, partition, key: None, value, headers: &[], timestamp: None });
            self.steps.push(word.to_owned());
            *self.journal.entry(at.input.slot).or_default() += 1;
        }
        if good {
            out.survived();
        }
    }

    fn count(&self, slot: usize) -> u64 {
        self.counted.get(&slot).copied().unwrap_or_default()
            + self.journal.get(&slot).copied().unwrap_or_default()
    }
}

impl Role for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn start(&mut self, _: &TopicPartition) -> Start {
        self.start.unwrap_or(Start::Earliest)
    }

    fn changelog(&self, input: &TopicPartition) -> Option<TopicPartition> {
        (!self.stateless).then(|| TopicPartition::new(CHANGELOG, input.partition.0))
    }

    fn assigned(&mut self, input: &Input) {
        assert!(!self.counted.contains_key(&input.slot), "a slot is free when it is assigned");
        self.counted.insert(input.slot, 0);
    }

    fn restore(&mut self, input: &Input, rows: &[Row<'_>]) -> Result<(), RestoreError> {
        for row in rows {
            let text = String::from_utf8_lossy(row.value.unwrap_or_default()).into_owned();
            let parts: Vec<i64> = text.split(' ').filter_map(|part| part.parse().ok()).collect();
            let [position, count, begins @ ..] = parts.as_slice() else {
                return Err(RestoreError { offset: row.offset, why: format!("`{text}`") });
            };
            let begins = begins.first().map_or(0, |begins| u32::try_from(*begins).unwrap());
            self.begins.insert(input.slot, begins);
            self.stored_position.insert(input.slot, Offset(*position));
            self.counted.insert(input.slot, u64::try_from(*count).unwrap_or_default());
        }
        Ok(())
    }

    fn restored(&mut self, input: &Input) -> StoredPosition {
        if self.stateless {
            return StoredPosition::Unsupported;
        }
        self.stored_position
            .get(&input.slot)
            .map_or(StoredPosition::None, |offset| StoredPosition::At(*offset))
    }

    fn begins_at(&self, input: &Input, position: Offset) -> u32 {
        let known = self.stored_position.get(&input.slot) == Some(&position);
        self.begins.get(&input.slot).copied().filter(|_| known).unwrap_or_default()
    }

    fn ready(&self) -> Readiness {
        if self.waits || self.halted { Readiness::Waiting("a test".to_owned()) } else { Readiness::Ready }
    }

    fn step(&mut self, at: At<'_>, message: &Message, out: &mut Output) -> Step {
        if let Some((clock, millis)) = &self.slow {
            clock.advance(*millis);
        }
        let value = message.value().unwrap_or_default();
        let text = String::from_utf8_lossy(value).into_owned();
        let partition = Some(at.input.partition.partition);
        if let Some(list) = text.strip_prefix('[') {
            self.list(list.trim_end_matches(']'), at, out);
            return Step::Done;
        }
        let record =
            Append { topic: COPIES, partition, key: None, value: Some(value), headers: &[], timestamp: None };
        if text.starts_with("bad") && !self.tolerates {
            let text = "it is bad".to_owned();
            out.dead(DeadLetter { source: "test".to_owned(), element: None, reason: "bad", text });
        } else {
            out.append(&record);
        }
        if text == "halt" {
            self.halted = true;
            return Step::Retry { after: Duration::from_millis(500) };
        }
        if let Some(left) = self.later.get_mut(&text).filter(|left| **left > 0) {
            *left -= 1;
            return Step::Retry { after: Duration::from_millis(500) };
        }
        *self.journal.entry(at.input.slot).or_default() += 1;
        if text.starts_with("boom") && self.booms > 0 {
            self.booms -= 1;
            // Not even the journal knows of this.
            *self.counted.entry(at.input.slot).or_default() += 1_000;
            panic!("on purpose, over a record of mary@example.com");
        }
        self.steps.push(text);
        Step::Done
    }

    fn seal(&mut self, view: &View<'_>, out: &mut Output) {
        assert!(!self.breaks, "a seal that breaks on purpose");
        let shown = view.inputs.iter().map(|input| {
            (
                input.position.0,
                input.newest.map(Time::millis),
                input.observed_end.map(|seen| seen.at.millis()),
            )
        });
        self.seals.push(shown.collect());
        self.sealed_at = Some(view.now);
        let moved = |input: &&InputView<'_>| input.committed != Some(input.position) || input.element > 0;
        for input in view.inputs.iter().filter(moved) {
            let partition = input.input.partition.partition;
            let begins = if input.element > 0 { format!(" {}", input.element) } else { String::new() };
            let count = self.count(input.input.slot);
            let (key, value) = (partition.to_string(), format!("{} {count}{begins}", input.position));
            let record = Append {
                topic: CHANGELOG,
                partition: Some(partition),
                key: Some(key.as_bytes()),
                value: Some(value.as_bytes()),
                headers: &[],
                timestamp: None,
            };
            if !self.stateless {
                out.append(&record);
            }
        }
    }

    fn committed_at(&mut self, now: Time) {
        self.took.extend(self.sealed_at.take().map(|sealed| now.since(sealed)));
    }

    fn committed(&mut self) {
        for (slot, count) in std::mem::take(&mut self.journal) {
            *self.counted.entry(slot).or_default() += count;
        }
    }

    fn rolled_back(&mut self) {
        self.journal.clear();
    }

    fn released(&mut self, input: &Input) {
        self.counted.remove(&input.slot);
        self.journal.remove(&input.slot);
        self.stored_position.remove(&input.slot);
        self.begins.remove(&input.slot);
    }

    fn urgency(&self) -> Urgency {
        self.urgency.unwrap_or(Urgency::Soon)
    }

    fn merges_by_time(&self) -> bool {
        self.merges
    }

    fn heartbeat(&self) -> Option<Duration> {
        self.beats
    }
}

/// A record that came too late.
pub(crate) fn stray(partition: i32, offset: i64, epoch: u32) -> Message {
    let record = Record { key: None, value: Some("stray".into()), headers: Vec::new() };
    Message::owned(0, Partition(partition), Offset(offset), Time::from_millis(0), epoch, record)
}
