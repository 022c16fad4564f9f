//! The pretty forms, pinned as plain files; `BLESS=1` writes them anew.

use std::path::Path;

use anstream::adapter::strip_str;
use winback_core::debounce::{BurstOutcome, Gate, SignalOutcome};
use winback_proto::v1::decision::Subject;
use winback_proto::{Timestamp, v1};

use super::words;

fn at(text: &str) -> Option<Timestamp> {
    let seconds = text.parse::<jiff::Timestamp>().unwrap().as_second();
    Some(Timestamp { seconds, nanos: 0 })
}

fn is_golden(name: &str, shown: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let plain = format!("{}\n", strip_str(shown));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &plain).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(plain, golden, "{} differs: BLESS=1 writes it anew", path.display());
}

fn item(kind: &str, class: &str, time: &str, method: &str, detail: &str, weight: u32) -> v1::EvidenceItem {
    v1::EvidenceItem {
        kind: kind.to_owned(),
        page_class: class.to_owned(),
        event_time: at(time),
        source: "web".to_owned(),
        id: "1".to_owned(),
        strength: 2,
        weight,
        method: method.to_owned(),
        matched_on: format!("{method} x"),
        detail: detail.to_owned(),
    }
}

fn part(kind: &str, class: &str, signals: u32, weight: u32) -> v1::ScorePart {
    v1::ScorePart { kind: kind.to_owned(), page_class: class.to_owned(), signals, weight }
}

fn trigger() -> v1::Trigger {
    v1::Trigger {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        policy: "default".to_owned(),
        policy_version: 3,
        edge: "leading".to_owned(),
        fired_because: "leading".to_owned(),
        account: Some(v1::AccountSnapshot {
            id: "acc-0042".to_owned(),
            name: "Northwind Tools".to_owned(),
            tier: "1".to_owned(),
            arr_usd: 84_000,
            reason: "product_gap".to_owned(),
            churn_number: 1,
            months_since_churn: 7,
            missing_features: vec!["sso".to_owned()],
            ..v1::AccountSnapshot::default()
        }),
        burst_id: "b".repeat(32),
        score: Some(v1::Score {
            total: 15,
            needed: 2,
            parts: vec![
                part("email_click", "", 1, 3),
                part("web_visit", "docs", 1, 2),
                part("web_visit", "pricing", 2, 10),
            ],
        }),
        evidence: Some(v1::Evidence {
            signals: 4,
            first_at: at("2026-11-22T13:36:00Z"),
            last_at: at("2026-11-22T14:02:00Z"),
            items: vec![
                item("web_visit", "pricing", "2026-11-22T14:02:00Z", "domain", "/pricing", 5),
                item("email_click", "", "2026-11-22T13:40:00Z", "contact", "/webinar", 3),
                item("web_visit", "docs", "2026-11-22T13:36:00Z", "domain", "/docs/sso", 2),
                item("hiring", "", "2026-11-20T10:00:00Z", "name", "SRE", 0),
            ],
        }),
        play: "gap-closed".to_owned(),
        fired_at: at("2026-11-22T14:02:00Z"),
        deadline: at("2026-11-22T14:32:00Z"),
        quiet_until: at("2026-12-06T14:02:00Z"),
        strength: 2,
        ..v1::Trigger::default()
    }
}

fn action(outcome: &str, why: &str) -> v1::Action {
    v1::Action {
        outcome: outcome.to_owned(),
        why: why.to_owned(),
        play: "gap-closed".to_owned(),
        target: "outbox/2026-11-22/northwind-tools.eml".to_owned(),
        ..v1::Action::default()
    }
}

