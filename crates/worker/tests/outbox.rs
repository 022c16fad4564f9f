//! The outbox: what a person finds there, and that a trigger has one draft however often it comes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails it")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use support::{Accounts, FIRED, signal, trigger};
use winback_core::time::Span;
use winback_proto::Timestamp;
use winback_proto::v1::{Action, EvidenceItem, Trigger};
use winback_worker::{AccountStanding, CheckedTrigger, Plays, Progress, Seen, Slot, Worker, WorkerConfig};

fn worker(dir: &Path) -> Worker {
    let config = WorkerConfig { outbox_dir: dir.to_owned(), ..WorkerConfig::default() };
    Worker::new(&config, Arc::new(Accounts::with("acc-1", AccountStanding::default()))).unwrap()
}

fn handle(worker: &Worker, record: &Trigger) -> Action {
    match worker.handle(Slot(0), record, FIRED + Span::from_mins(1)) {
        Progress::Done { action: Some(action), dead: None } => *action,
        other => panic!("not done: {other:?}"),
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Compares with `tests/golden/NAME`; `UPDATE_GOLDEN=1` writes it anew.
fn golden(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let actual = actual.replace("\r\n", "\n");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{name} changed; look at it, then UPDATE_GOLDEN=1");
}

#[test]
fn drafts_read_as_a_person_wants_to_read_them() {
    let visit = || signal("web_visit", "pricing", "/pricing");
    let release = |class: &str, name: &str| signal("product_release", class, name);
    let table = [
        ("gap-closed", "product_gap", vec![release("", "Single sign-on"), visit()]),
        ("gap-check-in", "product_gap", vec![visit()]),
        ("competitor", "competitor", vec![signal("competitor_event", "", "price rise")]),
        ("service", "service_support", vec![release("service", "a named contact for every account")]),
        ("budget", "price_budget", vec![signal("funding_news", "", "Series B, $20M")]),
        ("adoption", "complexity", vec![release("onboarding", "Setup in one step")]),
        ("situational", "situational", vec![visit()]),
        ("fit", "not_fit", vec![visit()]),
        ("bad-experience", "technical_quality", vec![release("quality", "a new storage layer")]),
        ("payment", "payment_involuntary", vec![visit()]),
        ("regret", "regret_impulse", vec![visit()]),
        ("general", "unknown", vec![visit()]),
    ];
    let dir = tempfile::tempdir().unwrap();
    for (play, reason, evidence) in table {
        let mut record = trigger(reason, evidence);
        record.id = format!("id-of-{play}");
        let action = handle(&worker(dir.path()), &record);
        assert_eq!((action.play.as_str(), action.outcome.as_str(), action.attempts), (play, "delivered", 1));
        golden(&format!("{play}.eml"), &fs::read_to_string(&action.target).unwrap());
    }
}

#[test]
fn a_draft_is_withdrawn_when_its_account_answers_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let config = WorkerConfig { outbox_dir: dir.path().to_owned(), ..WorkerConfig::default() };
    let with = |standing| Worker::new(&config, Arc::new(Accounts::with("acc-1", standing))).unwrap();
    let open = with(AccountStanding::default());
    let action = handle(&open, &trigger("product_gap", vec![signal("web_visit", "pricing", "/pricing")]));
    let (mut seen, later) = (Seen::default(), FIRED + Span::from_days(30));
    open.withdraw(&mut seen, later);
    assert_eq!(files(dir.path()), [PathBuf::from(&action.target)], "nothing forbids it, however old it is");
    let replied =
        AccountStanding { replied_at: Some(FIRED + Span::from_days(1)), ..AccountStanding::default() };
    with(replied).withdraw(&mut seen, later);
    let withdrawn = PathBuf::from(format!("{}.withdrawn-replied", action.target));
    assert_eq!(files(dir.path()), std::slice::from_ref(&withdrawn));
    with(replied).withdraw(&mut Seen::default(), later);
    assert_eq!(files(dir.path()), [withdrawn], "once");
}

#[test]
fn a_reply_before_the_trigger_and_a_file_of_somebody_else_withdraw_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let config = WorkerConfig { outbox_dir: dir.path().to_owned(), ..WorkerConfig::default() };
    let before =
        AccountStanding { replied_at: Some(FIRED - Span::from_days(1)), ..AccountStanding::default() };
    let worker = Worker::new(&config, Arc::new(Accounts::with("acc-1", before))).unwrap();
    let action = handle(&worker, &trigger("product_gap", vec![signal("web_visit", "pricing", "/pricing")]));
    let own = Path::new(&action.target).with_file_name("own.eml");
    fs::write(&own, "Subject: mine\r\n\r\nhello").unwrap();
    worker.withdraw(&mut Seen::default(), FIRED + Span::from_mins(2));
    assert_eq!(files(dir.path()).len(), 2);
}

