//! The bytes of the version before are read by this one, and the other way round: upgrading and going back.

use std::fs;
use std::path::PathBuf;

use prost::Message as _;
use winback_proto::v1::*;
use winback_proto::{Encoding, Timestamp, WireMessage as _};

use crate::messages::{dead_letter, trigger};
use crate::policy::compiled;

/// The names under which `golden/before` has a message; all others are as they were.
const CHANGED: [&str; 3] = ["dead-letter", "matcher-position", "trigger"];

fn dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/before")
}

/// The bytes that the version before wrote.
fn bytes(name: &str) -> Vec<u8> {
    let hex = fs::read_to_string(dir().join(format!("{name}.hex"))).unwrap();
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.trim_end().len()).step_by(2).map(byte).collect()
}

/// As the version before knew it: the account's segment, manner, concessions, seats, tenure and usage came since.
fn known_before() -> Trigger {
    let mut trigger = trigger();
    let account = trigger.account.as_mut().unwrap();
    account.segment.clear();
    account.manner.clear();
    account.concessions.clear();
    (account.seats, account.tenure_months, account.usage_percent) = (None, None, None);
    trigger
}

#[derive(Clone, PartialEq, prost::Message)]
struct TriggerBefore {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    parent_id: String,
    #[prost(string, tag = "3")]
    policy: String,
    #[prost(uint32, tag = "4")]
    policy_version: u32,
    #[prost(string, tag = "5")]
    edge: String,
    #[prost(string, tag = "6")]
    fired_because: String,
    #[prost(message, optional, tag = "7")]
    account: Option<SnapshotBefore>,
    #[prost(string, tag = "8")]
    burst_id: String,
    #[prost(message, optional, tag = "9")]
    score: Option<Score>,
    #[prost(message, optional, tag = "10")]
    evidence: Option<Evidence>,
    #[prost(string, tag = "11")]
    play: String,
    #[prost(message, optional, tag = "12")]
    fired_at: Option<Timestamp>,
    #[prost(message, optional, tag = "13")]
    deadline: Option<Timestamp>,
    #[prost(message, optional, tag = "14")]
    quiet_until: Option<Timestamp>,
    #[prost(uint32, tag = "15")]
    strength: u32,
    #[prost(message, optional, tag = "25")]
    priority: Option<Priority>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SnapshotBefore {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "3")]
    tier: String,
    #[prost(uint64, tag = "4")]
    arr_usd: u64,
    #[prost(string, tag = "5")]
    reason: String,
    #[prost(string, tag = "6")]
    reason_detail: String,
    #[prost(message, optional, tag = "7")]
    churned_at: Option<Timestamp>,
    #[prost(uint32, tag = "8")]
    churn_number: u32,
    #[prost(uint32, tag = "9")]
    months_since_churn: u32,
    #[prost(string, tag = "10")]
    band: String,
    #[prost(string, tag = "11")]
    owner: String,
    #[prost(string, tag = "12")]
    zone: String,
    #[prost(string, repeated, tag = "13")]
    missing_features: Vec<String>,
    #[prost(string, tag = "14")]
    competitor: String,
}

#[test]
fn what_the_version_before_wrote_is_read_with_nothing_where_it_said_nothing() {
    assert_eq!(Trigger::from_bytes(&bytes("trigger")).unwrap(), known_before());
    let json = fs::read(dir().join("trigger.json")).unwrap();
    assert_eq!(Trigger::from_bytes(&json).unwrap(), known_before());
}

/// A letter kept the bytes of its record, and there was one for each element; a position was that of a whole record.
#[test]
fn letters_and_positions_of_the_version_before_are_read() {
    let letter = DeadLetter { points: false, rest: None, left_out: None, ..dead_letter() };
    let position = MatcherPosition { next_offset: 77, partitions: 4, next_element: 0 };
    let json = |name: &str| fs::read(dir().join(format!("{name}.json"))).unwrap();
    for read in [bytes("dead-letter"), json("dead-letter")] {
        assert_eq!(DeadLetter::from_bytes(&read).unwrap(), letter);
    }
    for read in [bytes("matcher-position"), json("matcher-position")] {
        assert_eq!(MatcherPosition::from_bytes(&read).unwrap(), position);
    }
}

#[test]
fn what_this_version_writes_was_read_by_the_one_before_as_far_as_it_knew() {
    let read = TriggerBefore::decode(trigger().to_bytes(Encoding::Protobuf).as_slice()).unwrap();
    assert_eq!(read.encode_to_vec(), bytes("trigger"));
    let account = read.account.unwrap();
    assert_eq!((account.id.as_str(), account.competitor.as_str()), ("acme", "Rival"));
}

#[test]
fn what_is_kept_of_before_has_a_reader_here() {
    let mut names: Vec<String> = fs::read_dir(dir())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names, CHANGED);
}

#[derive(Clone, PartialEq, prost::Message)]
struct PolicyBefore {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(uint32, tag = "2")]
    version: u32,
    #[prost(string, tag = "3")]
    toml: String,
}

#[test]
fn the_file_beside_a_compiled_policy_was_read_by_the_version_before() {
    let read = PolicyBefore::decode(compiled().to_bytes(Encoding::Protobuf).as_slice()).unwrap();
    assert_eq!(
        (read.name.as_str(), read.version, read.toml.as_str()),
        ("default", 3, "name = \"default\"\n")
    );
}
