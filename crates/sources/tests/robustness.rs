//! Whatever the bytes are: no panic, at least one element, the same ones each time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use std::sync::LazyLock;

use common::{Seen, decoder, decoder_from, elements};
use proptest::prelude::*;
use winback_sources::{Decoder, Preset};

/// Built once: a filter's library is read with each.
static ALL: LazyLock<Vec<(Preset, Decoder)>> =
    LazyLock::new(|| Preset::ALL.iter().map(|preset| (*preset, decoder(preset.as_str()))).collect());

fn check(decoders: &[(Preset, Decoder)], bytes: &[u8]) {
    for (preset, decoder) in decoders {
        let first = elements(decoder, bytes);
        assert!(!first.is_empty(), "{preset} lost a record");
        assert_eq!(first, elements(decoder, bytes), "{preset}");
    }
}

/// JSON with the names that the decoders look for, and values that they do not expect.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let names = prop::sample::select(vec![
        "type",
        "event",
        "email",
        "timestamp",
        "context",
        "page",
        "url",
        "path",
        "properties",
        "RecordType",
        "Recipient",
        "ReceivedAt",
        "eventType",
        "mail",
        "destination",
        "open",
        "Message",
        "Type",
        "items",
        "From",
        "Headers",
        "ts",
        "ts_epoch",
        "id",
        "date",
        "company",
        "change",
        "date_posted",
        "company_name",
        "title",
        "Date",
        "StartupName",
        "fundedDate",
        "status",
        "ip",
        "traits",
        "posted_at",
        "headers",
        "useragent",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        prop::sample::select(vec![
            "page",
            "open",
            "Open",
            "click",
            "opened",
            "Received",
            "/pricing",
            "https://x.io/a",
            "1-May-07",
            "31/12/2019",
            "2026-01-01",
            "j@x.io",
            "{\"eventType\":\"Open\"}",
            "%40",
            "é@\u{0}",
            "",
            "-",
            ".",
            "Inbound",
        ])
        .prop_map(Into::into),
        ".*".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic_and_are_never_lost(records in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 20)) {
        for record in records {
            check(&ALL, &record);
        }
    }

    #[test]
    fn arbitrary_documents_never_panic_and_are_never_lost(documents in prop::collection::vec(any_json(), 20)) {
        for document in documents {
            check(&ALL, document.to_string().as_bytes());
        }
    }

    #[test]
    fn broken_log_lines_never_panic_and_are_never_lost(cut in 0_usize..120, insert in any::<char>()) {
        let line = r#"192.0.2.7 - - [17/May/2015:12:05:03 +0200] "GET /pricing HTTP/1.1" 200 20 "-" "Mozilla/5.0 \"q\" (X11; Linux)""#;
        let mut broken = line.to_owned();
        broken.insert(cut.min(line.len()), insert);
        let decoders = [(Preset::CombinedLog, decoder("combined_log"))];
        check(&decoders, broken.as_bytes());
        check(&decoders, &line.as_bytes()[..cut.min(line.len())]);
    }
}

#[test]
fn what_is_hostile_ends_in_a_dead_letter_with_its_reason() {
    let deep = format!("{{\"path\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let table: [(&[u8], &str); 6] = [
        (deep.as_bytes(), "too_deep"),
        (&vec![b' '; 10 << 20], "too_large"),
        (b"{\"path\":\"/a\xff\"}", "bad_encoding"),
        (b"{\"path\":\"/a\0\"}", "malformed_json"),
        (b"\0\0\0", "malformed_json"),
        (b"\xef\xbb\xbf{\"path\":\"/a\"", "malformed_json"),
    ];
    for (preset, decoder) in ALL.iter().filter(|(preset, _)| *preset != Preset::CombinedLog) {
        for (bytes, reason) in table {
            match &elements(decoder, bytes)[..] {
                [Seen::Dead(seen, text)] => {
                    assert_eq!(seen, reason, "{preset}: {text}");
                    assert!(text.len() < 400, "{text}");
                }
                other => panic!("{preset} {reason}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_record() {
    let seen = elements(&decoder("web"), b"\xef\xbb\xbf{\"path\":\"/a\",\"ts\":1700000000}");
    assert!(matches!(&seen[..], [Seen::Signal(_)]), "{seen:?}");
}

#[test]
fn the_size_limit_is_the_sources() {
    let small = decoder_from("topic = \"t\"\nstart = \"latest\"\npreset = \"web\"\nmax_bytes = 10");
    let seen = elements(&small, b"{\"path\":\"/a\"}");
    let [Seen::Dead(reason, text)] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(reason, "too_large");
    assert_eq!(text, "the record has 13 bytes, and the source takes 10: raise its `max_bytes`, or send less");
}
