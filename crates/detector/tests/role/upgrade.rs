//! A detector that meets the log of a newer version (docs/runbook.md, *Upgrading and going back*): what it does not
//! understand is a dead letter of the inbox or ends the restore, and says what to do. The simulation has the rest.

use winback_core::ids::{Offset, Partition};
use winback_core::time::Time;
use winback_detector::read;
use winback_lane::{At, Output, Role, Row, Step};
use winback_log::{Message, Record};
use winback_proto::{Encoding, WireMessage, v1};

use crate::role;

/// A field 500 that holds three bytes: a body or a row of a kind that only a newer version knows.
const NEWER: [u8; 6] = [0xa2, 0x1f, 3, 1, 2, 3];
const FIX: &str = "a newer winback wrote it; run that version again";

fn message(value: Vec<u8>) -> Message {
    let record = Record { key: None, value: Some(value.into()), headers: Vec::new() };
    Message::owned(0, Partition(0), Offset(0), Time::from_millis(1), 1, record)
}

/// A signal that is right but for its kind, which only a newer version knows.
fn signal_of_a_newer_kind() -> Vec<u8> {
    let signal = v1::Signal {
        account_id: "acme".to_owned(),
        kind: "of_the_next_version".to_owned(),
        ..v1::Signal::default()
    };
    v1::InboxRecord { body: Some(v1::inbox_record::Body::Signal(signal)) }.to_bytes(Encoding::Protobuf)
}

#[test]
fn a_record_of_the_inbox_that_only_a_newer_version_knows_is_a_dead_letter_that_says_what_to_do() {
    for value in [NEWER.to_vec(), br#"{"ofTheNextVersion": {"a": 1}}"#.to_vec(), signal_of_a_newer_kind()] {
        let why = read(&message(value.clone()), 1).unwrap_err();
        assert_eq!(why.reason(), "undecodable");
        let text = why.to_string();
        assert!(text.contains("newer winback wrote it") && text.contains("run that version again"), "{text}");
        let ((mut role, input), mut out) = (role(), Output::default());
        let at = At { input: &input, now: Time::from_millis(1) };
        assert_eq!(role.step(at, &message(value), &mut out), Step::Done);
        assert_eq!(out.dead_letters(), 1);
    }
}

#[test]
fn a_row_of_the_state_that_only_a_newer_version_knows_ends_the_restore_and_says_what_to_do() {
    for (key, value) in [(&b"c"[..], &NEWER[..]), (b"zacme", b"")] {
        let (mut role, input) = role();
        let rows = [Row { offset: Offset(17), key, value: Some(value) }];
        role.restore(&input, &rows).unwrap();
        let error = role.unreadable(&input).expect("it is refused");
        assert_eq!(error.offset, Offset(17));
        assert!(error.why.contains(FIX) || error.why.contains(&FIX.replace(';', ",")), "{error}");
        let mended = Row { offset: Offset(18), key, value: None };
        role.restore(&input, &[mended]).unwrap();
        assert_eq!(role.unreadable(&input), None, "a tombstone behind it mends it");
    }
}

#[test]
fn what_a_newer_version_adds_to_a_row_of_the_state_is_read_over() {
    let (mut role, input) = role();
    let clock = v1::ClockState { next_offset: 9, ..v1::ClockState::default() };
    let mut value =
        v1::StateRecord { state: Some(v1::state_record::State::Clock(clock)) }.to_bytes(Encoding::Protobuf);
    value.extend(NEWER);
    let row = Row { offset: Offset(0), key: b"c", value: Some(&value) };
    role.restore(&input, &[row]).unwrap();
    assert_eq!(role.restored(&input), winback_lane::StoredPosition::At(Offset(9)));
}
