//! The registrar in a lane: what becomes of rows that stand behind the first erasure.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails it")]

use std::sync::{Arc, Mutex};

use winback_core::account::{Account, Reason};
use winback_core::ids::{Offset, Partition};
use winback_core::time::Time;
use winback_lane::{At, Input, Output, Readiness, Role, Step};
use winback_log::{Message, Record, TopicPartition};
use winback_proto::{Encoding, WireMessage as _, account, v1};
use winback_registrar::{
    Guard, List, ListReader, REQUEST_HEADER, RegistrarRole, RegistrarTopics, Request, SuppressionKey,
};

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

    /// The dead letters' reasons of a row, and the account that it writes.
    fn put(&mut self, row: &str) -> Result<v1::Account, usize> {
        let record = Record { value: Some(row.as_bytes().to_vec().into()), ..Record::default() };
        let message = Message::owned(0, Partition(0), Offset(7), NOW, 1, record);
        let mut out = Output::default();
        assert!(matches!(
            self.role.step(At { input: &self.input, now: NOW }, &message, &mut out),
            Step::Done
        ));
        let mut written = None;
        let visited: Result<(), ()> = out.each(|record| {
            if record.topic == "accounts" {
                written = record.value.map(|value| v1::Account::from_bytes(value).unwrap());
            }
            Ok(())
        });
        visited.unwrap();
        written.ok_or(out.dead_letters())
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

/// A list that is read after it was asked for twice.
struct Kept(Vec<Result<List, String>>);

impl ListReader for Kept {
    fn begin(&mut self) {}

    fn poll(&mut self) -> Result<List, String> {
        self.0.pop().unwrap_or_else(|| Err("nothing more".to_owned()))
    }
}

fn row(id: &str, more: &str) -> String {
    format!(r#"{{"id":"{id}","churned_at":"2026-01-31","reason":"unknown","arr":9000{more}}}"#)
}

#[test]
fn a_row_is_put_onto_what_the_list_has_once_it_is_read() {
    let mut known = Account::new("a", "Acme", Time::from_millis(0), Reason::Unknown);
    known.do_not_contact = true;
    let bytes = account::to_wire(&known).to_bytes(Encoding::Json);
    let list: List = [("a".into(), bytes.into_boxed_slice())].into();
    let mut bench = Bench::with(None);
    bench.role = bench.role.knowing(Box::new(Kept(vec![Ok(list), Err("reading".to_owned())])));
    let input = bench.input.clone();
    bench.role.restored(&input);
    assert_eq!(bench.says(), "reading");
    assert_eq!(bench.says(), "ready");
    let after = bench.put(&row("a", "")).unwrap();
    assert!(after.do_not_contact && after.name == "Acme", "{after:?}");
    let lifted = bench.put(&row("a", r#","do_not_contact":false"#)).unwrap();
    assert!(!lifted.do_not_contact);
    bench.role.rolled_back();
    assert!(bench.put(&row("a", "")).unwrap().do_not_contact, "what lifted it is not in the log");
    bench.role.committed();
}

#[test]
fn a_row_that_comes_before_the_list_is_read_waits() {
    let mut bench = Bench::with(None);
    bench.role = bench.role.knowing(Box::new(Kept(Vec::new())));
    let input = bench.input.clone();
    bench.role.restored(&input);
    let (step, written) = bench.row("stays");
    assert!(matches!(step, Step::Retry { .. }) && written.is_empty());
}

#[test]
fn a_snapshot_that_comes_again_changes_nothing_but_the_version() {
    let mut bench = Bench::with(None);
    let first =
        bench.put(&row("a", r#","name":"Acme","contacts":[{"email":"a@a.example","opted_out":1}]"#)).unwrap();
    bench.role.committed();
    let again =
        bench.put(&row("a", r#","name":"Acme","contacts":[{"email":"a@a.example","opted_out":1}]"#)).unwrap();
    assert_eq!(v1::Account { version: 0, ..first }, v1::Account { version: 0, ..again });
}

#[test]
fn an_unknown_column_that_may_forbid_is_a_dead_letter_and_another_is_not() {
    let mut bench = Bench::with(None);
    assert_eq!(bench.put(&row("a", r#","dnc_flag":true"#)), Err(1));
    assert_eq!(bench.put(&row("a", r#","contacts":[{"email":"a@a.example","do_not_mail":1}]"#)), Err(1));
    assert_eq!(bench.put(&row("a", r#","marketing_consent":false"#)), Err(1));
    assert!(bench.put(&row("a", r#","dnc_flag":false,"marketing_consent":true,"industry":"Steel""#)).is_ok());
}

#[test]
fn a_record_of_the_list_that_cannot_be_read_may_forbid_and_its_row_is_a_dead_letter() {
    let list: List = [("a".into(), b"\xffgarbage".to_vec().into_boxed_slice())].into();
    let mut bench = Bench::with(None);
    bench.role = bench.role.knowing(Box::new(Kept(vec![Ok(list)])));
    let input = bench.input.clone();
    bench.role.restored(&input);
    assert_eq!(bench.says(), "ready");
    assert_eq!(bench.put(&row("a", "")), Err(1));
    assert!(bench.put(&row("b", "")).is_ok());
}
