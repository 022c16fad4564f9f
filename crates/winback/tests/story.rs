//! The output of the reading commands on a hand-made log, through the binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use winback_core::account::{Account, Manner, Reason};
use winback_core::debounce::AccountChange;
use winback_core::debounce::shadow::shadow_of;
use winback_core::time::Time;
use winback_log::{Append, Log, SystemClock};
use winback_logs::OpenOptions;
use winback_matcher::retries::PREFIX;
use winback_proto::Timestamp;
use winback_proto::v1::decision::Subject;
use winback_proto::{Encoding, WireMessage, inbox, v1};

const TRIGGER: &str = "0123456789abcdef0123456789abcdef";
const BURST: &str = "ffffffffffffffffffffffffffffffff";

fn at(minute: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: 1_795_348_800 + minute * 60, nanos: 0 })
}

fn winback(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_winback"));
    command.current_dir(dir).args(["--log", "sqlite:try.db"]).args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Vec<serde_json::Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn open(dir: &Path) -> Arc<dyn Log> {
    let url = format!("sqlite:{}", dir.join("try.db").display());
    winback_logs::open(&url, Arc::new(SystemClock), &OpenOptions::default()).unwrap()
}

fn put(log: &dyn Log, topic: &str, key: &str, message: &impl WireMessage, headers: &[(&str, &[u8])]) {
    let value = message.to_bytes(Encoding::Protobuf);
    let mut writer = log.writer().unwrap();
    let (key, value) = (Some(key.as_bytes()), Some(value.as_slice()));
    writer.append(&Append { topic, partition: None, key, value, headers, timestamp: None }).unwrap();
    writer.flush().unwrap();
}

fn signal(outcome: &str, minute: i64, offset: i64) -> v1::Decision {
    v1::Decision {
        account_id: "acc-1".to_owned(),
        policy: "default".to_owned(),
        policy_version: 1,
        subject: Some(Subject::Signal(v1::SignalSubject {
            source: "web".to_owned(),
            id: format!("s{offset}"),
            kind: "web_visit".to_owned(),
            page_class: "docs".to_owned(),
            event_time: at(minute),
            append_time: at(minute),
            method: "domain".to_owned(),
            matched_on: "domain northwind.example".to_owned(),
            detail: "/docs/sso".to_owned(),
            burst_id: BURST.to_owned(),
        })),
        outcome: outcome.to_owned(),
        rule: "R3".to_owned(),
        decided_at: at(minute),
        deadline: at(minute + 30),
        inbox_offset: offset,
        ..v1::Decision::default()
    }
}

/// An account with a burst that fired, and a signal in the quiet time after it.
fn tell_a_story(dir: &Path) {
    let applied = winback(dir, &["topics", "apply"]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let log = open(dir);
    let account = Account {
        arr_usd: 84_000,
        manner: Manner::Angry,
        concessions: vec!["free migration".to_owned()],
        ..Account::new("acc-1", "Northwind Tools", Time::from_millis(1_776_000_000_000), Reason::ProductGap)
    };
    put(
        &*log,
        "winback.inbox",
        "acc-1",
        &inbox::change_to_wire(&AccountChange::Upsert(Box::new(account.clone()))),
        &[],
    );
    put(&*log, "winback.accounts", "acc-1", &winback_proto::account::to_wire(&account), &[]);
    let burst =
        v1::BurstSubject { burst_id: BURST.to_owned(), signals: 2, score: 4, needed: 2, opened_at: at(0) };
    let fired = v1::Decision {
        subject: Some(Subject::Burst(burst)),
        because: "quiet".to_owned(),
        trigger_id: TRIGGER.to_owned(),
        quiet_until: at(20_000),
        ..signal("fired", 35, 9)
    };
    let cooled = v1::Decision { quiet_until: at(20_000), rule: "R6".to_owned(), ..signal("cooled", 60, 12) };
    for decision in [signal("joined", 0, 2), signal("joined", 5, 3), fired, cooled] {
        put(&*log, "winback.decisions", "acc-1", &decision, &[]);
    }
    let snapshot = v1::AccountSnapshot {
        id: "acc-1".to_owned(),
        name: "Northwind Tools".to_owned(),
        segment: "high_value".to_owned(),
        manner: "angry".to_owned(),
        concessions: vec!["free migration".to_owned()],
        ..v1::AccountSnapshot::default()
    };
    let trigger = v1::Trigger {
        id: TRIGGER.to_owned(),
        policy: "default".to_owned(),
        edge: "trailing".to_owned(),
        fired_because: "quiet".to_owned(),
        account: Some(snapshot),
        burst_id: BURST.to_owned(),
        fired_at: at(35),
        ..v1::Trigger::default()
    };
    put(&*log, "winback.triggers", "acc-1", &trigger, &[("inboxposition", b"0/9")]);
    let action = v1::Action {
        trigger_id: TRIGGER.to_owned(),
        account_id: "acc-1".to_owned(),
        outcome: "delivered".to_owned(),
        play: "gap-closed".to_owned(),
        target: "outbox/x.eml".to_owned(),
        at: at(36),
        ..v1::Action::default()
    };
    put(&*log, "winback.actions", "acc-1", &action, &[]);
}

#[test]
fn the_story_of_an_account_is_in_order_and_says_what_did_not_fire_and_why() {
    let dir = tempfile::tempdir().unwrap();
    tell_a_story(dir.path());
    let told = stdout(&winback(dir.path(), &["explain", "acc-1"]));
    let parts = [
        "Northwind Tools  (acc-1)  tier 1, $84k",
        "high value segment; left angry; promised at exit: free migration",
        "comes onto the list",
        "docs page (/docs/sso)",
        "opens a burst",
        "counts in the burst that is open until",
        "2 signals, score 4 of 2 needed: fired when nothing more came",
        TRIGGER,
        "high value segment; left angry; promised at exit: free migration",
        "the worker: play gap-closed -> outbox/x.eml",
        "came in the quiet time until",
        "for a trigger: it had to come 13 days later",
    ];
    let flat = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut from = 0;
    for part in parts {
        let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
        let found = flat[from..].find(&part);
        assert!(found.is_some(), "{part:?} is not next in:\n{told}");
        from += found.unwrap();
    }
}

#[test]
fn a_trigger_in_shadow_is_told_by_its_id_under_the_policy_in_shadow() {
    let dir = tempfile::tempdir().unwrap();
    tell_a_story(dir.path());
    let (id, policy) = ("abcdef0123456789abcdef0123456789", shadow_of("default"));
    let log = open(dir.path());
    let decision = v1::Decision { policy: policy.clone(), trigger_id: id.to_owned(), ..signal("led", 1, 2) };
    put(&*log, "winback.decisions", "acc-1", &decision, &[]);
    let trigger = v1::Trigger {
        id: id.to_owned(),
        policy: policy.clone(),
        edge: "leading".to_owned(),
        account: Some(v1::AccountSnapshot { id: "acc-1".to_owned(), ..v1::AccountSnapshot::default() }),
        burst_id: BURST.to_owned(),
        fired_at: at(1),
        ..v1::Trigger::default()
    };
    put(&*log, "winback.shadow-triggers", "acc-1", &trigger, &[("inboxposition", b"0/2")]);
    for subject in [id, &id[..8]] {
        let steps = json(&winback(dir.path(), &["explain", subject, "--json"]));
        let told = steps.iter().find(|step| step["step"] == "trigger");
        assert_eq!(told.map(|step| &step["trigger"]), Some(&id.into()), "{steps:?}");
        let others: Vec<_> = steps
            .iter()
            .filter(|step| step["policy"].as_str().is_some_and(|named| named != policy))
            .collect();
        assert!(others.is_empty(), "what is in force has a story of its own: {others:?}");
    }
    let live = json(&winback(dir.path(), &["explain", TRIGGER, "--json"]));
    assert!(live.iter().all(|step| step["trigger"] != id), "{live:?}");
}

#[test]
fn json_tells_a_step_a_line_and_a_trigger_only_its_own_burst() {
    let dir = tempfile::tempdir().unwrap();
    tell_a_story(dir.path());
    let steps = |output: &Output| {
        json(output).iter().map(|step| step["step"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = winback(dir.path(), &["explain", "acc-1", "--json"]);
    assert_eq!(steps(&all), ["account", "signal", "signal", "burst", "trigger", "action", "signal"]);
    assert_eq!(json(&all)[6]["outcome"], "cooled");
    assert_eq!(json(&all)[6]["record"]["accountId"], "acc-1");
    let one = winback(dir.path(), &["explain", TRIGGER, "--json"]);
    assert_eq!(steps(&one), ["signal", "signal", "burst", "trigger", "action"]);
}

#[test]
fn a_subject_that_is_neither_is_told_whom_it_may_mean() {
    let dir = tempfile::tempdir().unwrap();
    let nothing = winback(dir.path(), &["explain", "acc-1"]);
    assert!(
        !nothing.status.success()
            && String::from_utf8_lossy(&nothing.stderr).contains("nothing has run here yet")
    );
    tell_a_story(dir.path());
    let by_id = stdout(&winback(dir.path(), &["explain", "acc-1"]));
    for name in ["northwind tools", "Northwind Tools GmbH"] {
        assert_eq!(stdout(&winback(dir.path(), &["explain", name])), by_id, "{name}");
    }
    let twin = Account::new("acc-2", "Northwind Tools", Time::from_millis(0), Reason::PriceBudget);
    put(&*open(dir.path()), "winback.accounts", "acc-2", &winback_proto::account::to_wire(&twin), &[]);
    let both = winback(dir.path(), &["explain", "northwind tools"]);
    assert_eq!(both.status.code(), Some(4));
    assert!(String::from_utf8_lossy(&both.stderr).contains("acc-1 (Northwind Tools)\n  acc-2"));
    let unknown = winback(dir.path(), &["explain", "nobody"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("accounts list"));
}

#[test]
fn triggers_and_decisions_are_canonical_json_and_the_same_each_time() {
    let dir = tempfile::tempdir().unwrap();
    tell_a_story(dir.path());
    let triggers = winback(dir.path(), &["triggers", "--json"]);
    assert_eq!(json(&triggers)[0]["firedAt"], "2026-11-22T12:35:00Z");
    assert_eq!(triggers.stdout, winback(dir.path(), &["triggers", "--json", "--account", "acc-1"]).stdout);
    let cooled = winback(dir.path(), &["decisions", "--json", "--outcome", "cooled"]);
    assert_eq!(json(&cooled).len(), 1);
    assert_eq!(json(&winback(dir.path(), &["decisions", "--json", "--limit", "2"])).len(), 2);
    let wrong = winback(dir.path(), &["decisions", "--outcome", "cooldd"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("`cooled`"));
}

fn letter(source: &str, reason: &str, sha256: Vec<u8>) -> v1::DeadLetter {
    v1::DeadLetter {
        role: "matcher".to_owned(),
        source: source.to_owned(),
        topic: "mail-events".to_owned(),
        partition: 2,
        offset: 41,
        element: 3,
        reason: reason.to_owned(),
        text: "not JSON".to_owned(),
        timestamp: at(0),
        failed_at: at(1),
        key: b"k".to_vec(),
        value: b"{\"broken".to_vec(),
        headers: vec![v1::Header { name: "h".to_owned(), value: b"v".to_vec() }],
        size: 8,
        sha256,
        ..v1::DeadLetter::default()
    }
}

#[test]
fn a_replayed_letter_is_the_original_record_and_says_where_it_stood() {
    let dir = tempfile::tempdir().unwrap();
    assert!(winback(dir.path(), &["topics", "apply"]).status.success());
    let log = open(dir.path());
    for one in [
        letter("mail", "bad_json", vec![]),
        v1::DeadLetter { role: "detector".to_owned(), ..letter("", "undecodable", vec![]) },
        letter("mail", "too_large", vec![7; 32]),
    ] {
        put(&*log, "winback.dead-letters", "k", &one, &[]);
    }
    assert_eq!(json(&winback(dir.path(), &["dead-letters", "list", "--json"])).len(), 3);
    let whole = stdout(&winback(dir.path(), &["dead-letters", "show", "0"]));
    assert!(whole.contains("mail-events/2@41#3") && whole.contains("{\"broken"), "{whole}");
    assert_eq!(winback(dir.path(), &["dead-letters", "show", "9"]).status.code(), Some(4));
    let dry = winback(dir.path(), &["dead-letters", "replay", "--dry-run"]);
    assert!(String::from_utf8_lossy(&dry.stderr).contains("1 would be sent to winback.retries, 2 left out"));
    let sent = winback(dir.path(), &["dead-letters", "replay", "--reason", "bad_json"]);
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let retried = retried(&*log);
    let (value, headers) = &retried[0];
    assert_eq!((retried.len(), value.as_str()), (1, "{\"broken"));
    assert_eq!(headers[0], ("h".to_owned(), "v".to_owned()));
    let named =
        |name: &str| headers.iter().find(|(key, _)| *key == format!("{PREFIX}{name}")).unwrap().1.clone();
    assert_eq!(
        [named("source"), named("topic"), named("offset"), named("element")],
        ["mail", "mail-events", "41", "3"]
    );
}

/// Values and headers in the retries topic.
fn retried(log: &dyn Log) -> Vec<(String, Vec<(String, String)>)> {
    let mut all = Vec::new();
    for partition in 0..4 {
        let mut reader = log.reader().unwrap();
        reader
            .assign(&[(
                winback_log::TopicPartition::new("winback.retries", partition),
                winback_core::ids::Offset::ZERO,
            )])
            .unwrap();
        let mut messages = Vec::new();
        reader.poll(10, std::time::Duration::ZERO, &mut messages).unwrap();
        for message in messages {
            let mut headers = Vec::new();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            message.each_header(|name, value| headers.push((name.to_owned(), text(value))));
            all.push((text(message.value().unwrap()), headers));
        }
    }
    all
}

#[test]
fn a_plan_says_what_is_missing_and_apply_makes_it() {
    let dir = tempfile::tempdir().unwrap();
    let before = winback(dir.path(), &["topics", "plan", "--json"]);
    assert_eq!(before.status.code(), Some(4));
    assert!(json(&before).iter().all(|row| row["state"] == "missing"));
    assert!(winback(dir.path(), &["topics", "apply"]).status.success());
    let after = winback(dir.path(), &["topics", "plan", "--json"]);
    assert!(after.status.success() && json(&after).iter().all(|row| row["state"] == "right"));
    std::fs::write(dir.path().join("winback.toml"), "[topics]\npartitions = 8\n").unwrap();
    let wrong = winback(dir.path(), &["topics", "plan"]);
    assert_eq!(wrong.status.code(), Some(4));
    assert!(
        stdout(&wrong).contains("wrong") && stdout(&wrong).contains("topics.partitions"),
        "{}",
        stdout(&wrong)
    );
}

#[test]
fn config_check_names_each_problem_and_show_says_where_it_comes_from() {
    let dir = tempfile::tempdir().unwrap();
    assert!(winback(dir.path(), &["config", "check"]).status.success());
    let text = "policies_dir = \"policies\"\n[sources.web]\ntopic = \"w\"\npreset = \"segmnt\"\nstart = \"latest\"\n[worker]\ndeliver = \"webhook\"\n";
    std::fs::write(dir.path().join("winback.toml"), text).unwrap();
    std::fs::create_dir(dir.path().join("policies")).unwrap();
    std::fs::write(dir.path().join("policies/a.toml"), "name = \"a\"\nquiet = \"2h\"\nmax_wait = \"1h\"")
        .unwrap();
    std::fs::write(dir.path().join("policies/b.toml"), "name = \"b\"\n[plays]\nproduct_gap = \"gap-closd\"")
        .unwrap();
    let wrong = winback(dir.path(), &["config", "check"]);
    assert_eq!(wrong.status.code(), Some(2));
    let told = stdout(&wrong);
    for part in
        ["winback.toml: ", "segment", "webhook", "a.toml:3: ", "max_wait", "b.toml:3: ", "`gap-closed`"]
    {
        assert!(told.contains(part), "{part:?} is not in:\n{told}");
    }
    let shown = stdout(&winback(dir.path(), &["config", "show"]));
    assert!(shown.starts_with("# from the defaults, winback.toml, --log;"), "{shown}");
    assert!(shown.contains("log = \"sqlite:try.db\""));
}