#[test]
fn a_trigger_reads_as_a_person_would_say_it() {
    let leading = trigger();
    let trailing = v1::Trigger {
        edge: "trailing".to_owned(),
        fired_because: "quiet".to_owned(),
        play: String::new(),
        quiet_until: at("2027-01-06T14:02:00Z"),
        ..leading.clone()
    };
    let mut promised = leading.clone();
    let account = promised.account.as_mut().unwrap();
    (account.segment, account.manner) = ("high_value".to_owned(), "angry".to_owned());
    account.concessions = vec!["free migration".to_owned(), "two months of support".to_owned()];
    let update = v1::Trigger { edge: "update".to_owned(), parent_id: leading.id.clone(), ..leading.clone() };
    let escalation = v1::Trigger {
        edge: "escalation".to_owned(),
        fired_because: "strength_up".to_owned(),
        ..leading.clone()
    };
    let shown = [
        super::trigger(&leading, None),
        super::trigger(&leading, Some(&action("delivered", ""))),
        super::trigger(&trailing, Some(&action("suppressed", "opted_out"))),
        super::trigger(&update, Some(&action("noted", ""))),
        super::trigger(&escalation, Some(&action("stale", "3 days old"))),
        super::trigger(&promised, None),
    ];
    assert!(shown[0].contains('\u{1b}'), "a terminal gets its colours");
    is_golden("triggers.txt", &shown.join("\n\n"));
}

#[test]
fn what_came_from_outside_cannot_move_a_terminals_cursor() {
    let mut hostile = trigger();
    let account = hostile.account.as_mut().unwrap();
    account.name = "Evil\u{1b}[2J\u{202e}\nCorp\r".to_owned();
    account.missing_features = vec!["\u{7}bell".to_owned()];
    hostile.evidence.as_mut().unwrap().items[1].detail = "/a\u{9b}31m".to_owned();
    let shown = super::trigger(&hostile, None);
    let plain = strip_str(&shown).to_string();
    assert!(plain.chars().all(|c| c == '\n' || !c.is_control()), "{plain:?}");
    assert!(!plain.contains('\u{202e}') && plain.contains("Evil\\u{1b}[2J"), "{plain}");
    assert!(!shown.contains("\u{1b}[2J"));
}

fn decision(outcome: &str, because: &str, subject: Subject) -> v1::Decision {
    v1::Decision {
        account_id: "acc-0042".to_owned(),
        policy: "default".to_owned(),
        policy_version: 1,
        subject: Some(subject),
        outcome: outcome.to_owned(),
        because: because.to_owned(),
        rule: "R3".to_owned(),
        decided_at: at("2026-11-22T14:02:00Z"),
        deadline: at("2026-11-22T14:32:00Z"),
        quiet_until: at("2026-12-06T14:02:00Z"),
        ..v1::Decision::default()
    }
}

fn signal() -> Subject {
    Subject::Signal(v1::SignalSubject {
        kind: "web_visit".to_owned(),
        page_class: "pricing".to_owned(),
        event_time: at("2026-11-19T14:00:00Z"),
        append_time: at("2026-11-22T14:00:00Z"),
        ..v1::SignalSubject::default()
    })
}

fn sentence(decision: &v1::Decision) -> super::Sentence {
    super::sentence(decision, &super::sentence::Known::default())
}

fn burst() -> Subject {
    Subject::Burst(v1::BurstSubject { signals: 1, score: 1, needed: 2, ..v1::BurstSubject::default() })
}

#[test]
fn every_outcome_has_its_sentence() {
    let because = |outcome: &str| match outcome {
        "gated" => "hold_out",
        "capped" => "8 in 365d for the account",
        "fired" => "quiet",
        _ => "",
    };
    let signals = SignalOutcome::ALL
        .iter()
        .map(|outcome| decision(outcome.as_str(), because(outcome.as_str()), signal()));
    let bursts = BurstOutcome::ALL
        .iter()
        .map(|outcome| decision(outcome.as_str(), because(outcome.as_str()), burst()));
    let lines: Vec<String> = signals.chain(bursts).map(|decision| super::decision(&decision)).collect();
    assert!(lines.iter().all(|line| !line.contains('\n') && !line.contains("does not know")));
    is_golden("decisions.txt", &lines.join("\n"));
}

#[test]
fn every_gate_says_why_it_is_shut_and_what_would_open_it() {
    let lines: Vec<String> = Gate::ALL
        .iter()
        .map(|gate| {
            let worded = sentence(&decision("gated", gate.as_str(), signal()));
            format!("{gate}: {} | {}", worded.what, worded.differ.unwrap().text)
        })
        .collect();
    is_golden("gates.txt", &lines.join("\n"));
}

