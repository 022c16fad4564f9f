//! Records that nobody can have meant: dead letters with a reason, and nobody else's burst moves.

use std::collections::BTreeMap;

use winback_core::debounce::{MatchedSignal, ResponseKind};
use winback_core::index::Method;
use winback_core::signal::SignalKind;
use winback_core::time::{Span, Time};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage, inbox, v1};

use crate::outputs::lists;
use crate::pipeline::{Plan, Ran, run};
use crate::visits::{SHARED, Visit, json, visits};
use crate::world::BASE;

const VISITS: usize = 200;

/// Everybody's triggers and decisions but that account's; decisions without their place, which counts all records.
fn of_others(ran: &Ran, account: &str) -> Vec<String> {
    let triggers = ran.outputs.fired().into_iter().map(|bytes| v1::Trigger::from_bytes(bytes).unwrap());
    let triggers = triggers.filter(|fired| fired.account.as_ref().is_none_or(|of| of.id != account));
    let decisions = ran.outputs.decisions.iter().map(|bytes| v1::Decision::from_bytes(bytes).unwrap());
    let decisions = decisions.filter(|made| made.account_id != account);
    let decisions = decisions.map(|made| v1::Decision { inbox_partition: 0, inbox_offset: 0, ..made });
    let mut lines: Vec<_> =
        triggers.map(|fired| format!("{fired:?}")).chain(decisions.map(|made| format!("{made:?}"))).collect();
    lines.sort_unstable();
    lines
}

/// A poisoned record: its fault, its bytes at a time, and the reason of its dead letter if it becomes one.
type Poison = (&'static str, fn(Time) -> Vec<u8>, Option<&'static str>);

