//! Whatever a row, a record or an argument holds, no command lets it act on the terminal.

#![expect(clippy::unwrap_used, reason = "a test may stop where its own tools fail")]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use serde_json::json;
use winback_core::visible::is_hidden;

/// Clears the screen, sets the title, colours, turns the line, hides, and begins a line of its own.
const HOSTILE: &str =
    "x\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}live\u{200b}\u{2066}\r\nwinback: all is well\u{7f}\u{85}";
/// The styles of winback's own.
const STYLES: [&str; 5] = ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[0m"];

fn winback(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_winback"))
        .args(arguments)
        .current_dir(dir)
        .env("CLICOLOR_FORCE", "1")
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What the command wrote, after a look at every character of it.
fn harmless(dir: &Path, arguments: &[&str]) -> String {
    let output = winback(dir, arguments);
    let mut all = String::new();
    for (stream, bytes) in [("out", output.stdout), ("err", output.stderr)] {
        let text = String::from_utf8(bytes).unwrap();
        let plain = STYLES.iter().fold(text.clone(), |text, style| text.replace(style, ""));
        let acts: Vec<char> = plain.chars().filter(|c| is_hidden(*c) && *c != '\n').collect();
        assert!(acts.is_empty(), "{arguments:?} writes {acts:?} to {stream}: {plain:?}");
        assert!(
            !plain.lines().any(|line| line.starts_with("winback: all is well")),
            "{arguments:?}: {plain}"
        );
        all += &plain;
    }
    all
}

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let config = "log = \"sqlite:try.db\"\n[http]\nlisten = \"\"\n[sources.news]\ntopic = \"news\"\njq = \".\"\nstart = \"earliest\"\n";
    std::fs::write(dir.path().join("winback.toml"), config).unwrap();
    let row = json!({
        "account_id": "evil-1", "name": HOSTILE, "aliases": [HOSTILE], "domains": ["evil.example"],
        "churned_at": "2026-01-31", "arr_usd": 84_000, "reason": "product_gap", "reason_detail": HOSTILE, "owner": HOSTILE,
        "competitor": HOSTILE, "missing_features": [HOSTILE], "concessions": [HOSTILE],
        "contacts": [{ "email": "a@evil.example", "role": HOSTILE }],
    });
    std::fs::write(
        dir.path().join("rows.jsonl"),
        format!("{row}\n{}\n", json!({ "account_id": HOSTILE, "reason": HOSTILE })),
    )
    .unwrap();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let mut records: Vec<String> = ["email_reply", "web_visit", "hiring", "funding_news", "self_reactivation"]
        .iter()
        .map(|kind| {
            let id = format!("{kind}{HOSTILE}");
            json!({ "id": id, "kind": kind, "class": HOSTILE, "at": now, "account_id": "evil-1", "detail": HOSTILE }).to_string()
        })
        .collect();
    records.push(json!({ "kind": HOSTILE, "at": now, "name": HOSTILE }).to_string());
    records.push(json!({ HOSTILE: 1 }).to_string());
    records.push(format!("no json {}", HOSTILE.replace(['\r', '\n'], "")));
    std::fs::write(dir.path().join("news.jsonl"), records.join("\n")).unwrap();
    dir
}

#[test]
fn no_command_lets_data_act_on_the_terminal() {
    let dir = folder();
    let dir = dir.path();
    let imported = harmless(dir, &["accounts", "import", "rows.jsonl"]);
    assert!(imported.contains("1 row written, 1 row left out"), "{imported}");
    harmless(dir, &["ingest", "news", "news.jsonl", "--format", "jsonl", "--yes"]);
    harmless(dir, &["run", "--until-idle"]);
    let listed = harmless(dir, &["accounts", "list"]);
    assert!(listed.contains("evil-1") && listed.contains("x\\u{1b}[2J\\u{1b}]0;owned"), "{listed}");
    let triggers = harmless(dir, &["triggers"]);
    assert!(triggers.contains("x\\u{1b}[2J"), "{triggers}");
    let story = harmless(dir, &["explain", "evil-1"]);
    assert!(story.contains("x\\u{1b}[2J"), "{story}");
    let letters = harmless(dir, &["dead-letters", "list"]);
    assert!(letters.contains("malformed_json"), "{letters}");
    let shown: [&[&str]; 20] = [
        &["accounts", "show", "evil-1"],
        &["accounts", "show", HOSTILE],
        &["accounts", "import", "rows.jsonl", "--replace", "--yes"],
        &["decisions"],
        &["decisions", "--account", HOSTILE],
        &["explain", HOSTILE],
        &["dead-letters", "list", "--summary"],
        &["dead-letters", "list", "--reason", HOSTILE],
        &["dead-letters", "list", "--since", HOSTILE],
        &["dead-letters", "show", "0"],
        &["dead-letters", "show", "1"],
        &["dead-letters", "show", "2"],
        &["dead-letters", "replay", "--dry-run"],
        &["source", "test", "--source", "news", "news.jsonl", "--accounts", "rows.jsonl"],
        &["source", "test", "--source", HOSTILE, "news.jsonl"],
        &["erase", "evil-1", "--dry-run"],
        &["hold", "--why", HOSTILE, "--by", HOSTILE],
        &["holds"],
        &["--log", HOSTILE, "triggers"],
        &["--config", HOSTILE, "config", "show"],
    ];
    for arguments in shown {
        harmless(dir, arguments);
    }
    for arguments in [&[HOSTILE][..], &["triggers", "--limit", HOSTILE], &["triggers", HOSTILE]] {
        let told = harmless(dir, arguments);
        assert!(told.contains("error:") && told.contains("x\\u{1b}[2J"), "{arguments:?}: {told}");
    }
    for arguments in [
        &["triggers"][..],
        &["decisions"],
        &["accounts", "list"],
        &["explain", "evil-1"],
        &["dead-letters", "list"],
        &["holds"],
    ] {
        let with_json: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
        let told = harmless(dir, &with_json);
        let values: Vec<serde_json::Value> =
            told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        assert!(!values.is_empty(), "{arguments:?}: {told}");
    }
}

#[test]
fn a_row_that_no_topic_takes_is_counted_as_left_out() {
    let dir = folder();
    let id = "i".repeat(600 << 10);
    let row =
        |id: &str| json!({ "account_id": id, "churned_at": "2026-01-31", "reason": "unknown" }).to_string();
    std::fs::write(dir.path().join("rows.jsonl"), format!("{}\n{}\n", row(&id), row("good"))).unwrap();
    let output = winback(dir.path(), &["accounts", "import", "rows.jsonl"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.trim()), (Some(4), "1 row written, 1 row left out"), "{told}");
    assert!(told.contains("line 1"), "{told}");
}

#[test]
fn a_password_in_an_address_is_not_told() {
    let dir = folder();
    for arguments in [&["triggers"][..], &["config", "show"], &["config", "check"], &["run", "--until-idle"]]
    {
        let mut all = vec!["--log", "kafka://me:t0ken@127.0.0.1:1"];
        all.extend(arguments);
        let told = harmless(dir.path(), &all);
        assert!(!told.contains("t0ken"), "{arguments:?}: {told}");
    }
}

#[test]
fn wrong_use_and_a_short_secret_end_with_the_documented_code_and_a_line() {
    let dir = folder();
    for arguments in [
        &["no-such-command"][..],
        &["triggers", "--limit", "many"],
        &["--log", "nope:x", "triggers"],
        &["--config", "none.toml", "triggers"],
    ] {
        let output = winback(dir.path(), arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
    let config = "log = \"sqlite:try.db\"\n[http]\nlisten = \"\"\n[worker]\ndeliver = \"webhook\"\n[worker.webhook]\n\
                  url = \"https://h.example/\"\nsecret = \"whsec_AA==\"\n";
    std::fs::write(dir.path().join("winback.toml"), config).unwrap();
    for arguments in [&["config", "check"][..], &["run", "--until-idle"]] {
        let output = winback(dir.path(), arguments);
        let told =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success()
                && told.contains("worker.webhook.secret")
                && told.contains("24 to 64 random bytes"),
            "{arguments:?}: {told}"
        );
    }
}
