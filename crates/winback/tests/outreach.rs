//! Sequences and previews of outreach, through the binary, on a hand-made log.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use winback_core::account::{Account, Contact, Manner, Reason};
use winback_core::debounce::{AccountChange, Event};
use winback_core::signal::SignalKind;
use winback_core::time::Time;
use winback_log::{Append, Log, SystemClock};
use winback_logs::OpenOptions;
use winback_proto::{Encoding, WireMessage, inbox, v1};
use winback_sequences::sequence_schema;

/// Monday, 1 February 2027, 08:15 in Berlin.
const FIRED: i64 = 1_801_466_100_000;

fn winback(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_winback"));
    command.current_dir(dir).args(["--log", "sqlite:try.db"]).args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn put(log: &dyn Log, topic: &str, message: &impl WireMessage) {
    let value = message.to_bytes(Encoding::Protobuf);
    let mut writer = log.writer().unwrap();
    let (key, value) = (Some(&b"acc-1"[..]), Some(value.as_slice()));
    writer.append(&Append { topic, partition: None, key, value, headers: &[], timestamp: None }).unwrap();
    writer.flush().unwrap();
}

/// Northwind Tools left for want of an audit log, which has shipped since.
fn tell(dir: &Path) -> Arc<dyn Log> {
    let applied = winback(dir, &["topics", "apply"]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let url = format!("sqlite:{}", dir.join("try.db").display());
    let log = winback_logs::open(&url, Arc::new(SystemClock), &OpenOptions::default()).unwrap();
    let day = |days: i64| Time::from_millis(FIRED + days * 86_400_000);
    let account = Account {
        arr_usd: 24_000,
        manner: Manner::Neutral,
        missing_features: vec!["sso".to_owned(), "audit log".to_owned()],
        concessions: vec!["free migration".to_owned()],
        owner: Some("dana.weber@ours.example".to_owned()),
        zone: Some("Europe/Berlin".to_owned()),
        contacts: vec![Contact {
            email_sha256: [7; 32],
            role: "cto".to_owned(),
            opted_out: false,
            language: "ja-JP".to_owned(),
            ..Contact::default()
        }],
        ..Account::new("acc-1", "Northwind Tools", day(-215), Reason::ProductGap)
    };
    put(&*log, "winback.inbox", &inbox::change_to_wire(&AccountChange::Upsert(Box::new(account))));
    let release = Event {
        source: "releases".to_owned(),
        id: "rel-7".to_owned(),
        kind: SignalKind::ProductRelease,
        class: "feature".to_owned(),
        event_time: day(-3),
        append_time: day(-3),
        title: "The audit log: who changed what".to_owned(),
        features: vec!["Audit log".to_owned()],
        competitor: String::new(),
    };
    let event = v1::inbox_record::Body::Event(inbox::event_to_wire(&release, "releases/0", 0));
    put(&*log, "winback.inbox", &v1::InboxRecord { body: Some(event) });
    let item = v1::EvidenceItem { kind: "product_release".to_owned(), ..v1::EvidenceItem::default() };
    let trigger = v1::Trigger {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        policy: "default".to_owned(),
        edge: "leading".to_owned(),
        evidence: Some(v1::Evidence { items: vec![item], ..v1::Evidence::default() }),
        fired_at: Some(Time::from_millis(FIRED).into()),
        ..v1::Trigger::default()
    };
    put(&*log, "winback.triggers", &trigger);
    log
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is not in:\n{text}");
    }
}

#[test]
fn a_preview_shows_each_step_in_every_language_with_the_rule_that_moved_it() {
    let dir = tempfile::tempdir().unwrap();
    drop(tell(dir.path()));
    let told = winback(dir.path(), &["outreach", "preview", "acc-1"]);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let text = stdout(&told);
    says(
        &text,
        &[
            "Northwind Tools (acc-1), tier 2",
            "sequence gap-closed (rank 20)",
            "Mon 2027-02-01 08:15 in Europe/Berlin",
            "over something that we did not have: “audit log”",
            "[ja, theirs]",
            "audit logがない",
            "audit log belum ada",
            "What we promised when you left still stands: free migration.",
            "Dana Weber",
            "others  day 7, 09:00, email\n  not sent: nothing_new, it would have nothing new to say",
            "Mon 2027-02-15 09:00 in Europe/Berlin; moved from Sun 2027-02-14 09:00 by weekend",
            "30 days in a workspace of your own",
        ],
    );
    assert!(!text.contains("sso"), "another feature is not claimed:\n{text}");
}

#[test]
fn material_of_the_deployment_gives_links_and_proofs() {
    let dir = tempfile::tempdir().unwrap();
    drop(tell(dir.path()));
    let folder = dir.path().join("config/sequences");
    std::fs::create_dir_all(&folder).unwrap();
    let material = r#"
[links]
rel-7 = "https://ours.example/audit-log"

[[proofs]]
id = "belda"
kind = "story"
features = ["audit log"]
words = { en = "Belda answered an auditor in an hour.", ja = "監査の質問に一時間で回答。", ms = "Juruaudit dijawab dalam sejam." }
"#;
    std::fs::write(folder.join("material.toml"), material).unwrap();
    let text = stdout(&winback(dir.path(), &["outreach", "preview", "acc-1", "--language", "ja"]));
    says(&text, &["https://ours.example/audit-log", "監査の質問に一時間で回答。"]);
    assert!(!text.contains("Best regards"), "{text}");
    std::fs::write(folder.join("material.toml"), "loyal_discount = 15\n").unwrap();
    let checked = winback(dir.path(), &["sequence", "check"]);
    assert_eq!(checked.status.code(), Some(1));
    says(&stdout(&checked), &["budget.toml:", "S8: offers.first-year.percent = 20", "15 or less"]);
}

#[test]
fn a_preview_keeps_the_days_and_hours_of_the_deployment() {
    let dir = tempfile::tempdir().unwrap();
    let config = r#"
[worker.send]
quiet_from = "18:00"
quiet_to = "10:00"
blackout = [{ from = "02-14", to = "02-16" }]
"#;
    std::fs::write(dir.path().join("winback.toml"), config).unwrap();
    drop(tell(dir.path()));
    let text = stdout(&winback(dir.path(), &["outreach", "preview", "acc-1", "--language", "en"]));
    says(
        &text,
        &[
            "Mon 2027-02-01 10:00 in Europe/Berlin; moved from Mon 2027-02-01 08:15 by quiet hours",
            "Wed 2027-02-17 10:00 in Europe/Berlin; moved from Sun 2027-02-14 09:00 by weekend; moved from Mon 2027-02-15 \
             09:00 by blackout; moved from Wed 2027-02-17 09:00 by quiet hours",
        ],
    );
}

#[test]
fn an_answer_since_the_trigger_ends_the_preview_and_json_says_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let log = tell(dir.path());
    let replied = v1::Response {
        account_id: "acc-1".to_owned(),
        kind: "replied".to_owned(),
        event_time: Some(Time::from_millis(FIRED + 8 * 86_400_000).into()),
        ..v1::Response::default()
    };
    let body = v1::inbox_record::Body::Response(replied);
    put(&*log, "winback.inbox", &v1::InboxRecord { body: Some(body) });
    drop(log);
    let told = stdout(&winback(dir.path(), &["outreach", "preview", "acc-1"]));
    says(&told, &["it ended: replied", "not sent: the sequence ended before"]);
    let json = stdout(&winback(dir.path(), &["--json", "outreach", "preview", "acc-1"]));
    let steps: Vec<serde_json::Value> =
        json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |step: usize| (steps[step]["step"].as_str().unwrap(), steps[step]["outcome"].as_str().unwrap());
    assert_eq!([of(0), of(1), of(2)], [("shipped", "touch"), ("others", "skipped"), ("try", "not_sent")]);
    assert_eq!(steps[0]["texts"].as_array().unwrap().len(), 3);
    let unfit = stdout(&winback(dir.path(), &["outreach", "preview", "acc-1", "--sequence", "competitor"]));
    says(&unfit, &["it does not fit: reason"]);
    let unknown = winback(dir.path(), &["outreach", "preview", "acc-2"]);
    assert_eq!(unknown.status.code(), Some(4));
}

