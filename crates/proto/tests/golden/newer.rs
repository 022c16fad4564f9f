//! The bytes of the next version are read by this one: additions are skipped wherever they stand, and unknown words
//! are refused with the fix.

use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};
use serde_json::{Value, json};
use winback_proto::v1::*;
use winback_proto::{DecodeError, WireMessage, inbox, state};

use crate::messages::{self, Visitor};

/// Fields 500 to 504, a wire type each: a varint, 64 bits, a length and three bytes, a group with a varint, 32 bits.
const ADDED: [&[u8]; 5] = [
    &[0xa0, 0x1f, 7],
    &[0xa9, 0x1f, 1, 2, 3, 4, 5, 6, 7, 8],
    &[0xb2, 0x1f, 3, 1, 2, 3],
    &[0xbb, 0x1f, 0x08, 1, 0xbc, 0x1f],
    &[0xc5, 0x1f, 1, 2, 3, 4],
];

/// The message's bytes with unknown fields in front of and behind what every message in it says.
fn extended(message: &MessageDescriptor, bytes: &[u8]) -> Vec<u8> {
    let (added, mut rest) = (ADDED.concat(), bytes);
    let mut all = added.clone();
    while !rest.is_empty() {
        let key = varint(&mut rest);
        put_varint(&mut all, key);
        match key & 7 {
            0 => {
                let value = varint(&mut rest);
                put_varint(&mut all, value);
            }
            1 => all.extend(take(&mut rest, 8)),
            2 => {
                let length = usize::try_from(varint(&mut rest)).unwrap();
                let field = message.get_field(u32::try_from(key >> 3).unwrap()).unwrap();
                let mut value = take(&mut rest, length).to_vec();
                if let Kind::Message(inner) = field.kind() {
                    value = extended(&inner, &value);
                }
                put_varint(&mut all, u64::try_from(value.len()).unwrap());
                all.extend(value);
            }
            5 => all.extend(take(&mut rest, 4)),
            other => panic!("no message of ours has wire type {other}"),
        }
    }
    all.extend(added);
    all
}

fn varint(rest: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = take(rest, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn put_varint(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    into.push(u8::try_from(value).unwrap());
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(length);
    *rest = left;
    taken
}

/// With fields of every type that JSON has added to every object.
fn extended_json(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(extended_json),
        Value::Object(fields) => {
            fields.values_mut().for_each(extended_json);
            for (at, added) in
                [json!(null), json!(7.5), json!("word"), json!([1, {"a": 1}]), json!({"a": {}})]
                    .iter()
                    .enumerate()
            {
                fields.insert(format!("addedByTheNextVersion{at}"), added.clone());
            }
        }
        _ => {}
    }
}

struct ReadOver {
    pool: DescriptorPool,
    seen: usize,
}

impl Visitor for ReadOver {
    fn see<M: WireMessage + PartialEq + std::fmt::Debug>(&mut self, name: &str, message: &M) {
        self.seen += 1;
        let descriptor = self.pool.get_message_by_name(M::NAME).unwrap();
        let bytes = extended(&descriptor, &message.encode_to_vec());
        assert_eq!(&M::from_bytes(&bytes).unwrap(), message, "{name}");
        let mut value = serde_json::to_value(message).unwrap();
        extended_json(&mut value);
        assert_eq!(&M::from_bytes(value.to_string().as_bytes()).unwrap(), message, "{name} in JSON");
    }
}

#[test]
fn what_a_newer_version_adds_to_any_message_is_read_over_in_both_encodings() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto");
    let files = [
        "account",
        "inbox",
        "trigger",
        "decision",
        "action",
        "dead_letter",
        "state",
        "suppression",
        "sequence",
    ];
    let files = files.map(|name| format!("{root}/winback/v1/{name}.proto"));
    let descriptors = protox::compile(files, [root]).unwrap();
    let mut read = ReadOver { pool: DescriptorPool::from_file_descriptor_set(descriptors).unwrap(), seen: 0 };
    messages::each(&mut read);
    assert!(read.seen > 25, "{}", read.seen);
}

