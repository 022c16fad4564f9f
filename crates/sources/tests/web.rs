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
        (
            "combined_log",
            r#"h - - [1/May/15] "GET / HTTP/1.1" 200 5 "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36""#,
            "dead bad_time",
        ),
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

#[test]
fn a_page_is_found_however_its_address_is_written() {
    let decoder = decoder("segment");
    for (url, class, detail) in [
        ("https://us.example/#/pricing", Some("pricing"), "/pricing"),
        ("https://us.example/app#!/billing/plan?x=1", Some("billing"), "/billing/plan"),
        ("https://us.example/pricing#/yearly", Some("pricing"), "/pricing"),
        ("https://us.example/%70ricing", Some("pricing"), "/%70ricing"),
        ("https://us.example/pricing;jsessionid=0A1B2C", Some("pricing"), "/pricing"),
        ("us.example/pricing", Some("pricing"), "/pricing"),
        ("HTTPS://us.example/PRICING/", Some("pricing"), "/PRICING/"),
        ("https://us.example/ja/%E6%96%99%E9%87%91", Some("pricing"), "/ja/%E6%96%99%E9%87%91"),
        ("https://us.example/docs#pricing", Some("docs"), "/docs"),
        ("https://us.example/#/somewhere", None, "/somewhere"),
    ] {
        let call = format!(
            r#"{{"type":"page","messageId":"1","timestamp":1772359200,"properties":{{"url":"{url}"}}}}"#
        );
        with_signal(&decoder, &call, |signal| {
            assert_eq!((signal.class.as_deref(), signal.detail.as_ref()), (class, detail), "{url}");
        });
    }
}

#[test]
fn pages_have_their_class_in_the_languages_of_customers() {
    let decoder = decoder("web");
    let table = [
        ("pricing", "preise tarifs precios precos prezzi prijzen harga 料金 요금제 价格"),
        ("billing", "rechnungen facturation facturas faturas fatture facturen pembayaran 請求書 결제 账单"),
        (
            "sign_up",
            "registrieren inscription registro cadastro registrati registreren daftar 新規登録 회원가입 注册",
        ),
        ("login", "anmelden connexion iniciar-sesion entrar accedi inloggen log-masuk ログイン 로그인 登录"),
        (
            "contact_sales",
            "vertrieb devis ventas vendas preventivo offerte hubungi-jualan お見積り 도입문의 联系销售",
        ),
        (
            "demo",
            "demo-anfordern demander-une-demo solicitar-demo demonstracao richiedi-demo demo-aanvragen minta-demo デモ 데모신청 预约演示",
        ),
        (
            "reactivation",
            "reaktivieren reactiver reactivar reativar riattiva heractiveren aktifkan-semula 再開 재활성화 重新激活",
        ),
    ];
    for (class, words) in table {
        for word in words.split(' ') {
            let view = format!(r#"{{"url":"https://us.example/{word}/x","ts":1700000000}}"#);
            with_signal(&decoder, &view, |signal| assert_eq!(signal.class.as_deref(), Some(class), "{word}"));
        }
    }
}

#[test]
fn our_own_host_in_front_of_a_line_is_not_the_visitor() {
    let rest =
        r#"- - [17/May/2015:12:05:03 +0200] "GET /pricing HTTP/1.1" 200 20 "-" "Mozilla/5.0 (X11; Linux)""#;
    let decoder = decoder("combined_log");
    for (front, address, domain) in [
        ("www.us.example:443 192.0.2.7", Some("192.0.2.7"), None),
        ("us.example 192.0.2.7", Some("192.0.2.7"), None),
        ("us.example:80 2001:db8::7", Some("2001:db8::7"), None),
        ("us.example:80 gw.acme.example", None, Some("gw.acme.example")),
        ("192.0.2.7", Some("192.0.2.7"), None),
        ("gw.acme.example", None, Some("gw.acme.example")),
    ] {
        with_signal(&decoder, &format!("{front} {rest}"), |signal| {
            assert_eq!(signal.who.address, address.map(|text| text.parse().unwrap()), "{front}");
            assert_eq!(signal.who.domain.as_deref(), domain, "{front}");
        });
    }
    let named = rest.replacen("- -", "- Nora Pell", 1);
    with_signal(&decoder, &format!("192.0.2.7 {named}"), |signal| {
        assert_eq!(signal.who.address, "192.0.2.7".parse().ok());
    });
}

#[test]
fn a_forwarded_address_counts_only_behind_a_proxy_of_ours() {
    let line = |host: &str, behind: &str| {
        format!(
            r#"{host} - - [17/May/2015:12:05:03 +0200] "GET / HTTP/1.1" 200 20 "-" "Mozilla/5.0 (X11)"{behind}"#
        )
    };
    let ours = decoder_from(
        "topic = \"t\"\nstart = \"latest\"\npreset = \"combined_log\"\nproxies = [\"10.0.0.0/8\", \"192.0.2.1\"]",
    );
    for (host, behind, without, with) in [
        ("10.0.0.4", r#" "203.0.113.9, 10.1.1.1""#, "10.0.0.4", "203.0.113.9"),
        ("192.0.2.1", r#" "203.0.113.9""#, "192.0.2.1", "203.0.113.9"),
        ("10.0.0.4", r#" "198.51.100.1, 203.0.113.9, 10.1.1.1""#, "10.0.0.4", "203.0.113.9"),
        ("10.0.0.4", r#" 0.005 "-" "203.0.113.9""#, "10.0.0.4", "203.0.113.9"),
        ("10.0.0.4", " 203.0.113.9", "10.0.0.4", "203.0.113.9"),
        ("10.0.0.4", r#" "unknown""#, "10.0.0.4", "10.0.0.4"),
        ("10.0.0.4", "", "10.0.0.4", "10.0.0.4"),
        ("198.51.100.7", r#" "203.0.113.9""#, "198.51.100.7", "198.51.100.7"),
    ] {
        let line = line(host, behind);
        with_signal(&decoder("combined_log"), &line, |signal| {
            assert_eq!(signal.who.address, without.parse().ok(), "{line}");
        });
        with_signal(&ours, &line, |signal| assert_eq!(signal.who.address, with.parse().ok(), "{line}"));
    }
    let wrong = |toml: &str| Decoder::new("logs", &toml::from_str(toml).unwrap()).unwrap_err().to_string();
    let base = "topic = \"t\"\nstart = \"latest\"\n";
    let error = wrong(&format!("{base}preset = \"combined_log\"\nproxies = [\"everybody\"]"));
    assert!(
        error.contains("sources.logs.proxies = \"everybody\"") && error.contains("10.0.0.0/8"),
        "{error}"
    );
    let error = wrong(&format!("{base}preset = \"web\"\nproxies = [\"10.0.0.0/8\"]"));
    assert!(error.contains("proxies has no effect with preset \"web\""), "{error}");
}
