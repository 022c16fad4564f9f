//! The worker in a lane: what it appends, and that an aborted transaction delivers nothing twice.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails it")]

mod support;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use prost::Message as _;
use support::receiver::{Answer, Receiver};
use support::{Accounts, FIRED, trigger};
use winback_core::ids::{Offset, Partition};
use winback_lane::{At, Input, Output, Readiness, Role, Step};
use winback_log::{Message, Record, TopicPartition};
use winback_proto::v1::{Action, Trigger};
use winback_proto::{Encoding, WireMessage as _};
use winback_worker::{AccountStanding, Channel, Outcome, WebhookConfig, Worker, WorkerConfig, WorkerRole};

struct Bench {
    role: WorkerRole,
    input: Input,
    counted: Rc<RefCell<Vec<Outcome>>>,
}

impl Bench {
    fn of(url: &str) -> Self {
        Self::writing(url, Encoding::Protobuf)
    }

    fn writing(url: &str, encoding: Encoding) -> Self {
        let webhook = WebhookConfig::new(url, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let config =
            WorkerConfig { deliver: Channel::Webhook, webhook: Some(webhook), ..WorkerConfig::default() };
        let accounts = Accounts::with("acc-1", AccountStanding::default());
        let worker = Arc::new(Worker::new(&config, Arc::new(accounts)).unwrap());
        let counted = Rc::new(RefCell::new(Vec::new()));
        let told = Rc::clone(&counted);
        let on_action = Box::new(move |outcome| told.borrow_mut().push(outcome));
        let role = WorkerRole::new(worker, "winback.actions", "winback/worker", encoding, on_action);
        let input = Input { slot: 0, topic: 0, partition: TopicPartition::new("winback.triggers", 3) };
        Self { role, input, counted }
    }

    fn step(&mut self, value: &[u8], out: &mut Output) -> Step {
        self.step_at(Offset(7), value, out)
    }

    fn step_at(&mut self, offset: Offset, value: &[u8], out: &mut Output) -> Step {
        let record = Record { value: Some(value.to_vec().into()), ..Record::default() };
        let message = Message::owned(0, Partition(3), offset, FIRED, 1, record);
        self.role.step(At { input: &self.input, now: FIRED }, &message, out)
    }

    /// Steps until it is done.
    fn finish(&mut self, value: &[u8]) -> Vec<Action> {
        self.finish_at(Offset(7), value).0
    }

    /// Steps until it is done; with how many dead letters there were.
    fn finish_at(&mut self, offset: Offset, value: &[u8]) -> (Vec<Action>, usize) {
        let mut out = Output::default();
        while let Step::Retry { .. } = self.step_at(offset, value, &mut out) {
            assert!(out.is_empty(), "a step that is retried appended something");
            std::thread::yield_now();
        }
        (actions(&out), out.dead_letters())
    }
}

fn actions(out: &Output) -> Vec<Action> {
    let mut found = Vec::new();
    let visited: Result<(), ()> = out.each(|record| {
        assert_eq!((record.topic, record.key), ("winback.actions", Some(&b"acc-1"[..])));
        assert!(record.headers.iter().any(|header| *header == ("ce_type", &b"winback.action.v1"[..])));
        found.push(Action::from_bytes(record.value.unwrap()).unwrap());
        Ok(())
    });
    visited.unwrap();
    found
}

#[test]
fn an_aborted_transaction_delivers_nothing_twice() {
    let receiver = Receiver::of(vec![Answer::Status(200, "", "")]);
    let mut bench = Bench::of(&receiver.url);
    let value = trigger("situational", Vec::new()).encode_to_vec();
    let first = bench.finish(&value);
    assert_eq!(first[0].outcome, "delivered");
    bench.role.rolled_back();
    assert_eq!(bench.finish(&value), first);
    assert!(bench.counted.borrow().is_empty());
    bench.role.committed();
    assert_eq!(*bench.counted.borrow(), [Outcome::Delivered]);
    assert_eq!(receiver.requests.iter().count(), 1);
}

/// The action's bytes and their type, in that encoding.
fn written(encoding: Encoding) -> (Vec<u8>, String) {
    let receiver = Receiver::of(vec![Answer::Status(200, "", "")]);
    let mut bench = Bench::writing(&receiver.url, encoding);
    let value = trigger("situational", Vec::new()).encode_to_vec();
    let (mut out, mut found) = (Output::default(), None);
    while let Step::Retry { .. } = bench.step(&value, &mut out) {
        std::thread::yield_now();
    }
    let visited: Result<(), ()> = out.each(|record| {
        let kind = record.headers.iter().find(|(name, _)| *name == "content-type").unwrap().1;
        found = Some((record.value.unwrap().to_vec(), String::from_utf8(kind.to_vec()).unwrap()));
        Ok(())
    });
    visited.unwrap();
    found.unwrap()
}

#[test]
fn an_action_is_written_in_the_deployments_encoding_and_read_in_either() {
    let (json, kind) = written(Encoding::Json);
    assert_eq!(kind, "application/json");
    let shown: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((&shown["outcome"], &shown["accountId"]), (&"delivered".into(), &"acc-1".into()), "{shown}");
    let (protobuf, kind) = written(Encoding::Protobuf);
    assert_eq!(kind, "application/protobuf");
    let same = |bytes: &[u8]| Action { target: String::new(), ..Action::from_bytes(bytes).unwrap() };
    assert_eq!(same(&json), same(&protobuf), "but for the receiver's port");
}

#[test]
fn a_trigger_is_read_in_either_encoding_and_with_what_a_newer_version_adds() {
    let record = trigger("situational", Vec::new());
    let mut longer = record.encode_to_vec();
    // Field 500, a length and three bytes.
    longer.extend([0xa2, 0x1f, 3, 1, 2, 3]);
    let json = String::from_utf8(record.to_bytes(Encoding::Json)).unwrap();
    let added = json.replacen('{', "{\"addedByTheNextVersion\": {\"a\": 1},", 1);
    for value in [longer, json.into_bytes(), added.into_bytes()] {
        let receiver = Receiver::of(vec![Answer::Status(200, "", "")]);
        let mut bench = Bench::of(&receiver.url);
        assert_eq!(bench.finish(&value)[0].outcome, "delivered");
    }
}

#[test]
fn a_receiver_that_was_mended_gets_what_it_refused_when_the_transaction_is_tried_again() {
    const RUN: usize = 100;
    let status = |status| vec![Answer::Status(status, "", ""); RUN];
    let receiver = Receiver::of([status(422), status(200)].concat());
    let mut bench = Bench::of(&receiver.url);
    let triggers: Vec<(Offset, Vec<u8>)> = (0..i64::try_from(RUN).unwrap())
        .map(|at| {
            let id = format!("trigger-{at}");
            (Offset(at), Trigger { id, ..trigger("situational", Vec::new()) }.encode_to_vec())
        })
        .collect();
    for (expected, dead) in [("refused", 1), ("delivered", 0)] {
        for (offset, value) in &triggers {
            let (actions, letters) = bench.finish_at(*offset, value);
            assert_eq!((actions[0].outcome.as_str(), letters), (expected, dead), "{offset:?}");
        }
        bench.role.rolled_back();
    }
    // What it took stays taken: nothing goes out a third time.
    assert_eq!(bench.finish_at(triggers[0].0, &triggers[0].1).0[0].outcome, "delivered");
    let ids: Vec<_> = receiver.requests.iter().map(|request| request.headers["webhook-id"].clone()).collect();
    assert_eq!((ids.len(), &ids[..RUN]), (2 * RUN, &ids[RUN..]));
}

#[test]
fn a_stopped_endpoint_makes_the_role_wait_and_say_why() {
    let receiver = Receiver::of(vec![Answer::Status(401, "", "")]);
    let mut bench = Bench::of(&receiver.url);
    assert_eq!(bench.role.ready(), Readiness::Ready);
    let value = trigger("situational", Vec::new()).encode_to_vec();
    while bench.role.ready() == Readiness::Ready {
        assert!(matches!(bench.step(&value, &mut Output::default()), Step::Retry { .. }));
    }
    let Readiness::Waiting(why) = bench.role.ready() else { panic!("ready") };
    assert!(why.starts_with("delivery is stopped: ") && why.contains("401"), "{why}");
}

#[test]
fn a_record_that_is_no_trigger_is_no_action() {
    let mut bench = Bench::of("http://127.0.0.1:9/");
    assert!(bench.finish(b"\xff\xff").is_empty());
    bench.role.committed();
    assert!(bench.counted.borrow().is_empty());
}
