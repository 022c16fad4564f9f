//! The writes of a matcher lane: into the inbox, and into the answers that the workers follow.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails it")]

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use winback_core::account::{Account, Reason};
use winback_core::debounce::ResponseKind;
use winback_core::ids::{Offset, Partition};
use winback_core::index::{IndexChange, SharedIndex};
use winback_core::time::Time;
use winback_lane::{At, Input, Output, Role, Start, Step};
use winback_log::{Message, Record, TopicPartition};
use winback_matcher::{FeedStatus, InboxTarget, MatcherMetrics, MatcherRole, MatcherSource};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage as _, v1};
use winback_sources::{Decoder, SourceConfig};
use winback_telemetry::Metrics;

const NOW: Time = Time::from_millis(1_795_356_120_000);
const ADDRESS: &str = "jane@acme.example";

/// A record as it was appended.
struct Written {
    topic: String,
    key: String,
    value: Vec<u8>,
    ce_id: String,
}

impl Written {
    fn body(&self) -> Body {
        v1::InboxRecord::from_bytes(&self.value).unwrap().body.unwrap()
    }

    fn response(&self) -> v1::Response {
        v1::Response::from_bytes(&self.value).unwrap()
    }

    fn shows(&self, text: &str) -> bool {
        let value = String::from_utf8_lossy(&self.value);
        [self.key.as_str(), self.ce_id.as_str(), &value].iter().any(|part| part.contains(text))
    }
}

/// A matcher of that source beside an index with one account.
fn role(source: &str, index: Arc<SharedIndex>) -> MatcherRole {
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
        partitions: 2,
        encoding: Encoding::Json,
        source: "winback/matcher".to_owned(),
        heartbeat: Duration::from_secs(1),
    };
    let metrics = MatcherMetrics::new(&Metrics::new(), "crm");
    MatcherRole::new(source, target, index, Arc::new(FeedStatus::default()), metrics)
}

/// The records that a lane of that source appends for the record, without its progress.
fn written(source: &str, record: &str) -> Vec<Written> {
    let mut role = role(source, Arc::new(SharedIndex::new()));
    let input = Input { slot: 0, topic: 0, partition: TopicPartition::new("t", 0) };
    role.assigned(&input);
    role.begin_batch(NOW);
    let record = Record { value: Some(record.as_bytes().to_vec().into()), ..Record::default() };
    let message = Message::owned(0, Partition(0), Offset(7), NOW, 1, record);
    let mut out = Output::default();
    assert!(matches!(role.step(At { input: &input, now: NOW }, &message, &mut out), Step::Done));
    assert_eq!(out.dead_letters(), 0);
    all(&out)
}

fn all(out: &Output) -> Vec<Written> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut written = Vec::new();
    let visited: Result<(), ()> = out.each(|record| {
        let ce_id = record.headers.iter().find(|(name, _)| *name == "ce_id").map(|(_, value)| text(value));
        written.push(Written {
            topic: record.topic.to_owned(),
            key: text(record.key.unwrap_or_default()),
            value: record.value.unwrap_or_default().to_vec(),
            ce_id: ce_id.unwrap_or_default(),
        });
        Ok(())
    });
    visited.unwrap();
    written
}

fn preset(name: &str) -> String {
    format!("topic = \"t\"\nstart = \"earliest\"\npreset = \"{name}\"")
}

fn topics(written: &[Written]) -> Vec<&str> {
    written.iter().map(|one| one.topic.as_str()).collect()
}

