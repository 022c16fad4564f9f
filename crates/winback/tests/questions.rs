//! The questions of a growth team, asked of a hand-made log through the binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::Value;
use winback_core::account::{Account, Reason};
use winback_core::time::{Span, Time};
use winback_log::{Append, Clock as _, Log, SystemClock};
use winback_logs::OpenOptions;
use winback_proto::v1::decision::Subject;
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

fn json(dir: &Path, args: &[&str]) -> Vec<Value> {
    let text = stdout(dir, &[args, &["--json"]].concat());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A text field of every line.
fn field(lines: &[Value], pointer: &str) -> Vec<String> {
    lines.iter().map(|line| line.pointer(pointer).unwrap().as_str().unwrap().to_owned()).collect()
}

fn open(dir: &Path) -> Arc<dyn Log> {
    assert!(winback(dir, &["topics", "apply"]).status.success());
    let url = format!("sqlite:{}", dir.join("try.db").display());
    winback_logs::open(&url, Arc::new(SystemClock), &OpenOptions::default()).unwrap()
}

fn put(log: &dyn Log, topic: &str, key: &str, message: &impl WireMessage) {
    let value = message.to_bytes(Encoding::Protobuf);
    let mut writer = log.writer().unwrap();
    let (key, value) = (Some(key.as_bytes()), Some(value.as_slice()));
    writer.append(&Append { topic, partition: None, key, value, headers: &[], timestamp: None }).unwrap();
    writer.flush().unwrap();
}

fn days_ago(days: i64) -> Option<Timestamp> {
    Some((SystemClock.now() - Span::from_days(days)).into())
}

fn account(log: &dyn Log, id: &str, arr_usd: u64, features: &[&str]) {
    let account = Account {
        arr_usd,
        missing_features: features.iter().map(|feature| (*feature).to_owned()).collect(),
        ..Account::new(id, id, Time::from_millis(1_776_000_000_000), Reason::PriceBudget)
    };
    put(log, "winback.accounts", id, &winback_proto::account::to_wire(&account));
}

fn answer(log: &dyn Log, id: &str, kind: &str, days: i64) {
    let response = v1::Response {
        account_id: id.to_owned(),
        id: "1".to_owned(),
        kind: kind.to_owned(),
        event_time: days_ago(days),
        source: "crm".to_owned(),
        ..v1::Response::default()
    };
    put(log, "winback.answers", &format!("{id}\0crm\x001"), &response);
}

/// A trigger that fired so many days ago, after which its account is quiet for fourteen.
fn trigger(log: &dyn Log, id: &str, owner: &str, priority: u32, days: i64) {
    let trigger = v1::Trigger {
        id: format!("{id}-{days}"),
        policy: "default".to_owned(),
        edge: "trailing".to_owned(),
        account: Some(v1::AccountSnapshot {
            id: id.to_owned(),
            owner: owner.to_owned(),
            ..v1::AccountSnapshot::default()
        }),
        priority: Some(v1::Priority { total: priority, ..v1::Priority::default() }),
        fired_at: days_ago(days),
        quiet_until: days_ago(days - 14),
        ..v1::Trigger::default()
    };
    put(log, "winback.triggers", id, &trigger);
}

#[test]
fn open_triggers_are_those_that_nobody_answered_and_the_best_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    trigger(&*log, "over", "Ann", 90, 20);
    trigger(&*log, "answered", "Ann", 80, 5);
    answer(&*log, "answered", "replied", 4);
    trigger(&*log, "small", "Ann", 30, 3);
    trigger(&*log, "great", "Bob", 70, 2);
    trigger(&*log, "again", "Ann", 50, 9);
    answer(&*log, "again", "replied", 10);
    let of = |args: &[&str]| field(&json(dir.path(), &[&["triggers"], args].concat()), "/account/id");
    assert_eq!(of(&["--open", "--sort", "priority"]), ["great", "again", "small"]);
    assert_eq!(of(&["--open", "--owner", "Ann"]), ["again", "small"], "by time");
    assert_eq!(of(&["--sort", "priority", "--limit", "2"]), ["over", "answered"]);
    let no = winback(dir.path(), &["triggers", "--open", "--follow"]);
    assert_eq!(no.status.code(), Some(2));
}

#[test]
fn decisions_are_counted_by_what_kept_them_back_and_by_churn_reason() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    account(&*log, "a", 1_000, &[]);
    let decision = |account: &str, outcome: &str, because: &str, days: i64| v1::Decision {
        account_id: account.to_owned(),
        policy: "default".to_owned(),
        subject: Some(Subject::Signal(v1::SignalSubject::default())),
        outcome: outcome.to_owned(),
        because: because.to_owned(),
        decided_at: days_ago(days),
        ..v1::Decision::default()
    };
    for (account, outcome, because, days) in [
        ("a", "gated", "declined", 1),
        ("a", "gated", "declined", 2),
        ("b", "led", "leading", 1),
        ("a", "led", "", 30),
    ] {
        put(&*log, "winback.decisions", account, &decision(account, outcome, because, days));
    }
    let week = json(dir.path(), &["decisions", "--summary", "--since", "7d"]);
    assert_eq!(field(&week, "/name"), ["gated", "led"]);
    assert_eq!((&week[0]["because"], &week[0]["decisions"]), (&"declined".into(), &2.into()));
    let reasons = json(dir.path(), &["decisions", "--summary", "--by", "reason"]);
    assert_eq!(field(&reasons, "/name"), ["price_budget", "not listed"]);
    assert_eq!((&reasons[0]["decisions"], &reasons[0]["fired"]), (&3.into(), &1.into()));
    let told = stdout(dir.path(), &["decisions", "--summary"]);
    assert!(told.contains("they said no"), "{told}");
    let wrong = winback(dir.path(), &["decisions", "--since", "soon"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn a_gap_is_worth_what_the_accounts_that_are_still_away_paid() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    account(&*log, "a", 40_000, &["SSO"]);
    account(&*log, "b", 2_000, &["sso", "Audit log"]);
    account(&*log, "back", 90_000, &["SSO"]);
    answer(&*log, "back", "reactivated", 1);
    let gaps = json(dir.path(), &["accounts", "gaps"]);
    let worth: Vec<_> = gaps.iter().map(|gap| (&gap["accounts"], &gap["arrUsd"])).collect();
    assert_eq!(worth, [(&2.into(), &42_000.into()), (&1.into(), &2_000.into())]);
    let listed = json(dir.path(), &["accounts", "list"]);
    assert_eq!(field(&listed, "/status"), ["churned", "churned", "active"], "who came back is told");
}

#[test]
fn an_action_is_a_line_and_an_outcome_that_none_has_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    for (id, outcome) in [("a", "delivered"), ("b", "suppressed")] {
        let action = v1::Action {
            trigger_id: format!("t-{id}"),
            account_id: id.to_owned(),
            outcome: outcome.to_owned(),
            why: "they said no".to_owned(),
            play: "gap-closed".to_owned(),
            at: days_ago(1),
            ..v1::Action::default()
        };
        put(&*log, "winback.actions", id, &action);
    }
    let told = stdout(dir.path(), &["actions", "--outcome", "suppressed"]);
    assert!(told.contains("not sent: they said no [t-b]") && !told.contains("t-a"), "{told}");
    assert_eq!(field(&json(dir.path(), &["actions", "--account", "a"]), "/triggerId"), ["t-a"]);
    let wrong = winback(dir.path(), &["actions", "--outcome", "deliverd"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("`delivered`"));
}
