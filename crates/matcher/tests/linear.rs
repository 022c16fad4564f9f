//! What a record costs: its bytes, by a small factor, whatever it is and whatever the source expects.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails it")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use winback_core::account::{Account, Reason};
use winback_core::ids::Offset;
use winback_core::index::{IndexChange, SharedIndex};
use winback_core::time::{Span, Time};
use winback_lane::{Committed, DeadLetters, Lane, LaneConfig, MAX_LETTERS, Observer, Start};
use winback_log::{
    Append, Cleanup, Clock, Log as _, Message, Reader, SessionSpec, SharedLog, SystemClock, TimestampKind,
    TopicPartition, TopicSpec,
};
use winback_log_embedded::EmbeddedLog;
use winback_matcher::{AccountFeed, FeedStatus, InboxTarget, MatcherMetrics, MatcherRole, MatcherSource};
use winback_proto::{Encoding, WireMessage as _, v1};
use winback_sources::{Decoder, SourceConfig, presets};
use winback_telemetry::Metrics;

const TOPICS: [&str; 6] = ["t", "inbox", "answers", "positions", "dead", "accounts"];
/// What letters have beside the record's bytes: positions, times, texts.
const FIXED: usize = 24 << 10;

/// The most bytes that a transaction held.
#[derive(Default)]
struct Largest(Mutex<usize>);

impl Observer for Largest {
    fn committed(&self, commit: &Committed) {
        let mut largest = self.0.lock().unwrap();
        *largest = (*largest).max(commit.bytes);
    }
}

struct Came {
    /// Bytes of dead letters.
    letters: Vec<v1::DeadLetter>,
    letter_bytes: usize,
    /// Signals in the inbox.
    signals: Vec<v1::Signal>,
    largest: usize,
    commits: u64,
}

fn read(log: &EmbeddedLog, topic: &str) -> Vec<Message> {
    let mut reader: Box<dyn Reader> = log.reader().unwrap();
    reader.assign(&[(TopicPartition::new(topic, 0), Offset::ZERO)]).unwrap();
    let mut messages = Vec::new();
    while {
        let before = messages.len();
        reader.poll(10_000, Duration::ZERO, &mut messages).unwrap();
        messages.len() > before
    } {}
    messages
}

fn log_with(record: &[u8]) -> Arc<EmbeddedLog> {
    let log = Arc::new(EmbeddedLog::simulated(Arc::new(SystemClock) as Arc<dyn Clock>));
    for name in TOPICS {
        let cleanup = if name == "positions" {
            Cleanup::Compact { tombstones: Span::from_days(7) }
        } else {
            Cleanup::Delete(None)
        };
        let spec = TopicSpec {
            name: name.to_owned(),
            partitions: 1,
            replication: 1,
            cleanup,
            timestamps: TimestampKind::Append,
            max_record_bytes: 16 << 20,
        };
        log.create(&spec).unwrap();
    }
    let mut writer = log.writer().unwrap();
    let (topic, value) = ("t", Some(record));
    writer
        .append(&Append { topic, partition: None, key: None, value, headers: &[], timestamp: None })
        .unwrap();
    writer.flush().unwrap();
    log
}

fn role(log: &Arc<EmbeddedLog>, source: &str) -> MatcherRole {
    let (index, feed) = (Arc::new(SharedIndex::new()), Arc::new(FeedStatus::default()));
    let shared: SharedLog = Arc::clone(log) as SharedLog;
    let mut accounts = AccountFeed::new(&shared, "accounts", Arc::clone(&index), Arc::clone(&feed)).unwrap();
    accounts.begin().unwrap();
    accounts.turn(Duration::ZERO).unwrap();
    index.apply([IndexChange::Put(&Account::new("acc-1", "Acme", Time::MIN, Reason::Unknown))]);
    let config: SourceConfig = toml::from_str(source).unwrap();
    let source = MatcherSource {
        name: "crm".to_owned(),
        topic: "t".into(),
        partitions: 1,
        positions: "positions".into(),
        decoder: Arc::new(Decoder::new("crm", &config).unwrap()),
        start: Start::Earliest,
        known: Vec::new(),
        clocked: false,
    };
    let target = InboxTarget {
        topic: "inbox".into(),
        answers: "answers".into(),
        partitions: 1,
        encoding: Encoding::Protobuf,
        source: "winback/matcher".to_owned(),
        heartbeat: Duration::from_millis(500),
    };
    MatcherRole::new(source, target, index, feed, MatcherMetrics::new(&Metrics::new(), "crm"))
}