fn answer(kind: &str, id: &str) -> String {
    format!(r#"{{"id":"{id}","account_id":"acc-1","kind":"{kind}","time":"2026-11-20T10:00:00Z"}}"#)
}

#[test]
fn an_answers_id_that_is_an_address_is_written_nowhere() {
    let written = written(&preset("responses"), &answer("declined", ADDRESS));
    assert_eq!(topics(&written), ["inbox", "answers"]);
    assert!(written.iter().all(|one| !one.shows(ADDRESS)), "the address stands in a record");
    let id = written[1].response().id;
    assert!(id.starts_with("h-"), "{id}");
    assert_eq!(written[1].key, format!("acc-1\0crm\0{id}"));
    assert_eq!(written[1].ce_id, format!("crm:{id}"));
    assert!(matches!(written[0].body(), Body::Response(response) if response.id == id));
}

#[test]
fn an_events_id_that_is_an_address_is_written_nowhere() {
    let record = format!(
        r#"{{"id":"{ADDRESS}","type":"feature","title":"SSO","features":["SSO"],"date":"2026-11-20"}}"#
    );
    let written = written(&preset("releases"), &record);
    assert_eq!(topics(&written), ["inbox", "inbox"], "one in each partition");
    assert!(written.iter().all(|one| !one.shows(ADDRESS)), "the address stands in a record");
}

#[test]
fn who_comes_back_by_a_signal_is_an_answer_as_well() {
    let source = "topic = \"t\"\nstart = \"earliest\"\n[mapping]\nkind = \"self_reactivation\"\nid = \"/id\"\n\
                  at = \"/at\"\naccount_id = \"/account\"";
    let record = format!(r#"{{"id":"{ADDRESS}","account":"acc-1","at":"2026-11-20T10:00:00Z"}}"#);
    let written = written(source, &record);
    assert_eq!(topics(&written), ["inbox", "answers"]);
    assert!(matches!(written[0].body(), Body::Signal(signal) if signal.kind == "self_reactivation"));
    let response = written[1].response();
    assert_eq!(ResponseKind::parse(&response.kind), Some(ResponseKind::Reactivated));
    assert_eq!((response.account_id.as_str(), response.source.as_str()), ("acc-1", "crm"));
    assert!(response.contact_sha256.is_empty() && response.event_time.is_some());
    assert_eq!(written[1].key, format!("acc-1\0crm\0{}", response.id));
    assert!(!written[1].shows(ADDRESS));
}

#[test]
fn any_other_signal_is_no_answer() {
    let source = "topic = \"t\"\nstart = \"earliest\"\n[mapping]\nkind = \"hiring\"\nid = \"/id\"\nat = \"/at\"\n\
                  account_id = \"/account\"";
    let record = r#"{"id":"h-1","account":"acc-1","at":"2026-11-20T10:00:00Z"}"#;
    assert_eq!(topics(&written(source, record)), ["inbox"]);
}

#[test]
fn a_sequence_that_ended_without_an_answer_reaches_the_inbox_and_is_no_answer() {
    let written = written(&preset("responses"), &answer("sequence_ended", "r-1"));
    assert_eq!(topics(&written), ["inbox"]);
    assert_eq!((written[0].key.as_str(), written[0].ce_id.as_str()), ("acc-1", "crm:r-1"));
    let Body::SequenceEnded(ended) = written[0].body() else { panic!("something else") };
    assert_eq!(ended.account_id, "acc-1");
    assert_eq!(ended.event_time.map(|at| at.seconds), Some(1_795_168_800));
}

/// A batch in which a step panics has no end. Whoever writes the index must not wait for it, and neither must the next batch.
#[test]
fn a_batch_that_is_dropped_holds_the_index_no_longer() {
    let index = Arc::new(SharedIndex::new());
    let mut role = role(&preset("web"), index.clone());
    let (sender, written) = channel();
    role.begin_batch(NOW);
    let writer = std::thread::spawn(move || {
        index.apply([IndexChange::Put(&Account::new("acc-2", "Beta", Time::MIN, Reason::Unknown))]);
        sender.send(()).unwrap();
    });
    assert!(written.try_recv().is_err(), "the batch pins the index");
    role.rolled_back();
    written.recv_timeout(Duration::from_secs(20)).expect("the writer goes on");
    writer.join().unwrap();
    role.begin_batch(NOW);
    role.end_batch();
}