#[test]
fn sequences_are_listed_shown_checked_and_tested() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| winback(dir.path(), args);
    says(
        &stdout(&run(&["sequence", "list"])),
        &["  10  way-back", "left because of product_gap; a release that answers why"],
    );
    let shown = stdout(&run(&["sequence", "show", "budget"]));
    says(&shown, &["day 1, at once", "offers graduated", "offer first-year: 20 percent off the first year"]);
    says(&stdout(&run(&["sequence", "check"])), &["right: 16 sequences"]);
    says(&stdout(&run(&["sequence", "test"])), &["ok", ", 0 failed"]);
    let missing = run(&["sequence", "show", "bugdet"]);
    assert_eq!(missing.status.code(), Some(4));
    says(&String::from_utf8_lossy(&missing.stderr), &["did you mean `budget`"]);
    let broken = shipped("budget.toml").replacen("percent = 20", "percent = 40", 1);
    std::fs::write(dir.path().join("own.toml"), broken).unwrap();
    let checked = run(&["sequence", "check", "own.toml"]);
    assert_eq!(checked.status.code(), Some(1));
    says(&stdout(&checked), &["own.toml:", "S8: offers.first-year.percent = 40: write 15 to 25"]);
    let wrong = shipped("price.toml").replacen("2027-02-12T09:00", "2027-02-13T09:00", 1);
    std::fs::write(dir.path().join("own.toml"), wrong).unwrap();
    let tested = run(&["sequence", "test", "own.toml"]);
    assert_eq!(tested.status.code(), Some(1));
    says(&stdout(&tested), &["failed", "expected monthly at 2027-02-13T09:00", "1 failed"]);
}

fn shipped(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/sequences").join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_committed_schema_of_sequences_is_that_of_the_code() {
    let made = serde_json::to_value(sequence_schema()).unwrap();
    let committed: serde_json::Value = serde_json::from_str(&shipped("sequence.schema.json")).unwrap();
    assert!(
        made == committed,
        "write it anew: winback sequence schema > config/sequences/sequence.schema.json"
    );
}