fn config() -> LaneConfig {
    LaneConfig::new("lane", DeadLetters { topic: "dead".to_owned(), max_bytes: 16 << 20 })
}

fn open(
    log: &Arc<EmbeddedLog>,
    source: &str,
    config: LaneConfig,
    largest: &Arc<Largest>,
) -> Lane<MatcherRole> {
    let spec = SessionSpec {
        group: "group".to_owned(),
        transactional_id: "id".to_owned(),
        topics: vec![Arc::from("t")],
    };
    let (shared, observer) = (Arc::clone(log) as SharedLog, Arc::clone(largest) as Arc<dyn Observer>);
    let clock = Arc::new(SystemClock) as Arc<dyn Clock>;
    Lane::open(shared, clock, spec, config, role(log, source), observer).unwrap()
}

fn position(log: &EmbeddedLog) -> Option<Offset> {
    log.reader().unwrap().committed("group", &[TopicPartition::new("t", 0)]).unwrap()[0]
}

/// Turns until the record is behind the lane.
fn finish(log: &EmbeddedLog, lane: &mut Lane<MatcherRole>) {
    let deadline = std::time::Instant::now() + Duration::from_secs(120);
    while position(log) != Some(Offset(1)) {
        lane.turn().unwrap();
        assert!(std::time::Instant::now() < deadline, "the record is passed");
    }
}

fn came_of(source: &str, record: &[u8]) -> Came {
    let (log, largest) = (log_with(record), Arc::new(Largest::default()));
    let mut lane = open(&log, source, config(), &largest);
    finish(&log, &mut lane);
    let commits = lane.status().snapshot().commits;
    looked_at(&log, &largest, commits)
}

fn looked_at(log: &EmbeddedLog, largest: &Largest, commits: u64) -> Came {
    let dead = read(log, "dead");
    let values: Vec<&[u8]> = dead.iter().filter_map(Message::value).collect();
    let letters = values.iter().map(|value| v1::DeadLetter::from_bytes(value).unwrap()).collect();
    let signal = |message: &Message| {
        let record = v1::InboxRecord::from_bytes(message.value()?).unwrap();
        match record.body {
            Some(v1::inbox_record::Body::Signal(signal)) => Some(signal),
            _ => None,
        }
    };
    Came {
        letters,
        letter_bytes: values.iter().map(|value| value.len()).sum(),
        signals: read(log, "inbox").iter().filter_map(signal).collect(),
        largest: *largest.0.lock().unwrap(),
        commits,
    }
}