const POISON: [Poison; 14] = [
    ("year 2099", |_| json("p1", "/pricing", "acme.io", "2099-01-01T00:00:00Z"), Some("future")),
    ("epoch 0", |_| json("p2", "/pricing", "acme.io", "1970-01-01T00:00:00Z"), Some("bad_time")),
    (
        "a negative time",
        |_| br#"{"id":"p3","url":"/pricing","domain":"acme.io","ts":-86400000}"#.to_vec(),
        Some("bad_time"),
    ),
    (
        "a time beyond the calendar",
        |_| br#"{"id":"p4","url":"/pricing","domain":"acme.io","ts":9e99}"#.to_vec(),
        Some("bad_time"),
    ),
    ("no time", |_| json("p5", "/pricing", "acme.io", "soon"), Some("bad_time")),
    ("10 MB", |_| vec![b'x'; 10_000_000], Some("too_large")),
    ("bad UTF-8", |_| b"{\"id\":\"\xff\xfe\",\"domain\":\"acme.io\"}".to_vec(), Some("bad_encoding")),
    ("an unknown schema id", |_| b"\x00\x00\x00\x27\x0f\x02\x96\xff".to_vec(), Some("bad_encoding")),
    (
        "an unknown schema id before text",
        |_| b"\x00\x00\x00\x00\x01{\"id\":\"p6\"}".to_vec(),
        Some("malformed_json"),
    ),
    ("half a record", |_| br#"{"id":"p7","url":"/pri"#.to_vec(), Some("malformed_json")),
    ("nested without end", |_| vec![b'['; 100_000], Some("too_deep")),
    ("nothing at all", |_| Vec::new(), None),
    ("a domain that everybody claims", |at| json("p8", "/pricing", SHARED, &at.to_string()), None),
    ("a domain that belongs to nobody", |at| json("p9", "/pricing", "gmail.com", &at.to_string()), None),
];

/// The visits with every poison several times in between, each at the time of the record before it.
fn poisoned(visits: &[Visit], poison: &[Poison]) -> (Vec<Visit>, BTreeMap<String, usize>) {
    let (mut all, mut reasons) = (Vec::new(), BTreeMap::new());
    for (number, visit) in visits.iter().enumerate() {
        all.push(visit.clone());
        let (_, bytes, reason) = poison[number % poison.len()];
        if number / poison.len() >= 2 {
            continue; // each twice is enough
        }
        let (key, timestamp) = (format!("poison-{number}"), visit.timestamp);
        all.push(Visit { key, timestamp, value: bytes(timestamp) });
        reason.into_iter().for_each(|reason| *reasons.entry(reason.to_owned()).or_default() += 1);
    }
    (all, reasons)
}

fn reasons(ran: &Ran) -> BTreeMap<String, usize> {
    let mut reasons = BTreeMap::new();
    ran.dead.iter().for_each(|letter| *reasons.entry(letter.reason.clone()).or_default() += 1);
    reasons
}

#[test]
fn records_that_cannot_be_meant_are_dead_letters_with_a_reason_and_move_nobody() {
    let visits = visits(9, VISITS);
    let (poisoned, expected) = poisoned(&visits, &POISON);
    let (without, with) = (run(Plan::PLAIN, &visits, &[]), run(Plan::PLAIN, &poisoned, &[]));
    assert!(without.dead.is_empty() && !without.outputs.triggers.is_empty());
    assert_eq!(reasons(&with), expected);
    assert!(with.dead.iter().all(|letter| !letter.text.is_empty()));
    assert_eq!(lists("matches", &without.matched, &with.matched, Clone::clone), None);
    assert_eq!(lists("outputs", &of_others(&without, ""), &of_others(&with, ""), Clone::clone), None);
}

/// A good view under a record timestamp that is none.
fn stamped(at: Time, timestamp: Time) -> Visit {
    let value = json("stamped", "/pricing", "acme.io", &at.to_string());
    Visit { key: "stamped".to_owned(), timestamp, value }
}

#[test]
fn a_record_timestamp_that_cannot_be_meant_moves_nobody_else() {
    let visits = visits(10, VISITS);
    let without = run(Plan::PLAIN, &visits, &[]);
    let at = visits[20].timestamp;
    for timestamp in [4_070_908_800_000, 0, -1, i64::MIN, i64::MAX].map(Time::from_millis) {
        for (what, wrong) in [
            ("a good view", stamped(at, timestamp)),
            (
                "nobody's view",
                Visit { value: json("x", "/", "nobody.io", &at.to_string()), ..stamped(at, timestamp) },
            ),
            ("no view", Visit { value: b"junk".to_vec(), ..stamped(at, timestamp) }),
        ] {
            let mut all = visits.clone();
            all.insert(20, wrong);
            let with = run(Plan::PLAIN, &all, &[]);
            let differs =
                lists("outputs", &of_others(&without, "acme"), &of_others(&with, "acme"), Clone::clone);
            assert_eq!(differs, None, "{what} stamped {timestamp}");
        }
    }
}

#[test]
fn an_account_that_sends_nine_of_ten_signals_moves_nobody_else() {
    let visits = visits(11, VISITS);
    let mut all = Vec::new();
    for (number, visit) in visits.iter().enumerate() {
        all.push(visit.clone());
        all.extend((0..9).map(|nth| Visit {
            key: format!("hot-{nth}"),
            value: json(&format!("hot-{number}-{nth}"), "/pricing", "acme.io", &visit.timestamp.to_string()),
            ..visit.clone()
        }));
    }
    let (without, with) = (run(Plan::PLAIN, &visits, &[]), run(Plan::PLAIN, &all, &[]));
    assert!(with.matched.len() > without.matched.len() + 9 * VISITS - 1);
    let differs = lists("outputs", &of_others(&without, "acme"), &of_others(&with, "acme"), Clone::clone);
    assert_eq!(differs, None);
}

fn signal(account: &str, event_time: Time, append_time: Time) -> Vec<u8> {
    let signal = MatchedSignal {
        account: account.into(),
        source: "web".to_owned(),
        id: "poison".to_owned(),
        kind: SignalKind::WebVisit,
        class: "pricing".to_owned(),
        event_time,
        append_time,
        input: "nobody:named/0".into(),
        merged_with: Vec::new(),
        method: Method::Domain,
        matched_on: "x".repeat(1 << 20),
        detail: "x".repeat(1 << 20),
    };
    let body = Body::Signal(inbox::signal_to_wire(&signal, 0));
    v1::InboxRecord { body: Some(body) }.to_bytes(Encoding::Protobuf)
}

/// Records that only a producer other than winback can write there.
#[test]
fn records_that_do_not_belong_into_the_inbox_move_nobody() {
    let visits = visits(12, VISITS);
    let without = run(Plan::PLAIN, &visits, &[]);
    let at = Time::from_millis(BASE);
    let far = Time::from_millis(4_070_908_800_000);
    let mut astray = v1::Response { account_id: "acme".to_owned(), ..v1::Response::default() };
    astray.kind = ResponseKind::Reactivated.to_string();
    let astray = v1::InboxRecord { body: Some(Body::Response(astray)) }.to_bytes(Encoding::Protobuf);
    let poison: [(Option<&str>, Vec<u8>); 7] = [
        (None, b"\xff\xff\xff".to_vec()),
        (None, Vec::new()),
        (None, vec![0; 10_000_000]),
        (Some("acme"), signal("acme", far, at)),
        (Some("acme"), signal("acme", Time::from_millis(-1), at - Span::from_days(1))),
        (Some("acme"), signal("acme", Time::from_millis(i64::MIN / 2), at)),
        (Some("unheard-of"), signal("unheard-of", at, at)),
    ];
    let with = run(Plan::PLAIN, &visits, &poison);
    assert!(with.outputs.dead.len() >= 3, "{:?}", with.outputs.dead);
    let others = |ran: &Ran| {
        let lines = of_others(ran, "acme").into_iter();
        lines.filter(|line| !line.contains("unheard-of")).collect::<Vec<_>>()
    };
    assert_eq!(lists("outputs", &others(&without), &others(&with), Clone::clone), None);
    let moved = run(Plan::PLAIN, &visits, &[(None, astray)]);
    assert_eq!(lists("outputs", &others(&without), &others(&moved), Clone::clone), None);
}