#[test]
fn a_draft_of_an_account_of_which_little_is_known_is_still_a_draft() {
    let dir = tempfile::tempdir().unwrap();
    let mut record = trigger("", Vec::new());
    let account = record.account.as_mut().unwrap();
    account.name = "Société Générale\r\nBcc: everybody@winback.example".to_owned();
    account.owner = String::new();
    account.missing_features.clear();
    account.churned_at = None;
    account.months_since_churn = 0;
    let action = handle(&worker(dir.path()), &record);
    golden("sparse.eml", &fs::read_to_string(&action.target).unwrap());
}

#[test]
fn concessions_promised_at_exit_are_named_and_what_we_think_of_them_is_for_the_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mut record = trigger("price_budget", vec![signal("funding_news", "", "Series B, $20M")]);
    let account = record.account.as_mut().unwrap();
    account.segment = "high_value".to_owned();
    account.manner = "angry".to_owned();
    account.concessions = vec!["free migration\r\nBcc: x".to_owned(), "two months of support".to_owned()];
    (account.seats, account.tenure_months, account.usage_percent) = (Some(40), Some(26), Some(0));
    let action = handle(&worker(dir.path()), &record);
    golden("promised.eml", &fs::read_to_string(&action.target).unwrap());
}

#[test]
fn every_play_honours_what_was_promised_and_promises_nothing_where_nothing_was() {
    const STANDS: &str = "still stands: free migration, two months of support.";
    let plays = Plays::built_in().unwrap();
    let mut record = trigger("unknown", Vec::new());
    for promised in [Vec::new(), vec!["free migration".to_owned(), "two months of support".to_owned()]] {
        record.account.as_mut().unwrap().concessions.clone_from(&promised);
        let checked = CheckedTrigger::of(&record).unwrap();
        for play in plays.iter() {
            let body = plays.texts().message(play, &checked, Some("4.0")).unwrap().body;
            // Who was not a fit gets content only; the owner's note has it.
            let named = !promised.is_empty() && play.name != "fit";
            assert_eq!(body.contains(STANDS), named, "{}: {body}", play.name);
            assert!(!body.contains("\n\n\n"), "{}: {body}", play.name);
            assert!(named || !body.contains("promised"), "{}: {body}", play.name);
        }
    }
}

#[test]
fn a_draft_says_from_when_on_it_may_be_sent() {
    let dir = tempfile::tempdir().unwrap();
    let mut record = trigger("unknown", Vec::new());
    record.account.as_mut().unwrap().zone = "Asia/Tokyo".to_owned();
    let action = handle(&worker(dir.path()), &record);
    let draft = fs::read_to_string(&action.target).unwrap();
    let said = "not before 2026-11-23 08:00 in Asia/Tokyo (quiet_hours)";
    assert!(draft.contains(&format!("\r\nSend      {said}\r\nTrigger   ")), "{draft}");
    assert_eq!(action.why, format!("to be sent {said}"));
}

#[test]
fn the_path_is_the_day_it_fired_and_the_accounts_name() {
    let dir = tempfile::tempdir().unwrap();
    let action = handle(&worker(dir.path()), &trigger("unknown", Vec::new()));
    assert_eq!(Path::new(&action.target), dir.path().join("2026-11-22/northwind-tools.eml"));
    assert_eq!(action.channel, "outbox");
}

#[test]
fn a_trigger_that_comes_again_after_a_kill_has_one_effect() {
    let dir = tempfile::tempdir().unwrap();
    let long = Trigger { id: "f".repeat(128), ..trigger("unknown", Vec::new()) };
    for record in [trigger("unknown", Vec::new()), long] {
        let first = handle(&worker(dir.path()), &record);
        let written = fs::read(&first.target).unwrap();
        let again = handle(&worker(dir.path()), &record);
        assert_eq!((&again.target, fs::read(&again.target).unwrap()), (&first.target, written));
    }
    assert_eq!(files(dir.path()).len(), 2);
}

#[test]
fn a_kill_between_link_and_unlink_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let record = trigger("unknown", Vec::new());
    let target = handle(&worker(dir.path()), &record).target;
    let written = fs::read(&target).unwrap();
    let left_over = Path::new(&target).with_file_name(format!(".{}.tmp", record.id));
    fs::hard_link(&target, &left_over).unwrap();
    assert_eq!(handle(&worker(dir.path()), &record).target, target);
    assert_eq!(fs::read(&target).unwrap(), written);
    assert_eq!(files(dir.path()), [PathBuf::from(target)]);
}

