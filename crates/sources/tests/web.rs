//! Web visits: Segment's calls, plain JSON, log lines.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use common::{Seen, decoder, decoder_from, elements};
use winback_core::signal::{Candidate, SignalKind};
use winback_sources::{Decoder, Element};

const BROWSER: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36";

fn with_signal(decoder: &Decoder, record: &str, check: impl Fn(&Candidate<'_>)) {
    let mut seen = 0;
    decoder.decode(record.as_bytes(), &mut |element| match element {
        Element::Signal(signal) => {
            check(&signal);
            seen += 1;
        }
        other => panic!("{record}: {other:?}"),
    });
    assert_eq!(seen, 1);
}

#[test]
fn a_segment_page_says_who_where_and_when() {
    let call = format!(
        r#"{{"type":"page","messageId":"ajs-1","anonymousId":"an","userId":"u-1","timestamp":"2026-03-01T10:00:00.123Z",
        "context":{{"ip":"192.0.2.7","userAgent":"{BROWSER}","groupId":"acc-1","page":{{"url":"https:\/\/x.io\/pricing?a=1","path":"/pricing"}},
        "traits":{{"email":"jane@acme.io"}}}},"properties":{{"url":"https://x.io/other"}}}}"#
    );
    with_signal(&decoder("segment"), &call, |signal| {
        assert_eq!(signal.id, "ajs-1");
        assert_eq!(signal.kind, SignalKind::WebVisit);
        assert_eq!(signal.class.as_deref(), Some("pricing"));
        assert_eq!(signal.at.to_string(), "2026-03-01T10:00:00.123Z");
        assert_eq!(signal.who.email.as_deref(), Some("jane@acme.io"));
        assert_eq!(signal.who.account_id.as_deref(), Some("acc-1"));
        assert_eq!(signal.who.address, "192.0.2.7".parse().ok());
        assert_eq!(signal.detail, "/pricing");
    });
}

#[test]
fn segments_user_is_an_account_only_where_the_source_says_so() {
    let call = r#"{"type":"track","messageId":"1","userId":"u-1","sentAt":"2026-03-01T10:00:00Z","properties":{"url":"https://x.io/docs/a"}}"#;
    with_signal(&decoder("segment"), call, |signal| assert!(signal.who.is_empty()));
    with_signal(&decoder("segment"), &call.replace("u-1", "j@x.io"), |signal| {
        assert_eq!(signal.who.email.as_deref(), Some("j@x.io"));
    });
    with_signal(&decoder("segment"), &call.replace("u-1", &"ab".repeat(32)), |signal| {
        assert_eq!(signal.who.email_sha256, Some([0xab; 32]));
    });
    let toml = "topic = \"t\"\nstart = \"latest\"\npreset = \"segment\"\nuser_is_account = true";
    with_signal(&decoder_from(toml), call, |signal| {
        assert_eq!(signal.who.account_id.as_deref(), Some("u-1"));
        assert_eq!(signal.class.as_deref(), Some("docs"));
    });
}