/// Records that look for what costs more than its bytes.
fn hostile() -> Vec<(&'static str, String)> {
    let list = |element: &str, count: usize| format!("[{}]", vec![element; count].join(","));
    let unknown = |at: usize| {
        format!(r#"{{"event":"new_{at}","type":"new","email":"a@b.io","pad":"{}"}}"#, "x".repeat(450))
    };
    let mixed = list(r#"{},{"event":"processed","type":"identify","RecordType":"Delivery"}"#, 5_000);
    let ce = r#"{"specversion":"1.0","id":"1","source":"s","type":"t","data":[{},{},{},{},{},{},{},{}]}"#;
    vec![
        ("empty events", list("{}", 20_000)),
        ("no objects", list("0", 30_000)),
        ("lists", list("[]", 20_000)),
        ("a thousand unknown events", format!("[{}]", (0..1_000).map(unknown).collect::<Vec<_>>().join(","))),
        ("dead and dropped ones in turn", mixed),
        ("a batch in a batch", list(ce, 2_000)),
        (
            "events within",
            format!(r#"{{"batch":{0},"events":{0},"items":{0},"event-data":{0}}}"#, list("{}", 8_000)),
        ),
        ("no JSON", "x".repeat(60_000)),
        ("a form", format!("mandrill_events={}", list("{}", 20_000))),
    ]
}

fn sources() -> Vec<String> {
    let mut all = Vec::new();
    for envelope in ["none", "cloudevents", "debezium"] {
        let head = format!("topic = \"t\"\nstart = \"earliest\"\nenvelope = \"{envelope}\"\n");
        all.extend(presets().iter().map(|info| format!("{head}preset = \"{}\"", info.preset)));
        all.push(format!("{head}jq = '.missing | error(\"no\"), error(\"again\"), error(\"and again\")'"));
        all.push(format!(
            "{head}[mapping]\nkind = \"hiring\"\nid = \"/id\"\nat = \"/at\"\naccount_id = \"/a\""
        ));
    }
    all
}

#[test]
fn the_letters_and_the_memory_of_a_record_are_linear_in_its_size_for_every_preset_and_envelope() {
    let mut with_rest = 0;
    for source in sources() {
        for (what, record) in hostile() {
            let came = came_of(&source, record.as_bytes());
            let about = format!("{what} ({} bytes) of {}", record.len(), source.replace('\n', " "));
            assert!(
                came.letter_bytes <= 2 * record.len() + FIXED,
                "{} bytes of letters: {about}",
                came.letter_bytes
            );
            assert!(came.largest <= 2 * record.len() + FIXED, "{} bytes in memory: {about}", came.largest);
            assert!(came.letters.len() <= MAX_LETTERS + 1, "{} letters: {about}", came.letters.len());
            let whole = came.letters.iter().filter(|letter| !letter.value.is_empty()).count();
            assert_eq!(whole, usize::from(!came.letters.is_empty()), "the bytes are kept once: {about}");
            with_rest += usize::from(came.letters.iter().any(|letter| letter.rest.is_some()));
        }
    }
    assert!(with_rest > 50, "the records are hostile to some: {with_rest}");
}

const MAPPED: &str = "topic = \"t\"\nstart = \"earliest\"\n[mapping]\nkind = \"hiring\"\nid = \"/id\"\nat = \"/at\"\n\
                      account_id = \"/a\"";

/// A list of so many events of an account, every seventh of which is dead.
fn events(count: usize) -> String {
    let at = (SystemClock.now() - Span::from_hours(1)).to_string();
    let event = |place: usize| match place % 7 {
        3 => "{}".to_owned(),
        _ => format!(r#"{{"id":"e{place}","at":"{at}","a":"acc-1"}}"#),
    };
    format!("[{}]", (0..count).map(event).collect::<Vec<_>>().join(","))
}

fn small() -> LaneConfig {
    let mut config = config();
    config.commit.max_appends = 500;
    config
}

fn assert_each_once(came: &Came, count: usize) {
    let expected: Vec<String> =
        (0..count).filter(|place| place % 7 != 3).map(|place| format!("e{place}")).collect();
    let ids: Vec<&String> = came.signals.iter().map(|signal| &signal.id).collect();
    assert!(ids.into_iter().eq(&expected), "each good event once, in order");
    let dead: u64 = came.letters.iter().map(|letter| letter.rest.as_ref().map_or(1, |rest| rest.count)).sum();
    assert_eq!(dead, u64::try_from(count - expected.len()).unwrap(), "each dead one, too");
}

#[test]
fn a_record_with_many_good_events_is_cut_and_each_is_forwarded_once_also_when_its_lane_dies() {
    let (record, largest) = (events(5_000), Arc::new(Largest::default()));
    for kill in [false, true] {
        let log = log_with(record.as_bytes());
        let mut lane = open(&log, MAPPED, small(), &largest);
        while read(&log, "inbox").len() < 2_000 {
            lane.turn().unwrap();
        }
        assert_eq!(position(&log), Some(Offset(0)), "the group's position is the record");
        if kill {
            drop(lane);
            lane = open(&log, MAPPED, small(), &largest);
        }
        finish(&log, &mut lane);
        let commits = lane.status().snapshot().commits;
        let came = looked_at(&log, &largest, commits);
        assert_each_once(&came, 5_000);
        assert!(commits > 3 && came.largest < 1 << 20, "{commits} {}", came.largest);
        let first = came.letters.iter().filter(|letter| !letter.points).count();
        assert!((5..15).contains(&first), "one a transaction: {first}");
    }
}

#[test]
fn a_large_record_of_good_events_goes_through_with_the_limits_as_they_are() {
    let record = events(30_000);
    let came = came_of(&format!("max_bytes = 16000000\n{MAPPED}"), record.as_bytes());
    assert_each_once(&came, 30_000);
    assert!(came.commits >= 2 && came.largest < 18 << 20, "{} {}", came.commits, came.largest);
}