#[test]
fn two_triggers_of_one_name_and_day_have_two_drafts_and_a_foreign_file_stays() {
    let dir = tempfile::tempdir().unwrap();
    let day = dir.path().join("2026-11-22");
    fs::create_dir_all(&day).unwrap();
    fs::write(day.join("northwind-tools.eml"), "somebody's own").unwrap();
    let worker = worker(dir.path());
    let second = Trigger { id: "second".to_owned(), ..trigger("unknown", Vec::new()) };
    for (record, name) in
        [(trigger("unknown", Vec::new()), "northwind-tools-2.eml"), (second, "northwind-tools-3.eml")]
    {
        for _ in 0..2 {
            assert_eq!(Path::new(&handle(&worker, &record).target), day.join(name));
        }
    }
    assert_eq!(fs::read_to_string(day.join("northwind-tools.eml")).unwrap(), "somebody's own");
    assert_eq!(files(dir.path()).len(), 3);
}

#[test]
fn no_name_leaves_the_outbox() {
    for name in ["../../../etc/passwd", "/etc/passwd", "..", "a/b\\c", "\0", ""] {
        let dir = tempfile::tempdir().unwrap();
        let mut record = trigger("unknown", Vec::new());
        record.account.as_mut().unwrap().name = name.to_owned();
        let target = PathBuf::from(handle(&worker(dir.path()), &record).target);
        assert_eq!(target.parent(), Some(dir.path().join("2026-11-22").as_path()), "{name}");
    }
    let dir = tempfile::tempdir().unwrap();
    let record = Trigger { id: "../x".to_owned(), ..trigger("unknown", Vec::new()) };
    let Progress::Done { action: None, dead: Some(dead) } =
        worker(dir.path()).handle(Slot(0), &record, FIRED)
    else {
        panic!("taken");
    };
    assert_eq!(dead.reason, "bad_trigger");
}

#[test]
fn a_trigger_with_a_word_of_a_newer_version_is_a_dead_letter_that_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let of_edge = Trigger { edge: "of_the_next_version".to_owned(), ..trigger("unknown", Vec::new()) };
    for record in [of_edge, trigger("of_the_next_version", Vec::new())] {
        let Progress::Done { action: None, dead: Some(dead) } =
            worker(dir.path()).handle(Slot(0), &record, FIRED)
        else {
            panic!("taken");
        };
        assert_eq!(dead.reason, "bad_trigger");
        assert!(
            dead.text.contains("newer winback") && dead.text.contains("run that version"),
            "{}",
            dead.text
        );
    }
    // What is only told is taken as it is: a segment or a manner that this version does not know forbids nothing.
    let mut told = trigger("unknown", Vec::new());
    let account = told.account.as_mut().unwrap();
    (account.segment, account.manner) = ("of_the_next_version".to_owned(), "wistful".to_owned());
    let draft = fs::read_to_string(handle(&worker(dir.path()), &told).target).unwrap();
    assert!(draft.contains("segment of the next version"), "{draft}");
}

#[test]
fn an_outbox_that_cannot_be_written_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let blocked = dir.path().join("outbox");
    fs::write(&blocked, "a file where the directory should be").unwrap();
    let worker = worker(&blocked);
    let record = trigger("unknown", Vec::new());
    let Progress::Again { after, why: Some(why) } = worker.handle(Slot(0), &record, FIRED) else {
        panic!("not retried")
    };
    assert!(why.starts_with("cannot write "), "{why}");
    fs::remove_file(&blocked).unwrap();
    let Progress::Done { action: Some(action), .. } = worker.handle(Slot(0), &record, FIRED + after) else {
        panic!("not written");
    };
    assert_eq!((action.outcome.as_str(), action.attempts), ("delivered", 2));
}

/// What would hide, turn the line or begin one, in all the places that a row or a signal fills.
const HOSTILE: &str =
    "A\u{202e}cme\r\nBcc: all@evil.example\r\n\r\n<b>\u{1b}[2J\u{0}\u{85}\u{2028}x\u{200b}\u{2066}y\u{7f}ü";

fn is_hidden(c: char) -> bool {
    c.is_control()
        || ('\u{200b}'..='\u{200f}').contains(&c)
        || ('\u{2028}'..='\u{202e}').contains(&c)
        || ('\u{2060}'..='\u{206f}').contains(&c)
}

/// A mail read back by hand: unfolded headers in order, with encoded words decoded, and the body.
fn read_mail(bytes: &[u8]) -> (Vec<(String, String)>, String) {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.is_ascii() && !head.replace("\r\n", "").contains(|c: char| c.is_control()), "{head:?}");
    assert!(head.lines().all(|line| line.len() <= 998));
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let headers = unfolded.split("\r\n").map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_owned(), decoded(value))
    });
    (headers.collect(), body.to_owned())
}