#[test]
fn what_is_no_visit_is_dropped_or_dead_with_its_reason() {
    let table = [
        ("segment", r#"{"type":"identify","userId":"u"}"#, "dropped not_interest"),
        ("segment", r#"{"type":"track","timestamp":1,"event":"Job done"}"#, "dropped not_a_page"),
        ("segment", r#"{"type":"pages"}"#, "dead unknown_event"),
        ("segment", r#"{"event":"open"}"#, "dead missing_field"),
        ("segment", r#"{"type":"page","properties":{"path":"/a"},"timestamp":"soon"}"#, "dead bad_time"),
        ("segment", r#"{"type":"page","properties":{"path":"/a"}}"#, "dead missing_field"),
        ("segment", r#"{"type":"page","properties":{"path":"/a.css"}}"#, "dropped asset"),
        (
            "segment",
            r#"{"type":"page","context":{"userAgent":"Googlebot/2.1"},"properties":{"path":"/a"}}"#,
            "dropped bot",
        ),
        ("segment", r#"{"type":"page","context":null,"properties":[1],"traits":"x"}"#, "dropped not_a_page"),
        ("web", r#"{"path":"/a"}"#, "dead missing_field"),
        ("web", r#"{"path":"/a","time":0}"#, "dead bad_time"),
        ("web", r#"{"path":{"a":1},"time":1700000000}"#, "dropped not_a_page"),
        ("web", "[]", "dropped empty"),
        ("web", "  \n", "dropped empty"),
        ("web", "", "dropped empty"),
        ("web", "7", "dead missing_field"),
        ("web", "{\"path\":\"/a\"", "dead malformed_json"),
        ("combined_log", "what is this", "dead malformed_line"),
        ("combined_log", r#"h - - [1/May/15] "GET / HTTP/1.1" 200 5 "-" "Mozilla""#, "dead bad_time"),
        (
            "combined_log",
            r#"h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5"#,
            "dead malformed_line",
        ),
        (
            "combined_log",
            r#"h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 302 5 "-" "M""#,
            "dropped redirect",
        ),
        (
            "combined_log",
            r#"h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 404 5 "-" "M""#,
            "dropped error_status",
        ),
        (
            "combined_log",
            r#"h - - [17/May/2015:10:05:03 +0000] "POST / HTTP/1.1" 200 5 "-" "M""#,
            "dropped not_a_page",
        ),
        ("combined_log", r#"h - - [17/May/2015:10:05:03 +0000] "-" 200 5 "-" "M""#, "dropped not_a_page"),
        (
            "combined_log",
            r#"h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "-""#,
            "dropped bot",
        ),
    ];
    for (preset, record, expected) in table {
        let seen = elements(&decoder(preset), record.as_bytes());
        let [seen] = &seen[..] else { panic!("{record}: {seen:?}") };
        let seen = match seen {
            Seen::Signal(signal) | Seen::Answer(signal) => signal.clone(),
            Seen::Dropped(reason) => format!("dropped {reason}"),
            Seen::Dead(reason, _) => format!("dead {reason}"),
        };
        assert_eq!(seen, expected, "{preset}: {record}");
    }
}

#[test]
fn a_missing_id_is_derived_and_two_events_of_a_record_differ() {
    let list = r#"[{"path":"/a","ts":1700000000},{"path":"/a","ts":1700000000},{"id":7,"path":"/a","ts":1700000000}]"#;
    let ids = || {
        let mut ids = Vec::new();
        decoder("web").decode(list.as_bytes(), &mut |element| match element {
            Element::Signal(signal) => ids.push(signal.id.into_owned()),
            other => panic!("{other:?}"),
        });
        ids
    };
    let first = ids();
    assert_ne!(first[0], first[1]);
    assert_eq!(first[2], "7");
    assert_eq!(first, ids());
}

#[test]
fn a_log_line_says_the_address_and_the_page() {
    let line = format!(
        r#"192.0.2.7 - j@x.io [17/May/2015:12:05:03 +0200] "GET /de/pricing?u=j@x.io HTTP/1.1" 200 20 "-" "{BROWSER} \"q\"""#
    );
    with_signal(&decoder("combined_log"), &line, |signal| {
        assert_eq!(signal.who.address, "192.0.2.7".parse().ok());
        assert_eq!(signal.who.email.as_deref(), Some("j@x.io"));
        assert_eq!(signal.at.to_string(), "2015-05-17T10:05:03Z");
        assert_eq!((signal.class.as_deref(), signal.detail.as_ref()), (Some("pricing"), "/de/pricing"));
        assert_eq!(signal.id.len(), 32);
    });
    with_signal(&decoder("combined_log"), &line.replace("192.0.2.7", "gw.acme.io"), |signal| {
        assert_eq!((signal.who.address, signal.who.domain.as_deref()), (None, Some("gw.acme.io")));
    });
}

#[test]
fn stated_page_classes_replace_the_built_in_ones() {
    let toml = "topic = \"t\"\nstart = \"latest\"\npreset = \"web\"\n[[pages]]\nclass = \"preise\"\npaths = [\"/preise\", \"shop.*\"]";
    let decoder = decoder_from(toml);
    let class = |url: &str| {
        let mut class = None;
        decoder.decode(format!(r#"{{"url":"{url}","ts":1700000000}}"#).as_bytes(), &mut |element| {
            if let Element::Signal(signal) = element {
                class = signal.class.map(std::borrow::Cow::into_owned);
            }
        });
        class
    };
    assert_eq!(class("https://x.io/preise/b").as_deref(), Some("preise"));
    assert_eq!(class("https://shop.x.io/a").as_deref(), Some("preise"));
    assert_eq!(class("https://x.io/pricing"), None);
}
