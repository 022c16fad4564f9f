//! A filter's work and memory are bounded by what it was given, whatever it is made to do. Alone in its binary: it reads
//! the memory of its process.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use common::{Seen, elements};
use winback_sources::{Decoder, SourceConfig, Start};

/// Filters that grow what they are given: some by a slip, some on purpose.
const HOSTILE: &[&str] = &[
    "reduce range(1000) as $i (.s; . + .)",
    "reduce range(1000) as $i (.s; . += .)",
    "reduce range(1000) as $i (.; .s |= . + .)",
    "reduce range(1000) as $i (.s; \"\\(.)\\(.)\")",
    "reduce range(1000) as $i (.s; [., .] | join(\"\"))",
    "reduce range(1000) as $i (.s; [., .] | add)",
    "reduce range(1000) as $i (.s; tojson)",
    "reduce range(1000) as $i (.s; @base64)",
    "reduce range(1000) as $i ([.s]; [., .])",
    "reduce range(1000) as $i ([.s]; [., .]) | tojson | length",
    "reduce range(1000) as $i ([.s]; . + .)",
    "reduce range(1000) as $i (.; .a = . | .b = .)",
    "reduce range(1000) as $i (.; {a: ., b: .})",
    "reduce range(1000) as $i (.; . as $x | {} | .[\"a\", \"b\"] = $x)",
    "reduce range(1000) as $i (2; . * .)",
    "reduce range(1000) as $i (3; . *= .)",
    "reduce range(1000) as $i (.; [.])",
    "foreach range(1000) as $i (.s; . + .; empty)",
    "\"xxxxxxxxxxxxxxxx\" * 1000000000",
    "1000000000 * .s",
    ".s |= . * 1000000000",
    ".s *= 1000000000",
    "[range(1000) as $a | range(1000) as $b | range(1000) as $c | 1]",
    "range(1000) as $a | range(1000) as $b | range(1000) as $c | empty",
    "[range(1000) | . as $a | range(1000) | \"\\($a)\" * 1000]",
    "[range(1000)] | map([range(1000)]) | map(.[]) | map([range(1000)]) | length",
    "[range(1000)] | sort_by([range(1000)] | map([range(1000)]))",
    "[range(1000)] | group_by(\"x\" * 1000000)",
    "[range(1000)] | [., ., ., .] | combinations",
    "[.. , ..] | [.. , ..] | [.. , ..] | [.[] | .., ..] | [.[] | .., ..] | [.[] | .., ..] | [.[] | .., ..]",
    "[range(1000)] | . as $l | [range(1000)] | map($l) | contains(map($l))",
    "(\"x\" * 100000) | [range(1000) as $i | matches(\"\"; \"g\")]",
    "(\"x\" * 500000) | gsub(\"\"; \"yy\")",
    "(\"x\" * 900000) / \"\"",
    "(\"x\" * 500000) | [range(1000) as $a | range(1000) as $b | explode] | length",
    "def twice(f): f | f; def a: twice(. + .); def b: twice(a); def c: twice(b); def d: twice(c); .s | twice(twice(d))",
    "path(range(1000) as $a | range(1000) as $b | range(1000) as $c | .s)",
    "[limit(1000000000; range(1000) as $a | range(1000) as $b | range(1000))]",
    "(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|(.,.)|empty",
];

fn filter(code: &str) -> Decoder {
    let preset = SourceConfig::of_preset("t", "web", Start::Earliest);
    Decoder::new("x", &SourceConfig { preset: None, jq: Some(code.to_owned()), ..preset }).unwrap()
}

fn record(bytes: usize) -> String {
    format!("{{\"s\":\"{}\"}}", "s".repeat(bytes))
}

/// The most memory that the process had so far, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}

#[test]
fn what_grows_what_it_is_given_is_dead_and_takes_memory_in_proportion_to_it() {
    const FLAT: usize = 96 << 20;
    for bytes in [1, 1_000, 100_000] {
        let (record, before, mut alive) = (record(bytes), peak(), Vec::new());
        for code in HOSTILE {
            // Caught or not, it ends the same.
            let caught = [
                (*code).to_owned(),
                format!("({code})?"),
                format!("try ({code}) catch empty"),
                format!("({code}) // 1"),
            ];
            for code in caught {
                let seen = elements(&filter(&code), record.as_bytes());
                let dead = seen
                    .iter()
                    .any(|seen| matches!(seen, Seen::Dead(_, text) if text.starts_with("the filter ")));
                if !dead {
                    alive.push(format!("{code}: {:?}", seen.first()));
                }
            }
        }
        assert!(alive.is_empty(), "on {bytes} bytes:\n{}", alive.join("\n"));
        if cfg!(target_os = "linux") {
            let grew = peak() - before;
            assert!(grew < FLAT + 64 * bytes, "{grew} bytes more for a record of {bytes}");
        }
    }
}

#[test]
fn one_event_that_grows_takes_no_other_of_its_record_along() {
    let code = "(if .n == 1 then reduce range(1000) as $i (\"x\"; . + .) else . end) | {kind: \"hiring\", at: 1769860800, name: \"x\"}";
    let seen = elements(&filter(code), br#"[{"n":0},{"n":1},{"n":2}]"#);
    let dead = seen.iter().filter(|seen| matches!(seen, Seen::Dead(..))).count();
    assert_eq!((seen.len(), dead), (3, 1), "{seen:?}");
}

#[test]
fn well_meant_filters_have_room() {
    let people: Vec<String> = (0..3_000)
        .map(|at| format!("{{\"id\":\"p{at}\",\"tags\":[\"a\",\"b\"],\"mail\":\"p{at} at acme\"}}"))
        .collect();
    let record = format!("{{\"people\":[{}],\"s\":\"{}\"}}", people.join(","), "word ".repeat(10_000));
    for code in [
        "[.people[] | select(.tags | index(\"a\"))] | length",
        ".people | map({key: .id, value: .}) | from_entries | length",
        ".people | map(.mail | sub(\" at \"; \"@\")) | unique | length",
        "[.people[].id] | join(\",\") | length",
        ".people | group_by(.tags) | map(length) | add",
        "reduce .people[] as $p ({}; .[$p.id] = ($p.tags | length)) | length",
        ".s | [splits(\" \")] | length",
        ".people |= map(.id |= ascii_upcase) | .people[0].id",
        "walk(if type == \"string\" then ascii_downcase else . end) | .people | length",
        "[paths] | length",
        ".people | sort_by(.id) | .[:10] | tojson | length",
    ] {
        let code =
            format!("({code}) | tostring | {{kind: \"hiring\", at: 1769860800, name: \"x\", detail: .}}");
        let seen = elements(&filter(&code), record.as_bytes());
        assert!(!seen.iter().any(|seen| matches!(seen, Seen::Dead(..))), "{code}: {seen:?}");
    }
}
