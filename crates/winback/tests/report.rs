//! The ledger and its report on a hand-made log, through the binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::Value;
use winback_core::account::{Account, Reason};
use winback_core::time::{Span, Time};
use winback_log::{Append, Clock as _, Log, SystemClock};
use winback_logs::OpenOptions;
use winback_proto::{Encoding, Timestamp, WireMessage, v1};

fn winback(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_winback"));
    command.current_dir(dir).args(["--log", "sqlite:try.db"]).args(args).output().unwrap()
}

fn stdout(dir: &Path, args: &[&str]) -> String {
    let output = winback(dir, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn put(log: &dyn Log, topic: &str, key: &str, message: &impl WireMessage) {
    let value = message.to_bytes(Encoding::Protobuf);
    let mut writer = log.writer().unwrap();
    let (key, value) = (Some(key.as_bytes()), Some(value.as_slice()));
    writer.append(&Append { topic, partition: None, key, value, headers: &[], timestamp: None }).unwrap();
    writer.flush().unwrap();
}

fn days_ago(days: i64) -> Time {
    SystemClock.now() - Span::from_days(days)
}

fn stamp(days: i64) -> Option<Timestamp> {
    Some(days_ago(days).into())
}

/// An account that left 100 days ago, was written to 10 days ago, and came back 5 days ago for so much a year.
fn story(log: &dyn Log, id: &str, minor: i64, currency: &str) {
    let account = Account { arr_usd: 24_000, ..Account::new(id, id, days_ago(100), Reason::PriceBudget) };
    put(log, "winback.accounts", id, &winback_proto::account::to_wire(&account));
    // A trigger's id is a hash: it holds no name.
    let trigger_id: String = id.bytes().map(|byte| format!("{byte:02x}")).collect();
    let trigger = v1::Trigger {
        id: trigger_id.clone(),
        policy: "default".to_owned(),
        edge: "trailing".to_owned(),
        account: Some(v1::AccountSnapshot {
            id: id.to_owned(),
            churned_at: stamp(100),
            ..v1::AccountSnapshot::default()
        }),
        fired_at: stamp(10),
        ..v1::Trigger::default()
    };
    put(log, "winback.triggers", id, &trigger);
    let action = v1::Action {
        trigger_id,
        account_id: id.to_owned(),
        outcome: "delivered".to_owned(),
        play: "general".to_owned(),
        channel: "webhook".to_owned(),
        at: stamp(10),
        ..v1::Action::default()
    };
    put(log, "winback.actions", id, &action);
    let back = v1::Response {
        account_id: id.to_owned(),
        id: "1".to_owned(),
        kind: "reactivated".to_owned(),
        event_time: stamp(5),
        source: "responses".to_owned(),
        arr: Some(v1::Money { minor, currency: currency.to_owned() }),
        ..v1::Response::default()
    };
    put(log, "winback.answers", &format!("{id}\0responses\x001"), &back);
}

fn deployment(dir: &Path) -> Arc<dyn Log> {
    assert!(winback(dir, &["topics", "apply"]).status.success());
    let url = format!("sqlite:{}", dir.join("try.db").display());
    winback_logs::open(&url, Arc::new(SystemClock), &OpenOptions::default()).unwrap()
}

/// The last thirty days, as a report takes them.
fn period() -> String {
    let day = |days| days_ago(days).to_string().chars().take(10).collect::<String>();
    format!("{}..{}", day(30), day(0))
}

fn report(dir: &Path, more: &[&str]) -> Value {
    let period = period();
    let text = stdout(dir, &[&["report", "--json", "--period", &period], more].concat());
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_return_after_a_touch_is_in_the_report_with_its_worth_and_its_cost() {
    let dir = tempfile::tempdir().unwrap();
    let log = deployment(dir.path());
    story(&*log, "a", 1_200_000, "USD");
    let month: String = days_ago(10).to_string().chars().take(7).collect();
    std::fs::write(
        dir.path().join("costs.csv"),
        format!("month,kind,name,amount,currency\n{month},touch,webhook,2.50,USD\n"),
    )
    .unwrap();
    stdout(dir.path(), &["ledger", "import", "costs", "costs.csv"]);
    let found = report(dir.path(), &["--by", "play"]);
    assert_eq!((&found["pool"]["of"], &found["pool"]["n"]), (&1.into(), &1.into()));
    assert_eq!(found["origins"]["attributed"], 1);
    assert_eq!((&found["money"]["recovered"], &found["money"]["cost"]), (&1_200_000.into(), &250.into()));
    assert_eq!(found["rows"][0]["name"], "general");
    // What came since is taken in, and nothing counts twice.
    story(&*log, "b", 600_000, "USD");
    stdout(dir.path(), &["ledger", "update"]);
    let found = report(dir.path(), &[]);
    assert_eq!((&found["pool"]["of"], &found["money"]["recovered"]), (&2.into(), &1_800_000.into()));
    stdout(dir.path(), &["ledger", "rebuild"]);
    assert_eq!(report(dir.path(), &[])["money"], found["money"], "read again from the first record");
}

#[test]
fn a_report_is_a_screen_a_page_and_csv() {
    let dir = tempfile::tempdir().unwrap();
    let log = deployment(dir.path());
    story(&*log, "a", 1_200_000, "USD");
    let period = period();
    let screen = stdout(dir.path(), &["report", "--period", &period]);
    assert!(screen.contains("USD 12,000 a year recovered") && screen.contains("1 after a touch"), "{screen}");
    let csv = stdout(dir.path(), &["report", "--period", &period, "--csv", "--by", "reason"]);
    assert!(csv.contains("\"price_budget\",1,1"), "{csv}");
    stdout(dir.path(), &["report", "--period", &period, "--html", "report.html"]);
    let page = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>"), "{page}");
}

#[test]
fn an_erasure_leaves_no_id_in_the_ledger_and_the_counts_stay() {
    let dir = tempfile::tempdir().unwrap();
    let log = deployment(dir.path());
    story(&*log, "northwind-tools", 1_200_000, "USD");
    assert_eq!(report(dir.path(), &[])["pool"]["of"], 1);
    drop(log);
    let holds = || {
        let files = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut ledger = files.filter(|path| path.to_string_lossy().contains("ledger.db"));
        ledger.any(|path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).contains("northwind-tools"))
    };
    assert!(holds());
    stdout(dir.path(), &["erase", "northwind-tools", "--yes"]);
    assert!(!holds(), "a token stands in its place");
    assert_eq!(report(dir.path(), &[])["pool"]["of"], 1);
}

#[test]
fn what_is_wrong_is_named_with_the_fix() {
    let dir = tempfile::tempdir().unwrap();
    let fails = |args: &[&str], code: i32, parts: &[&str]| {
        let output = winback(dir.path(), args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        assert!(parts.iter().all(|part| text.contains(part)), "{args:?}: {text}");
    };
    fails(&["report"], 1, &["nothing has run here yet"]);
    fails(&["report", "--period", "soon"], 2, &["`soon` is no period", "2026-Q3"]);
    std::fs::write(dir.path().join("rates.csv"), "month,currency,into,rate\n2026-7,EUR,USD,1,1\n").unwrap();
    fails(&["ledger", "import", "rates", "rates.csv"], 2, &["line 2", "nothing was written"]);
    let log = deployment(dir.path());
    story(&*log, "a", 1_200_000, "EUR");
    let period = period();
    fails(&["report", "--period", &period], 1, &["no rate from EUR to USD", "winback ledger import rates"]);
}
