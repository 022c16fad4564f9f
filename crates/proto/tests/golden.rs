//! The bytes and the JSON of every stored message, pinned, and read by the version before and the next one: a change
//! that a reader of the old form could not read fails here.
//!
//! `UPDATE_GOLDEN=1` writes new files for messages that have none yet; it never replaces bytes that are pinned. Whoever adds
//! a field moves the pinned files of that message to `golden/before` and says in `before.rs` what they are read as.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

#[path = "golden/before.rs"]
mod before;
#[path = "golden/messages.rs"]
mod messages;
#[path = "golden/newer.rs"]
mod newer;
#[path = "golden/policy.rs"]
mod policy;

use std::path::PathBuf;

use messages::Visitor;
use winback_proto::v1::Trigger;
use winback_proto::{Encoding, WireMessage};

fn path(name: &str, ending: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.{ending}"))
}

fn pinned(name: &str, ending: &str, now: &str) -> String {
    let path = path(name, ending);
    if std::env::var_os("UPDATE_GOLDEN").is_some() && !path.exists() {
        std::fs::write(&path, now).unwrap();
    }
    std::fs::read_to_string(&path)
        .unwrap_or_else(|why| panic!("{}: {why}; UPDATE_GOLDEN=1 writes it", path.display()))
}

struct Pinned;

impl Visitor for Pinned {
    fn see<M: WireMessage + PartialEq + std::fmt::Debug>(&mut self, name: &str, message: &M) {
        let bytes = message.to_bytes(Encoding::Protobuf);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(pinned(name, "hex", &hex), hex, "the bytes of {name} changed");
        let json = serde_json::to_string_pretty(message).unwrap() + "\n";
        assert_eq!(pinned(name, "json", &json), json, "the JSON of {name} changed");
        assert_eq!(&M::from_bytes(&bytes).unwrap(), message, "{name} is read as it is written");
        assert_eq!(
            &M::from_bytes(&message.to_bytes(Encoding::Json)).unwrap(),
            message,
            "{name} is read from JSON, too"
        );
    }
}

#[test]
fn every_message_has_the_bytes_and_the_json_that_were_pinned() {
    messages::each(&mut Pinned);
}

#[test]
fn bytes_of_something_else_are_refused_with_what_was_expected() {
    let error = Trigger::from_bytes(b"\xff\xff\xff").unwrap_err().to_string();
    assert!(error.contains("winback.v1.Trigger") && error.contains("protobuf"), "{error}");
    let error = Trigger::from_bytes(b"{\"id\": 7}").unwrap_err().to_string();
    assert!(error.contains("winback.v1.Trigger") && error.contains("JSON"), "{error}");
}