fn decoded(value: &str) -> String {
    let mut text = String::new();
    let mut bytes = Vec::new();
    for word in value.split(' ') {
        let inner =
            word.trim_matches('"').strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?="));
        match inner {
            Some(inner) => bytes.extend(base64::engine::general_purpose::STANDARD.decode(inner).unwrap()),
            None => {
                text.push_str(&String::from_utf8(std::mem::take(&mut bytes)).unwrap());
                text.push_str(&format!(" {word}"));
            }
        }
    }
    format!("{text}{}", String::from_utf8(bytes).unwrap()).trim().to_owned()
}

#[test]
fn a_hostile_row_makes_a_draft_with_the_same_headers_and_nothing_that_hides() {
    const HEADERS: [&str; 13] = [
        "X-Winback-Trigger",
        "X-Winback-Play",
        "X-Winback-Account",
        "X-Winback-Fired",
        "X-Unsent",
        "Message-ID",
        "Date",
        "From",
        "To",
        "Subject",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    ];
    let long = "ü".repeat(400);
    for owner in [
        format!("{HOSTILE} <ana@winback.example>"),
        format!("\"{HOSTILE}\" <ana@winback.example>"),
        format!("ana@winback.example, {HOSTILE}"),
        "\"a\r\nBcc: all@evil.example\"@winback.example".to_owned(),
        HOSTILE.to_owned(),
        format!("{long} <ana@winback.example>"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut record = trigger("product_gap", vec![signal("web_visit", HOSTILE, HOSTILE)]);
        let account = record.account.as_mut().unwrap();
        account.name = format!("{HOSTILE} {long}");
        account.owner = owner.clone();
        (account.reason_detail, account.tier) = (HOSTILE.to_owned(), HOSTILE.to_owned());
        (account.competitor, account.manner) = (HOSTILE.to_owned(), HOSTILE.to_owned());
        account.missing_features = vec![HOSTILE.to_owned()];
        account.concessions = vec![HOSTILE.to_owned()];
        let action = handle(&worker(dir.path()), &record);
        let (headers, body) = read_mail(&fs::read(&action.target).unwrap());
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, HEADERS, "{owner:?}");
        let value = |name: &str| headers.iter().find(|(header, _)| header == name).unwrap().1.clone();
        assert_eq!(value("MIME-Version"), "1.0");
        assert!(value("Subject").starts_with("Acme Bcc: (address) <b> [2J xy"), "{}", value("Subject"));
        for (name, value) in &headers {
            assert!(!value.contains(is_hidden), "{name}: {value:?}");
        }
        let to = value("To");
        assert!(
            to == "undisclosed-recipients:;"
                // What stands before it is a name, as encoded words.
                || to.ends_with("<ana@winback.example>")
                || to.starts_with("ana@"),
            "{to}"
        );
        if value("Content-Transfer-Encoding") == "8bit" {
            assert!(!body.replace("\r\n", "").contains(is_hidden), "{body:?}");
        }
        let target = Path::new(&action.target);
        assert!(target.file_name().unwrap().to_str().unwrap().is_ascii(), "{target:?}");
        assert_eq!(target.parent(), Some(dir.path().join("2026-11-22").as_path()));
    }
}

#[cfg(unix)]
#[test]
fn drafts_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let outbox = dir.path().join("a/outbox");
    let action = handle(&worker(&outbox), &trigger("unknown", Vec::new()));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let target = Path::new(&action.target);
    assert_eq!(mode(target), 0o600);
    let folders: Vec<&Path> = target.ancestors().skip(1).take_while(|folder| *folder != dir.path()).collect();
    assert_eq!(folders.len(), 3);
    folders.iter().for_each(|folder| assert_eq!(mode(folder), 0o700, "{folder:?}"));
}

#[test]
fn a_trigger_of_any_time_at_all_is_handled() {
    let last = 253_402_300_799;
    let limits = [
        i64::MIN,
        -377_705_116_800,
        -62_135_596_801,
        -1,
        0,
        last,
        last + 1,
        last * 40,
        i64::MAX / 1_000,
        i64::MAX,
    ];
    for seconds in limits {
        let dir = tempfile::tempdir().unwrap();
        for nanos in [0, 999_999_999, i32::MIN, i32::MAX] {
            let at = Some(Timestamp { seconds, nanos });
            let mut record = trigger(
                "product_gap",
                vec![EvidenceItem { event_time: at, ..signal("web_visit", "pricing", "") }],
            );
            record.fired_at = at;
            record.account.as_mut().unwrap().churned_at = at;
            let action = handle(&worker(dir.path()), &record);
            let drafted = action.outcome == "delivered";
            assert_eq!(drafted, seconds >= last, "{seconds}: {}", action.why);
            if drafted {
                let draft = fs::read_to_string(&action.target).unwrap();
                assert!(draft.contains("Date: Thu, 30 Dec 9999 00:00:00"), "{draft}");
                assert!(action.target.contains("/9999-12-30/"), "{}", action.target);
            }
        }
    }
}
