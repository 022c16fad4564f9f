//! `source test` and `source presets` through the command line.

#![expect(clippy::unwrap_used, reason = "a test may stop where its own tools fail")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

fn winback(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_winback")).args(arguments).current_dir(dir).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let news = [
        r#"{"id":"n-1","kind":"executive_change","company":"Acme","domain":"acme.io","title":"A new CTO","date":"2026-01-31"}"#,
        r#"[{"id":"n-2","kind":"layoffs","company":"Acme"},{"id":"n-3","kind":"rumour","company":"Acme"}]"#,
        r#"{"id":"n-4","kind":"conference","company":"Globex","date":"2026-01-31"}"#,
        "not json",
    ];
    std::fs::write(dir.path().join("news.jsonl"), news.join("\n")).unwrap();
    let account = r#"{"account_id":"A-1","name":"Acme","domain":"acme.io","churned_at":"2025-01-31","reason":"unknown"}"#;
    std::fs::write(dir.path().join("churned.jsonl"), format!("{account}\n{{}}\n")).unwrap();
    let whole = "{\n  \"id\": \"n-5\",\n  \"kind\": \"speaker\",\n  \"company\": \"Acme\",\n  \"date\": \"2026-01-31\"\n}\n";
    std::fs::write(dir.path().join("whole.json"), whole).unwrap();
    dir
}

#[test]
fn each_event_is_told_with_what_came_of_it_and_why() {
    let dir = folder();
    let output = winback(dir.path(), &["source", "test", "--preset", "company_news", "news.jsonl"]);
    assert_eq!(output.status.code(), Some(4), "there would be dead letters");
    let said = text(&output);
    for part in [
        "company_news · news.jsonl",
        "1  signal   executive_change  2026-01-31 00:00  A new CTO",
        "by domain acme.io · name acme  ·  id n-1",
        "2  dropped  not_interest  no sign of interest",
        "2.1  dead     unknown_event  `/kind or /type or /category or /signal` is `rumour`",
        "4  dead     malformed_json",
        "4 records with 5 events",
        "signal           2  conference 1 · executive_change 1",
        "dead             2  malformed_json 1 · unknown_event 1",
    ] {
        assert!(said.contains(part), "it does not say: {part}\n{said}");
    }
    assert!(!dir.path().join("winback.db").exists(), "no log is made");
}

#[test]
fn with_accounts_each_signal_says_whose_it_is() {
    let dir = folder();
    let arguments =
        ["--json", "source", "test", "--preset", "company_news", "news.jsonl", "--accounts", "churned.jsonl"];
    let output = winback(dir.path(), &arguments);
    let lines: Vec<Value> = text(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[0]["match"], json!({"account":"A-1","method":"domain","by":"domain acme.io"}));
    assert_eq!((&lines[2]["line"], &lines[2]["element"]), (&2.into(), &1.into()));
    assert_eq!(lines[3]["match"], Value::Null);
    let counts = &lines[5];
    let sum = |key: &str| counts[key].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>();
    assert_eq!(counts["events"].as_u64().unwrap(), sum("signals") + sum("dropped") + sum("dead"));
    assert_eq!(sum("signals"), sum("matched") + counts["unmatched"].as_u64().unwrap());
}

#[test]
fn an_id_or_a_title_with_an_address_in_it_is_not_shown_whole() {
    let dir = folder();
    let time = "2026-01-31T12:00:00Z";
    let who = "jane.doe@acme.io";
    let news = json!({"id": format!("n:{who}"), "kind": "conference", "company": "Acme", "title": format!("Meet {who}"),
        "date": "2026-01-31"});
    let answer = json!({"id": format!("r:{who}"), "kind": "replied", "account_id": "A-1", "time": time});
    let release = json!({"id": format!("rel:{who}"), "type": "feature", "title": format!("SSO for {who}"),
        "features": ["SSO"], "date": "2026-01-31"});
    for (preset, record, outcome) in
        [("company_news", news, "signal"), ("responses", answer, "answer"), ("releases", release, "fan_out")]
    {
        std::fs::write(dir.path().join("one.jsonl"), record.to_string()).unwrap();
        for form in [&["--json"][..], &[]] {
            let said = text(&winback(
                dir.path(),
                &[form, &["source", "test", "--preset", preset, "one.jsonl"]].concat(),
            ));
            assert!(!said.contains("jane"), "{said}");
            assert!(said.contains("h-"), "its hash tells it from others: {said}");
            assert!(form.is_empty() || said.contains(&format!("\"{outcome}\"")), "{said}");
        }
    }
}

