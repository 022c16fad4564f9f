//! `accounts` through the command line: what is imported, listed, shown, replaced.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop where its own tools fail")]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::Value;
use winback_log::{Append, SystemClock};
use winback_logs::OpenOptions;
use winback_proto::{Encoding, WireMessage as _, account};
use winback_registrar::{Row, read_row};

fn winback(dir: &Path, arguments: &[&str]) -> Output {
    let binary = env!("CARGO_BIN_EXE_winback");
    let arguments = ["--log", "sqlite:try.db", "--json"].iter().chain(arguments);
    Command::new(binary).args(arguments).current_dir(dir).stdin(std::process::Stdio::null()).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn row(id: &str, name: &str) -> String {
    format!(
        r#"{{"account_id":"{id}","name":"{name}","domains":["{id}.example"],"contacts":["jane@{id}.example"],"churned_at":"2026-01-31","reason":"product_gap"}}"#
    )
}

/// Takes rows in as the registrar does.
fn register(dir: &Path, rows: &[String]) {
    let url = format!("sqlite:{}", dir.join("try.db").display());
    let log = winback_logs::open(&url, Arc::new(SystemClock), &OpenOptions::default()).unwrap();
    let mut writer = log.writer().unwrap();
    for row in rows {
        let Ok(Row::Put(put, _)) = read_row(row.as_bytes(), 7) else { panic!("{row}") };
        let value = account::to_wire(&put).to_bytes(Encoding::Protobuf);
        let (key, value) = (Some(put.id.as_str().as_bytes()), Some(value.as_slice()));
        writer
            .append(&Append {
                topic: "winback.accounts",
                partition: None,
                key,
                value,
                headers: &[],
                timestamp: None,
            })
            .unwrap();
    }
    writer.flush().unwrap();
}

#[test]
fn good_rows_are_taken_and_bad_ones_told_with_their_line() {
    let dir = tempfile::tempdir().unwrap();
    let rows = format!("{}\n{{\"account_id\":\"b\"}}\n\n{}\n", row("a", "A"), row("c", "C"));
    std::fs::write(dir.path().join("rows.jsonl"), rows).unwrap();
    let output = winback(dir.path(), &["accounts", "import", "rows.jsonl"]);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("line 2: `churned_at` is missing")
            || stderr(&output).contains("line 2: `reason` is missing"),
        "{}",
        stderr(&output)
    );
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((told["written"].as_u64(), told["left_out"].as_u64()), (Some(2), Some(1)));
    let output = winback(dir.path(), &["accounts", "list"]);
    assert!(
        output.status.success() && stderr(&output).contains("2 rows wait in `accounts`"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_spreadsheet_is_a_list_too() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("rows.csv"),
        "id,name,domain,churn_date,reason,arr\na,Acme,acme.example,2026-01-31,competitor,\"$84,000\"\n",
    )
    .unwrap();
    let output = winback(dir.path(), &["accounts", "import", "rows.csv"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn accounts_are_listed_and_shown_without_their_contacts() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("none.jsonl"), "").unwrap();
    assert!(winback(dir.path(), &["accounts", "import", "none.jsonl"]).status.success());
    register(dir.path(), &[row("a", "A"), row("b", "B"), row("a", "A2")]);
    let listed = winback(dir.path(), &["accounts", "list"]);
    let lines: Vec<Value> = String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.iter().map(|line| line["name"].as_str().unwrap()).collect::<Vec<_>>(), ["A2", "B"]);
    let shown: Value =
        serde_json::from_slice(&winback(dir.path(), &["accounts", "show", "b"]).stdout).unwrap();
    assert_eq!(shown["contacts"][0]["emailSha256"].as_str().unwrap().len(), 8, "{shown}");
    let absent = winback(dir.path(), &["accounts", "show", "nobody"]);
    assert_eq!(absent.status.code(), Some(4));
    assert!(stderr(&absent).contains("nobody"));
}

#[test]
fn a_replaced_list_is_asked_for_and_says_what_changes() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("all.jsonl"),
        format!("{}\n{}\n{}\n", row("a", "A"), row("b", "B"), row("c", "C")),
    )
    .unwrap();
    std::fs::write(dir.path().join("less.jsonl"), format!("{}\n{}\n", row("a", "A"), row("b", "Bee")))
        .unwrap();
    std::fs::write(dir.path().join("bad.jsonl"), format!("{}\n{{}}\n", row("a", "A"))).unwrap();
    std::fs::write(dir.path().join("none.jsonl"), "").unwrap();
    assert!(winback(dir.path(), &["accounts", "import", "none.jsonl"]).status.success());
    register(dir.path(), &[row("a", "A"), row("b", "B")]);
    assert!(winback(dir.path(), &["accounts", "import", "all.jsonl"]).status.success(), "c is pending");

    let asked = winback(dir.path(), &["accounts", "import", "less.jsonl", "--replace"]);
    let text = stderr(&asked);
    assert_eq!(asked.status.code(), Some(2), "{text}");
    for part in ["0 added", "1 changed: b", "1 removed: c", "--yes"] {
        assert!(text.contains(part), "{text}");
    }
    for file in ["bad.jsonl", "none.jsonl"] {
        let refused = winback(dir.path(), &["accounts", "import", file, "--replace", "--yes"]);
        assert_eq!(refused.status.code(), Some(4), "{}", stderr(&refused));
        assert!(stderr(&refused).contains("nothing was written"));
    }
    let done = winback(dir.path(), &["accounts", "import", "less.jsonl", "--replace", "--yes"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((told["written"].as_u64(), told["removed"].as_u64()), (Some(2), Some(1)));
    let again = winback(dir.path(), &["accounts", "import", "less.jsonl", "--replace"]);
    assert!(again.status.success(), "nothing is left to remove: {}", stderr(&again));
}
