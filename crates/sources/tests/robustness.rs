//! Whatever the bytes are: no panic, at least one element, the same ones each time.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use std::sync::LazyLock;

use common::{Seen, decoder, decoder_from, elements};
use proptest::prelude::*;
use winback_sources::{Decoder, Preset};

/// A decoder of each preset, built once: the lists of robots take longer to build than to ask.
fn all() -> &'static [(Preset, Decoder)] {
    static ALL: LazyLock<Vec<(Preset, Decoder)>> =
        LazyLock::new(|| Preset::ALL.iter().map(|preset| (*preset, decoder(preset.as_str()))).collect());
    &ALL
}

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
        "msys",
        "track_event",
        "relay_message",
        "content",
        "event-data",
        "client-info",
        "bot",
        "recipient",
        "msg",
        "clicks",
        "smtp_events",
        "mandrill_events",
        "_id",
        "data",
        "to",
        "click",
        "created_at",
        "complaint",
        "complainedRecipients",
        "MessageID",
        "time",
        "agent",
        "batch",
        "person",
        "groups",
        "$groups",
        "$current_url",
        "distinct_id",
        "uuid",
        "event_name",
        "event_params",
        "key",
        "value",
        "string_value",
        "event_timestamp",
        "page_url",
        "derived_tstamp",
        "contexts_com_iab_snowplow_spiders_and_robots_1",
        "company",
        "name",
        "From",
        "sender",
        "subject",
        "envelope",
        "message-headers",
        "body-mime",
        "raw_msg",
        "RawEmail",
        "receipt",
        "commonHeaders",
        "email_rfc822",
        "events",
        "result",
        "payload",
        "topic",
        "metric",
        "object_type",
        "event_type",
        "eventName",
        "dataFields",
        "activityTypeId",
        "attributes",
        "morph",
        "recipient",
        "__op",
        "ChangeEventHeader",
        "subscriptionType",
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
            "$pageview",
            "page_view",
            "page_location",
            "clicked",
            "unsub",
            "unsubscribed",
            "Complaint",
            "email.opened",
            "email.complained",
            "delivered",
            "{\"$current_url\":\"/a\"}",
            "mandrill_events=%5B%7B%7D%5D",
            "Auto-Submitted: auto-replied\r\n\r\nx",
            "[[\"Date\",\"now\"]]",
            "\"a b\"@x.io, c@x.io (d",
            "activity.opened",
            "users.messages.email.Open",
            "event:klaviyo.opened_email",
            "emailOpen",
            "10",
            "r",
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
            check(all(), &record);
        }
    }

    #[test]
    fn arbitrary_documents_never_panic_and_are_never_lost(documents in prop::collection::vec(any_json(), 20)) {
        for document in documents {
            check(all(), document.to_string().as_bytes());
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn broken_enriched_lines_never_panic_and_are_never_lost(at in 0_usize..135, text in ".{0,8}", columns in 1_usize..140) {
        let mut line = vec![String::new(); columns];
        for (place, value) in [(5, "page_view"), (6, "e-1"), (29, "https://x.io/a"), (124, "2026-03-01 10:00:00.1"), (at, &text)] {
            if let Some(column) = line.get_mut(place) {
                *column = value.to_owned();
            }
        }
        let decoders = [(Preset::SnowplowTsv, decoder("snowplow_tsv"))];
        check(&decoders, line.join("\t").as_bytes());
    }

    #[test]
    fn broken_forms_never_panic_and_are_never_lost(text in "[%+&=a-f0-9\\[{\"]{0,40}") {
        let decoders = [(Preset::Mandrill, decoder("mandrill"))];
        check(&decoders, format!("mandrill_events={text}").as_bytes());
    }

    #[test]
    fn what_many_events_say_of_each_other_loses_none(events in prop::collection::vec((0_u8..3, 0_u8..3, 0_i64..6), 0..40)) {
        let event = |(what, link, at): &(u8, u8, i64)| {
            let name = ["click", "open", "delivered"][usize::from(*what)];
            format!(
                r#"{{"event":"{name}","email":"j@x.io","timestamp":{},"sg_message_id":"m","url":"https://x.io/{link}"}}"#,
                1_700_000_000 + at
            )
        };
        let all: Vec<_> = events.iter().map(event).collect();
        let seen = elements(&decoder("sendgrid"), format!("[{}]", all.join(",")).as_bytes());
        prop_assert_eq!(seen.len(), events.len().max(1));
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
    let lines = [Preset::CombinedLog, Preset::SnowplowTsv];
    for (preset, decoder) in all().iter().filter(|(preset, _)| !lines.contains(preset)) {
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

/// Bytes that begin like something that a decoder knows, and bytes that do not.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let begins = prop::sample::select(vec![
        &b""[..],
        b"\0\0\0\0\x01",
        b"{\"specversion\":\"1.0\",\"data\":",
        b"{\"payload\":{\"after\":",
        b"mandrill_events=",
        b"[{\"event\":",
        b"192.0.2.7 - - [17/May/2015:12:05:03 +0200] \"GET /",
        b"\xef\xbb\xbf{",
    ]);
    let rest = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        any_json().prop_map(|json| json.to_string().into_bytes()),
    ];
    (begins, rest).prop_map(|(begin, rest)| [begin, &rest].concat())
}

/// Runs for `FUZZ_SECONDS`, two without it.
#[test]
fn fuzz_no_preset_panics_on_bytes_or_loses_a_record() {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    let config = ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    while std::time::Instant::now() < until {
        let tried = runner.run(&any_bytes(), |bytes| {
            check(all(), &bytes);
            Ok(())
        });
        tried.unwrap();
    }
}