#[test]
fn words_from_a_newer_version_are_shown_as_they_are() {
    let worded = sentence(&decision("postponed", "", burst()));
    assert_eq!(worded.what, "came to postponed, which this version does not know");
    let worded = sentence(&decision("gated", "moon_phase", signal()));
    assert!(worded.what.contains("moon phase"));
}

#[test]
fn lengths_sums_and_days_are_said_in_round_words() {
    use winback_core::time::{Span, Time};
    for (secs, words) in
        [(0, "a moment"), (59, "59 s"), (1_560, "26 min"), (7_200, "2 h"), (1_000_000, "11 days")]
    {
        assert_eq!(words::length(Span::from_secs(secs)), words);
    }
    for (usd, words) in [(0, "$0"), (999, "$999"), (84_999, "$84k"), (1_250_000, "$1.2M")] {
        assert_eq!(words::money(usd), words);
    }
    let noon = Time::from_millis(1_795_348_920_000);
    assert_eq!(words::moment(noon + Span::from_mins(30), Some(noon)), "22 Nov 12:32");
    assert_eq!(words::moment(noon + Span::from_days(60), Some(noon)), "21 Jan 2027");
    assert_eq!(words::wrapped("one two three", 4, 9, "  "), "one\n  two\n  three");
}

#[test]
fn a_priority_says_its_parts_and_why() {
    let part = |percent, why: &str| Some(v1::PriorityPart { percent, why: why.to_owned() });
    let priority = v1::Priority {
        total: 80,
        recoverability: part(100, "the gap they left for is closed"),
        value: part(91, "tier 1, $84000 a year"),
        strength: part(88, "a strong signal, score 8"),
        fit: part(100, "a release answers a gap"),
    };
    let shown = super::trigger(&v1::Trigger { priority: Some(priority), ..trigger() }, None);
    for part in ["80 of 100", "the gap they left for is closed (100 %)", "(91 %)", "answers a gap (100 %)"] {
        assert!(shown.replace("\n           ", " ").contains(part), "{shown}");
    }
}

#[test]
fn a_score_that_was_carried_over_is_told_in_the_trigger_and_in_the_decision() {
    let mut slow = trigger();
    slow.score = Some(v1::Score {
        total: 10,
        needed: 10,
        parts: vec![part("web_visit", "docs", 1, 2), part("carried", "", 0, 8)],
    });
    assert!(super::trigger(&slow, None).contains("interest carried over from before"));
    let burst = v1::BurstSubject { signals: 1, score: 9, needed: 10, ..v1::BurstSubject::default() };
    let below =
        v1::Decision { carried_score: 7, ..decision("below_threshold", "quiet", Subject::Burst(burst)) };
    let shown = super::decision(&below);
    assert!(shown.contains("score 9 of 10 needed (7 carried over from before)"), "{shown}");
}

#[test]
fn every_rule_that_a_decision_names_has_its_words() {
    for rule in ["R1", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "gate"] {
        assert!(!super::rules::rule_words(rule).is_empty(), "{rule}");
    }
    assert_eq!(super::rules::rule_words("R99"), "");
}

fn letter(value: &[u8]) -> winback_deployment::scan::Found<v1::DeadLetter> {
    let value = v1::DeadLetter {
        topic: "mail".to_owned(),
        source: "mail\u{1b}[2J".to_owned(),
        reason: "bad_json".to_owned(),
        element: -1,
        key: vec![0xff; 1_000],
        size: value.len() as u64,
        value: value.to_vec(),
        headers: vec![v1::Header { name: "h\u{7}".to_owned(), value: vec![0; 10_000] }],
        ..v1::DeadLetter::default()
    };
    winback_deployment::scan::Found { partition: 0, offset: 3, value }
}

#[test]
fn a_letter_of_any_bytes_is_shown_short_and_cannot_move_a_terminals_cursor() {
    let text = "x\u{1b}[2Jy\n".repeat(2_000);
    for value in [&[0xff; 5_000][..], &[0; 5_000], text.as_bytes(), b""] {
        let shown = super::letter::whole(&letter(value));
        let plain = strip_str(&shown).to_string();
        assert!(plain.chars().all(|c| c == '\n' || !c.is_control()), "{plain:?}");
        assert!(plain.len() < 12_000, "{}", plain.len());
        assert!(value.len() < 10 || plain.contains("--raw"), "{plain}");
    }
}
