//! `ingest` through the command line: every record arrives once, in the order in which it happened.

#![expect(clippy::unwrap_used, reason = "a test may stop where its own tools fail")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use winback_core::ids::Offset;
use winback_log::{SystemClock, TopicPartition};
use winback_logs::OpenOptions;

fn winback(dir: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_winback"))
        .args(["--log", "sqlite:try.db", "--json"])
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn summary(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Timestamps, keys and values of a topic with one partition.
fn records(dir: &Path, topic: &str) -> Vec<(i64, Option<String>, Vec<u8>)> {
    let url = format!("sqlite:{}", dir.join("try.db").display());
    let log = winback_logs::open(&url, Arc::new(SystemClock), &OpenOptions::default()).unwrap();
    let mut reader = log.reader().unwrap();
    let partition = TopicPartition::new(topic, 0);
    reader.assign(&[(partition.clone(), Offset::ZERO)]).unwrap();
    let end = reader.end_offsets(std::slice::from_ref(&partition)).unwrap()[0];
    let mut messages = Vec::new();
    while reader.position(&partition).unwrap() < end {
        reader.poll(1_000, Duration::from_millis(10), &mut messages).unwrap();
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    messages.iter().map(|m| (m.timestamp.millis(), m.key().map(text), m.value().unwrap().to_vec())).collect()
}

#[test]
fn records_are_sorted_by_when_they_happened_and_stamped_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let lines = "not json\n\
        {\"id\":\"b\",\"company\":\"Bel\",\"date\":\"2026-01-03\"}\n\
        {\"id\":\"\n\
        {\"id\":\"a\",\"company\":\"Acme\",\"domain\":\"acme.example\",\"date\":\"2026-01-02\"}\n\
        {\"id\":\"z\",\"company\":\"Zen\",\"date\":\"2099-01-01\"}\n";
    let told = summary(&winback(dir.path(), &["ingest", "funding", "-"], lines.as_bytes()));
    assert_eq!(
        (told["read"].as_u64(), told["written"].as_u64(), told["dead"].as_u64()),
        (Some(5), Some(5), Some(2))
    );
    let records = records(dir.path(), "funding-news");
    let heads: Vec<String> = records
        .iter()
        .map(|(_, _, value)| String::from_utf8_lossy(&value[..8.min(value.len())]).into())
        .collect();
    assert_eq!(heads, ["not json", "{\"id\":\"a", "{\"id\":\"b", "{\"id\":\"", "{\"id\":\"z"]);
    let keys: Vec<_> = records.iter().map(|(_, key, _)| key.as_deref()).collect();
    assert_eq!(keys, [None, Some("acme.example"), Some("bel"), None, Some("zen")]);
    let times: Vec<i64> = records.iter().map(|(time, ..)| *time).collect();
    assert_eq!(times[0], times[1], "what nobody can date stands with its neighbour");
    assert!(times.is_sorted() && times[4] < 4_000_000_000_000, "what is dated ahead is stamped with now");
}

#[test]
fn what_was_generated_into_files_goes_in_whole() {
    let dir = tempfile::tempdir().unwrap();
    let made = [
        "generate",
        "--accounts",
        "50",
        "--signals",
        "2000",
        "--until",
        "2026-11-01T00:00:00Z",
        "--out",
        "out",
    ];
    assert!(winback(dir.path(), &made, b"").status.success());
    let mut written = 0;
    for (source, topic) in [
        ("web", "web-visits"),
        ("mail", "mail-events"),
        ("funding", "funding-news"),
        ("hiring", "job-posts"),
        ("releases", "releases"),
        ("competitors", "competitor-events"),
    ] {
        let file = format!("out/{source}.jsonl");
        let told = summary(&winback(dir.path(), &["ingest", topic, &file], b""));
        written += told["written"].as_u64().unwrap();
        assert!(records(dir.path(), topic).is_sorted_by_key(|(time, ..)| *time));
    }
    assert_eq!(written, 2_000);
    let told = summary(&winback(dir.path(), &["ingest", "accounts", "out/accounts.jsonl"], b""));
    assert_eq!(told["written"], 50);
}

#[test]
fn a_spreadsheet_that_is_not_utf_8_keeps_its_bytes_and_a_ragged_row_is_told() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("f.csv"),
        b"\xef\xbb\xbfid,company,date\n1,BYJU\x92S,2026-02-01\n2,Short\n3,A,2026-01-01,extra\n\n",
    )
    .unwrap();
    let output = winback(dir.path(), &["ingest", "funding", "f.csv"], b"");
    assert_eq!(output.status.code(), Some(4));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let counted = ["read", "written", "dead", "ragged"].map(|name| told[name].as_u64().unwrap());
    assert_eq!(counted, [3, 1, 1, 2]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("f.csv:3: not written: it has 2 fields, and the header has 3 columns"), "{text}");
    assert!(text.contains("f.csv:4: not written: it has 4 fields"), "{text}");
    let values: Vec<_> = records(dir.path(), "funding-news").into_iter().map(|(_, _, value)| value).collect();
    assert!(values.iter().any(|value| value.windows(6).any(|part| part == b"BYJU\x92S")));
}

