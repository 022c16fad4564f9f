//! Filters: what they read, what is refused when they are stated, what becomes of a record that they fail on.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use common::{Seen, elements};
use winback_sources::{Decoder, Element, Incoming, MAX_OUTPUTS, SourceConfig, Start, Wanted};

fn source(code: &str) -> SourceConfig {
    let preset = SourceConfig::of_preset("t", "web", Start::Earliest);
    SourceConfig { preset: None, jq: Some(code.to_owned()), ..preset }
}

fn filter(code: &str) -> Decoder {
    Decoder::new("x", &source(code)).unwrap()
}

fn error(code: &str) -> String {
    Decoder::new("x", &source(code)).unwrap_err().to_string()
}

fn dead(code: &str, record: &str) -> String {
    match &elements(&filter(code), record.as_bytes())[..] {
        [Seen::Dead(reason, text)] => format!("{reason}: {text}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_filter_turns_a_record_into_signals_in_the_plain_shape() {
    let code = r#".rounds[] | select(.size > 0)
        | { id: .no, kind: "funding_news", class: (.stage | ascii_downcase), at: .day, domain: .site, name: .co,
            detail: "\(.co) raised \(.size)", email: null, ip: "192.0.2.7" }"#;
    let record = r#"{"rounds":[{"no":7,"stage":"SEED","day":"2026-01-31","site":"acme.example","co":"Acme","size":5},{"size":0}]}"#;
    let mut seen = 0;
    filter(code).decode(record.as_bytes(), &mut |element| {
        let Element::Signal(signal) = element else { panic!("{element:?}") };
        seen += 1;
        assert_eq!((signal.id.as_ref(), signal.class.as_deref()), ("7", Some("seed")));
        assert_eq!(
            (signal.at.to_string().as_str(), signal.detail.as_ref()),
            ("2026-01-31T00:00:00Z", "Acme raised 5")
        );
        assert_eq!(signal.who.address, Some("192.0.2.7".parse().unwrap()));
        assert_eq!(signal.who.email, None);
    });
    assert_eq!(seen, 1);
}

#[test]
fn what_a_filter_makes_nothing_of_is_dropped_and_what_it_drops_says_why() {
    let nothing = elements(&filter("select(.a)"), b"{}");
    assert_eq!(nothing, [Seen::Dropped("not_interest".into())]);
    let said = elements(&filter("{drop: .why}"), br#"{"why":"bot"}"#);
    assert_eq!(said, [Seen::Dropped("bot".into())]);
    assert_eq!(elements(&filter("."), b"[]"), [Seen::Dropped("empty".into())]);
}

#[test]
fn a_filter_that_cannot_run_is_refused_with_line_and_column() {
    for (code, parts) in [
        (".a |", &["line 1, column", "expected term"][..]),
        ("{kind: \"hiring\",\n  at: now}", &["line 2, column 7", "`now`", "same signals"]),
        (".a | foo(1)", &["line 1, column 6", "no filter `foo` of 1 arguments"]),
        ("$ENV.HOME", &["column 1", "`$ENV`", "not a function of the record"]),
        ("env", &["`env`", "not a function"]),
        ("[inputs]", &["`inputs`", "not a function"]),
        ("debug", &["`debug`"]),
        ("localtime", &["`localtime`"]),
        ("repeat(.)", &["`repeat` need not end"]),
        ("until(. > 9; . + 1)", &["`until` need not end"]),
        ("def f: f; f", &["line 1, column 5", "`f` calls itself"]),
        ("def f($n):\n  def g: f($n); g;\nf(1)", &["line 1, column 5", "`f` calls itself"]),
        ("include \"x\"; .", &["may not include others"]),
        ("include \"x\" {search: \"./\"}; .", &["may not include others"]),
        ("import \"x\" as x; .", &["may not include others"]),
        ("import \"/etc/passwd\" as $x; $x", &["no single filter", "import"]),
        ("module {}; .", &["no single filter"]),
        ("winback_filter", &["`winback_filter`", "winback's own"]),
        ("get_search_list", &["no filter `get_search_list`"]),
        ("\"a", &["line 1, column"]),
    ] {
        let said = error(code);
        for part in parts {
            assert!(said.contains(part), "{code}\n says: {said}\n not: {part}");
        }
        assert!(said.starts_with("sources.x.jq = "), "{said}");
    }
}

#[test]
fn a_record_that_a_filter_fails_on_is_dead_with_what_to_do() {
    for (code, record, expected) in [
        (".a.b", r#"{"a":1}"#, "cannot index"),
        ("error(\"no kind: ask the CRM\")", "{}", "mapping: no kind: ask the CRM"),
        ("{at: 1}", "{}", "no `kind`"),
        ("{kind: \"hirin\", at: 1769860800, name: \"x\"}", "{}", "`kind` is `hirin`, which is none"),
        ("{kind: \"hiring\", at: 1769860800}", "{}", "does not say whose it is"),
        ("{kind: \"hiring\", when: 1}", "{}", "a key `when`, which means nothing"),
        ("{kind: \"hiring\", at: \"soon\", name: \"x\"}", "{}", "bad_time: `at` is `soon`"),
        ("{kind: \"hiring\", at: null, name: \"x\"}", "{}", "missing_field: `at`"),
        ("{kind: [1], at: 1}", "{}", "`kind` is `[1]`"),
        ("1", "{}", "an output is `1`"),
        ("{drop: \"bored\"}", "{}", "`drop` is `bored`"),
        ("range(2000) | {drop: \"bot\"}", "{}", "range gives at most 1,000"),
        ("range(0; 5; 0)", "{}", "does not end"),
        (".x | fromjson", r#"{"x":"[[[["}"#, "cannot parse"),
        ("error(\"ask jane@acme.example now\")", "{}", "mapping: ask … now"),
    ] {
        let said = dead(code, record);
        assert!(said.contains(expected), "{code} says {said}, not {expected}");
    }
}

#[test]
fn nesting_within_a_text_is_bounded_like_the_records_own() {
    let deep = format!("{{\"x\":\"{}\"}}", "[".repeat(100_000));
    assert!(dead(".x | fromjson", &deep).contains("nested deeper"));
}

#[test]
fn the_outputs_of_a_record_are_bounded() {
    let seen = elements(&filter("range(1000) as $a | range(11) | {drop: \"bot\"}"), b"{}");
    assert_eq!(seen.len(), MAX_OUTPUTS + 1);
    assert!(
        matches!(seen.last(), Some(Seen::Dead(reason, text)) if reason == "mapping" && text.contains("more than"))
    );
}

#[test]
fn the_library_without_what_need_not_end_still_works() {
    for (code, expected) in [
        ("[1,[2,[3]]] | flatten | length | tostring", "3"),
        ("[[1,2],[3,4]] | transpose | tojson", "[[1,3],[2,4]]"),
        ("[{a:[1]}] | [..] | length | tostring", "4"),
        ("{a:1} | to_entries[0].key", "a"),
        ("\"2026-01-31\" | strptime(\"%Y-%m-%d\") | mktime | tostring", "1769817600"),
        ("\"a-b\" | test(\"^A-\"; \"i\") | tostring", "true"),
        ("[limit(2; range(9))] | tojson", "[0,1]"),
        ("[3,1] | sort | tojson", "[1,3]"),
        ("{a:[1,{b:2}]} | [paths] | length | tostring", "4"),
        ("\"[1,2]\" | fromjson | add | tostring", "3"),
    ] {
        let code = format!("{{kind: \"hiring\", at: 1769860800, name: \"x\", detail: ({code})}}");
        filter(&code).decode(b"{}", &mut |element| match element {
            Element::Signal(signal) => assert_eq!(signal.detail, expected, "{code}"),
            other => panic!("{code}: {other:?}"),
        });
    }
}

#[test]
fn a_calculation_that_the_library_cannot_take_is_dead_and_not_the_end() {
    let code = "[2026, 127, 1, 0, 0, 0] | mktime | tostring | {kind: \"hiring\", at: ., name: \"x\"}";
    let seen = elements(&filter(code), b"{}");
    assert!(matches!(&seen[..], [Seen::Dead(..)]), "{seen:?}");
}

#[test]
fn an_element_is_asked_for_again_by_its_place_in_the_list() {
    let code =
        "if .n == 1 then error(\"one\") else range(.n) | {kind: \"hiring\", at: 1769860800, name: \"x\"} end";
    let again = |code: &str, place| {
        let mut seen = 0;
        filter(code).decode_wanted(
            &Incoming::bare(br#"[{"n":2},{"n":1},{"n":3}]"#),
            Wanted::At(place),
            &mut |_, _| seen += 1,
        );
        seen
    };
    let mut indexes = Vec::new();
    filter(code).decode(br#"[{"n":2},{"n":1},{"n":3}]"#, &mut |element| {
        if let Element::Dead(dead) = element {
            indexes.push(dead.index);
        }
    });
    assert_eq!(indexes, [Some(1)]);
    let mended = code.replace("error(\"one\")", "({}, {}) | {kind: \"hiring\", at: 1769860800, name: \"x\"}");
    assert_eq!(again(&mended, 1), 2, "all that comes of the element, and of no other");
    assert_eq!(again(code, 2), 3);
}
