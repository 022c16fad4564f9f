//! The registrar in a lane: what becomes of rows that stand behind the first erasure.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails it")]

use std::sync::{Arc, Mutex};

use winback_core::ids::{Offset, Partition};
use winback_core::time::Time;
use winback_lane::{At, Input, Output, Readiness, Role, Step};
use winback_log::{Message, Record, TopicPartition};
use winback_proto::Encoding;
use winback_registrar::{Guard, REQUEST_HEADER, RegistrarRole, RegistrarTopics, Request, SuppressionKey};

const NOW: Time = Time::from_millis(1_795_356_120_000);

fn key(letter: &str) -> SuppressionKey {
    SuppressionKey::new(&letter.repeat(32)).unwrap()
}

struct Bench {
    role: RegistrarRole,
    input: Input,
    key: Arc<Mutex<Option<SuppressionKey>>>,
}

impl Bench {
    fn with(known: Option<SuppressionKey>) -> Self {
        let topics = RegistrarTopics {
            accounts: "accounts".into(),
            inbox: "inbox".into(),
            suppressions: "suppressions".into(),
            encoding: Encoding::Json,
            source: "winback/registrar".to_owned(),
        };
        let key = Arc::new(Mutex::new(known));
        let asked = Arc::clone(&key);
        let guard = Guard { key: Box::new(move || asked.lock().unwrap().clone()), refused: Box::new(|_| {}) };
        let input = Input { slot: 0, topic: 0, partition: TopicPartition::new("accounts-in", 0) };
        Self { role: RegistrarRole::new(topics, guard), input, key }
    }

    /// The result of a step, and the topics that it appends to.
    fn step(&mut self, record: Record) -> (Step, Vec<String>) {
        let message = Message::owned(0, Partition(0), Offset(7), NOW, 1, record);
        let mut out = Output::default();
        let step = self.role.step(At { input: &self.input, now: NOW }, &message, &mut out);
        let mut topics = Vec::new();
        let visited: Result<(), ()> = out.each(|record| {
            topics.push(record.topic.to_owned());
            Ok(())
        });
        visited.unwrap();
        assert_eq!(out.dead_letters(), 0);
        (step, topics)
    }

    fn erase(&mut self, with: &SuppressionKey) {
        let request = Request(vec![with.check(), with.account("gone")]).header();
        let headers = vec![(REQUEST_HEADER.to_owned(), request.into())];
        let value = Some(br#"{"account_id":"gone"}"#.to_vec().into());
        let (step, _) = self.step(Record { value, headers, ..Record::default() });
        assert!(matches!(step, Step::Done));
    }

    fn row(&mut self, id: &str) -> (Step, Vec<String>) {
        let row = format!(r#"{{"id":"{id}","churned_at":"2026-01-31","reason":"unknown"}}"#);
        self.step(Record { value: Some(row.into_bytes().into()), ..Record::default() })
    }

    fn says(&self) -> String {
        match self.role.ready() {
            Readiness::Waiting(why) => why,
            Readiness::Ready => "ready".to_owned(),
        }
    }
}

#[test]
fn a_row_behind_the_first_erasure_of_a_batch_waits_for_the_key() {
    let mut bench = Bench::with(None);
    assert_eq!(bench.row("stays").1, ["inbox", "accounts"], "nobody was erased yet");
    bench.erase(&key("k"));
    for id in ["stays", "gone"] {
        let (step, written) = bench.row(id);
        assert!(matches!(step, Step::Retry { .. }), "{id} was dropped or taken in without a key");
        assert!(written.is_empty(), "{id}");
    }
    assert!(bench.says().contains("privacy.key is not set"), "{}", bench.says());

    *bench.key.lock().unwrap() = Some(key("k"));
    assert_eq!(bench.row("stays").1, ["inbox", "accounts"]);
    let (step, written) = bench.row("gone");
    assert!(matches!(step, Step::Done) && written.is_empty());
    assert_eq!(bench.says(), "ready");
}

#[test]
fn another_key_takes_nobody_in_who_was_erased() {
    let mut bench = Bench::with(Some(key("x")));
    bench.erase(&key("k"));
    for id in ["gone", "stays"] {
        let (step, written) = bench.row(id);
        assert!(matches!(step, Step::Retry { .. }) && written.is_empty(), "{id}");
    }
    assert!(bench.says().contains("is not the key"), "{}", bench.says());
}