#[track_caller]
fn names_the_fix<T: std::fmt::Debug>(read: Result<T, DecodeError>, what: &str) {
    let error = read.unwrap_err().to_string();
    assert!(error.contains(what), "{what} is not in {error}");
    assert!(error.contains("newer winback wrote it") && error.contains("run that version again"), "{error}");
}

/// A body, a row, a change or a report that only the next version has: protobuf and JSON of it say nothing here.
#[test]
fn what_only_a_newer_version_can_say_is_refused_with_what_to_do() {
    let added = [ADDED.concat(), br#"{"addedByTheNextVersion": {"a": 1}}"#.to_vec()];
    for bytes in &added {
        names_the_fix(inbox::from_wire(InboxRecord::from_bytes(bytes).unwrap()), "a record of the inbox");
        names_the_fix(state::row_from_wire(StateRecord::from_bytes(bytes).unwrap()), "the state");
    }
    let change = inbox_record::Body::Account(AccountChange { change: None });
    names_the_fix(inbox::from_wire(InboxRecord { body: Some(change) }), "account.change");
    let inputs = vec![InputProgress { input: "web:a/0".into(), reached: None }];
    let progress = inbox_record::Body::Progress(Progress { inputs, known: Vec::new() });
    names_the_fix(inbox::from_wire(InboxRecord { body: Some(progress) }), "progress.inputs.reached");
    let carried = inbox_record::Body::Carried(Carried { key: b"c".to_vec(), row: added[0].clone() });
    names_the_fix(inbox::from_wire(InboxRecord { body: Some(carried) }), "the state");
    names_the_fix(state::key_from_bytes(b"zacme"), "key");
}

/// The bytes of a message in which that word is one that only the next version knows.
fn with_another_word<M: WireMessage>(message: &M, word: &str) -> M {
    let json = serde_json::to_string(message).unwrap();
    let changed = json.replace(&format!("\"{word}\""), "\"of_the_next_version\"");
    assert_ne!(changed, json, "{word} is not in it");
    M::from_bytes(changed.as_bytes()).unwrap()
}

#[test]
fn a_word_that_only_a_newer_version_knows_is_refused_with_what_to_do() {
    let inbox_words = [
        ("inbox-signal", "web_visit", "signal.kind"),
        ("inbox-signal", "domain", "signal.method"),
        ("inbox-event", "product_release", "event.kind"),
        ("inbox-response", "declined", "response.kind"),
        ("inbox-policy-compiled", "strength", "policy.leading"),
        ("inbox-policy-compiled", "strength-up", "policy.escalate"),
        ("inbox-policy-compiled", "month", "policy.caps.calendar"),
        ("inbox-policy-compiled", "yearly", "policy.calendar_entries"),
        ("inbox-account-upsert", "product_gap", "account.reason"),
        ("inbox-account-upsert", "graceful", "account.manner"),
        ("inbox-account-upsert", "churned", "account.status"),
    ];
    let records = messages::inbox();
    for (name, word, field) in inbox_words {
        let (_, record) = records.iter().find(|(other, _)| *other == name).unwrap();
        names_the_fix(inbox::from_wire(with_another_word(record, word)), field);
    }
    let state_words = [
        ("state-account", "bankrupt", "account.impossible"),
        ("state-account", "graceful", "account.manner"),
        ("state-account-cut", "concessions", "account.cut"),
        ("state-clock-calendar", "yearly", "hand.after_entry"),
        ("state-machine", "domain", "evidence.method"),
        ("state-machine", "web_visit", "kind"),
        ("state-fan-out", "product_release", "event.kind"),
    ];
    let states = messages::states();
    for (name, word, field) in state_words {
        let (_, record) = states.iter().find(|(other, _)| *other == name).unwrap();
        names_the_fix(state::row_from_wire(with_another_word(record, word)), field);
    }
}