#[test]
fn a_line_of_ten_megabytes_is_told_or_written_and_never_lost() {
    let dir = tempfile::tempdir().unwrap();
    let line = |bytes: usize| format!("{{\"id\":\"x\",\"pad\":\"{}\"}}\n", "p".repeat(bytes));
    let told = summary(&winback(dir.path(), &["ingest", "web"], line(10 << 20).as_bytes()));
    assert_eq!((told["written"].as_u64(), told["dead"].as_u64()), (Some(1), Some(1)));
    let output = winback(dir.path(), &["ingest", "web"], (line(11 << 20) + "{}\n").as_bytes());
    assert_eq!(output.status.code(), Some(4));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (told["read"].as_u64(), told["written"].as_u64(), told["too_large"].as_u64()),
        (Some(2), Some(1), Some(1))
    );
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_fix() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("noheader.csv"), "1,Acme,31/01/2026\n").unwrap();
    std::fs::write(dir.path().join("x.data"), "{}").unwrap();
    for (arguments, code, part) in [
        (&["ingest", "wbe", "x.data"][..], 2, "web"),
        (&["ingest", "web", "absent.jsonl"], 2, "absent.jsonl"),
        (&["ingest", "web", "."], 2, "--format"),
        (&["ingest", "web", "x.data"], 2, "--format"),
        (&["ingest", "funding", "noheader.csv"], 1, "header"),
    ] {
        let output = winback(dir.path(), arguments, b"");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(text.contains(part), "{arguments:?}: {text}");
    }
    assert_eq!(summary(&winback(dir.path(), &["ingest", "web", "-"], b""))["written"], 0);
}

/// Progress, as a matcher of a log that is running reports it.
fn pretend_to_run(dir: &Path) {
    use winback_log::Append;
    use winback_proto::{Encoding, WireMessage as _, v1};
    let url = format!("sqlite:{}", dir.join("try.db").display());
    let log = winback_logs::open(&url, Arc::new(SystemClock), &OpenOptions::default()).unwrap();
    let record = v1::InboxRecord { body: Some(v1::inbox_record::Body::Progress(v1::Progress::default())) };
    let value = record.to_bytes(Encoding::Protobuf);
    let mut writer = log.writer().unwrap();
    let append = Append {
        topic: "winback.inbox",
        partition: None,
        key: None,
        value: Some(&value),
        headers: &[],
        timestamp: None,
    };
    writer.append(&append).unwrap();
    writer.flush().unwrap();
}

#[test]
fn the_past_goes_into_a_running_log_only_when_it_is_meant() {
    let dir = tempfile::tempdir().unwrap();
    let line = b"{\"id\":\"a\",\"company\":\"Acme\",\"date\":\"2024-01-02\"}\n";
    assert_eq!(summary(&winback(dir.path(), &["ingest", "funding"], line))["written"], 1);
    pretend_to_run(dir.path());
    let output = winback(dir.path(), &["ingest", "funding"], line);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("1 of 1 events") && text.contains("--yes"), "{text}");
    assert_eq!(summary(&winback(dir.path(), &["ingest", "funding", "--yes"], line))["written"], 1);
    assert_eq!(records(dir.path(), "funding-news").len(), 2);
}