#[test]
fn only_what_is_asked_for_is_shown_and_all_is_counted() {
    let dir = folder();
    let arguments =
        ["source", "test", "--preset", "company_news", "news.jsonl", "--only", "signal", "--limit", "1"];
    let said = text(&winback(dir.path(), &arguments));
    assert!(said.contains("n-1") && !said.contains("n-4") && !said.contains("rumour"), "{said}");
    assert!(said.contains("… and 1 more") && said.contains("4 records with 5 events"), "{said}");
}

#[test]
fn a_document_over_several_lines_is_one_record_and_a_source_of_the_config_is_found() {
    let dir = folder();
    let output = winback(dir.path(), &["source", "test", "--preset", "company_news", "whole.json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("1 record with 1 event"));
    let usual = winback(dir.path(), &["source", "test", "--source", "funding", "whole.json"]);
    assert!(text(&usual).contains("funding · whole.json"), "{}", text(&usual));
    for (arguments, expected) in [
        (&["source", "test", "whole.json"][..], "name a source with --source"),
        (&["source", "test", "--source", "salesforce", "whole.json"], "write --preset salesforce"),
        (&["source", "test", "--preset", "sales", "whole.json"], "is no preset: did you mean"),
        (&["source", "test", "--preset", "web", "nowhere.jsonl"], "nowhere.jsonl"),
    ] {
        let refused = winback(dir.path(), arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn every_preset_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    let said = text(&winback(dir.path(), &["source", "presets"]));
    for info in winback_sources::presets() {
        assert!(said.contains(info.preset.as_str()) && said.contains(info.reads), "{said}");
    }
}

#[test]
fn a_time_ahead_of_now_is_the_dead_letter_that_a_run_makes_of_it() {
    let dir = folder();
    let year = 24 * 365;
    let at = |hours: i64| {
        let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        i64::try_from(seconds).unwrap() + hours * 3_600
    };
    let visit =
        |id: &str, hours: i64| json!({"id": id, "path": "/pricing", "email": "jo@acme.io", "ts": at(hours)});
    let visits = [visit("now", 0), visit("soon", 20), visit("next", year)];
    let answer = json!({"id": "r-1", "kind": "replied", "account_id": "A-1", "time": at(year)});
    let lines: Vec<_> = visits.iter().map(ToString::to_string).collect();
    std::fs::write(dir.path().join("visits.jsonl"), lines.join("\n")).unwrap();
    std::fs::write(dir.path().join("answers.jsonl"), answer.to_string()).unwrap();
    let outcomes = |preset: &str, file: &str| -> Vec<(String, String)> {
        let output = winback(dir.path(), &["--json", "source", "test", "--preset", preset, file]);
        assert_eq!(output.status.code(), Some(4), "there would be dead letters");
        let lines: Vec<Value> =
            text(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let said = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        lines[..lines.len() - 1].iter().map(|line| (said(line, "outcome"), said(line, "reason"))).collect()
    };
    let pair = |outcome: &str, reason: &str| (outcome.to_owned(), reason.to_owned());
    let expected = [pair("signal", ""), pair("signal", ""), pair("dead", "future")];
    assert_eq!(outcomes("web", "visits.jsonl"), expected);
    assert_eq!(outcomes("responses", "answers.jsonl"), [pair("dead", "future")]);
}
