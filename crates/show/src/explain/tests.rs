//! Stories of hand-made records: every outcome has its words and what would have had to differ, and each is as exact as the
//! records allow.

use winback_core::debounce::{BurstOutcome, Gate, SignalOutcome};
use winback_core::time::Time;
use winback_proto::v1;
use winback_proto::v1::account_change::Change;
use winback_proto::v1::decision::Subject;
use winback_proto::v1::inbox_record::Body;

use super::records::{Arrived, Cut, Records};
use super::step::{Step, StepKind};
use super::{Focus, only, story_of};
use crate::differ::Lack;

const DAY: i64 = 86_400;
/// 2026-11-22T12:00:00Z.
const NOON: i64 = 1_795_348_800;

fn at(secs: i64) -> Option<winback_proto::Timestamp> {
    Some(winback_proto::Timestamp { seconds: NOON + secs, nanos: 0 })
}

fn arrived(offset: i64, body: Body) -> Arrived {
    let record = v1::InboxRecord { body: Some(body) };
    Arrived { partition: 2, offset, at: Time::from_millis(NOON * 1_000), record }
}

fn account(arr_usd: u64) -> v1::Account {
    v1::Account {
        id: "acc-1".to_owned(),
        name: "Northwind".to_owned(),
        arr_usd,
        reason: "product_gap".to_owned(),
        churned_at: at(-400 * DAY),
        ..v1::Account::default()
    }
}

fn listed(offset: i64, account: v1::Account) -> Arrived {
    arrived(offset, Body::Account(v1::AccountChange { change: Some(Change::Upsert(account)) }))
}

fn policy(offset: i64, version: u32, toml: &str) -> Arrived {
    let toml = format!("name = \"default\"\n{toml}");
    arrived(
        offset,
        Body::Policy(v1::PolicyVersion { name: "default".to_owned(), version, toml, compiled: None }),
    )
}

/// A signal with that outcome, `secs` after noon, which happened `age` seconds before.
fn signal(offset: i64, id: &str, outcome: SignalOutcome, secs: i64, age: i64) -> v1::Decision {
    v1::Decision {
        account_id: "acc-1".to_owned(),
        policy: "default".to_owned(),
        policy_version: 1,
        subject: Some(Subject::Signal(v1::SignalSubject {
            source: "web".to_owned(),
            id: id.to_owned(),
            kind: "web_visit".to_owned(),
            event_time: at(secs - age),
            append_time: at(secs),
            method: "domain".to_owned(),
            burst_id: "b1".to_owned(),
            ..v1::SignalSubject::default()
        })),
        outcome: outcome.as_str().to_owned(),
        rule: "R3".to_owned(),
        decided_at: at(secs),
        deadline: at(secs + 1_800),
        inbox_partition: 2,
        inbox_offset: offset,
        ..v1::Decision::default()
    }
}

fn burst(offset: i64, outcome: BurstOutcome, secs: i64) -> v1::Decision {
    let subject =
        v1::BurstSubject { burst_id: "b1".to_owned(), signals: 2, score: 3, needed: 5, opened_at: at(0) };
    v1::Decision {
        subject: Some(Subject::Burst(subject)),
        outcome: outcome.as_str().to_owned(),
        ..signal(offset, "", SignalOutcome::Joined, secs, 0)
    }
}

fn steps(inbox: Vec<Arrived>, decisions: Vec<v1::Decision>) -> Vec<Step> {
    let account = "acc-1".to_owned();
    story_of(&Records { account, inbox, decisions, decided_to: Some(1_000), ..Records::default() }).steps
}

fn to_fire(step: &Step) -> &str {
    step.differ.as_ref().map_or("", |differ| differ.text.as_str())
}

#[test]
fn every_outcome_fired_or_says_what_would_have_had_to_differ() {
    let fired = ["led", "escalated", "fired", "updated"];
    let signals = SignalOutcome::ALL.iter().map(|outcome| signal(7, "s", *outcome, 0, 0));
    let bursts = BurstOutcome::ALL.iter().map(|outcome| burst(7, *outcome, 0));
    for decision in signals.chain(bursts) {
        let story = steps(Vec::new(), vec![decision.clone()]);
        let says = story[0].differ.is_some();
        assert_eq!(says, !fired.contains(&decision.outcome.as_str()), "{}", decision.outcome);
        assert!(!story[0].text.contains("does not know"), "{}", story[0].text);
    }
}

#[test]
fn every_gate_is_named_to_programs_and_told_to_people() {
    for gate in Gate::ALL {
        let shut =
            v1::Decision { because: gate.as_str().to_owned(), ..signal(7, "s", SignalOutcome::Gated, 0, 0) };
        let story = steps(Vec::new(), vec![shut]);
        let differ = story[0].differ.clone().unwrap();
        assert_eq!((differ.what, differ.name.as_str()), (Lack::Gate, gate.as_str()));
        assert!(!differ.text.is_empty());
    }
}

#[test]
fn a_repeat_says_when_it_counted_first() {
    let first = signal(3, "s1", SignalOutcome::Joined, 0, 0);
    let again = signal(9, "s1", SignalOutcome::Duplicate, 3_600, 3_600);
    let story = steps(Vec::new(), vec![first, again]);
    assert!(story[1].text.contains("was seen before, at 22 Nov 12:00: a repeat"), "{}", story[1].text);
    assert_eq!(story[1].differ.as_ref().unwrap().until, Some(Time::from_millis(NOON * 1_000)));
    assert!(story[1].text.contains("(arrived 60 min later, 2026-11-22 13:00)"), "{}", story[1].text);
}

#[test]
fn too_old_says_how_much_younger_it_had_to_be_by_the_policy_that_was_in_force() {
    let inbox = vec![policy(0, 1, "[kinds.web_visit]\nmax_age = \"3d\"")];
    let story = steps(inbox, vec![signal(7, "s", SignalOutcome::Expired, 0, 5 * DAY)]);
    assert_eq!(to_fire(&story[1]), "it had to be 2 days younger: its kind counts for 3 days (max_age)");
    let story = steps(Vec::new(), vec![signal(7, "s", SignalOutcome::Expired, 0, 5 * DAY)]);
    assert_eq!(to_fire(&story[0]), "it had to be younger than max_age of its kind", "in general words");
}

#[test]
fn quiet_says_how_much_later_and_a_score_how_many_points() {
    let cooled = v1::Decision { quiet_until: at(4 * DAY), ..signal(7, "s", SignalOutcome::InCooldown, 0, 0) };
    let story = steps(Vec::new(), vec![cooled, burst(8, BurstOutcome::BelowThreshold, 60)]);
    assert_eq!(to_fire(&story[0]), "it had to come 4 days later, or be stronger than what fired");
    assert_eq!(to_fire(&story[1]), "2 more points of score");
    assert_eq!(story[1].differ.as_ref().unwrap().points, Some(2));
}

#[test]
fn what_joined_says_what_it_lacked_to_fire_at_once_but_not_as_a_refusal() {
    let inbox = vec![policy(0, 1, "leading = \"strength>=2\"")];
    let story = steps(inbox, vec![signal(7, "s", SignalOutcome::Joined, 0, 0)]);
    assert!(to_fire(&story[1]).starts_with("to fire at once it had to be of strength 2, and is of 1"));
    assert!(!story[1].paragraph().contains("for a trigger"), "{}", story[1].paragraph());
}

#[test]
fn a_gate_that_opens_by_itself_says_when() {
    let gated =
        |gate: Gate| v1::Decision { because: gate.as_str().to_owned(), ..burst(50, BurstOutcome::Gated, 0) };
    let not_yet = v1::Account { earliest_at: at(3 * DAY), ..account(9_000) };
    let story = steps(vec![listed(1, not_yet)], vec![gated(Gate::NotYet)]);
    assert!(
        to_fire(&story[1]).ends_with(", 3 days later at the earliest (25 Nov)"),
        "{}",
        to_fire(&story[1])
    );
    let no =
        v1::Response { kind: "declined".to_owned(), event_time: at(-5 * DAY), ..v1::Response::default() };
    let inbox = vec![
        policy(0, 1, "declined_rest = \"200d\""),
        listed(1, account(9_000)),
        arrived(2, Body::Response(no)),
    ];
    let story = steps(inbox, vec![gated(Gate::Declined)]);
    assert!(to_fire(&story[3]).contains(", 195 days later at the earliest"), "{}", to_fire(&story[3]));
}

#[test]
fn a_cap_names_the_triggers_that_it_counts() {
    let fired = v1::Decision { trigger_id: "t1".to_owned(), ..burst(5, BurstOutcome::Fired, -20 * DAY) };
    let capped =
        v1::Decision { because: "1 in 365d for the account".to_owned(), ..burst(9, BurstOutcome::Capped, 0) };
    let story = steps(Vec::new(), vec![fired, capped]);
    assert!(to_fire(&story[1]).contains("(the last: 2 Nov)"), "{}", to_fire(&story[1]));
}

#[test]
fn a_burst_is_cancelled_by_what_happened_at_the_same_record() {
    let gone =
        arrived(9, Body::Account(v1::AccountChange { change: Some(Change::Gone("acc-1".to_owned())) }));
    let story = steps(vec![listed(1, account(9_000)), gone], vec![burst(9, BurstOutcome::Cancelled, 60)]);
    assert!(
        story[2].text.ends_with("was cancelled, because the account is no longer on the list"),
        "{}",
        story[2].text
    );
}

#[test]
fn a_change_of_the_list_says_what_changed() {
    let bigger = v1::Account { do_not_contact: true, version: 2, ..account(60_000) };
    let same = v1::Account { version: 3, ..bigger.clone() };
    let story = steps(vec![listed(1, account(9_000)), listed(2, bigger), listed(3, same)], Vec::new());
    assert_eq!(story[1].text, "the list says now: tier 1, $60k instead of $9k; do not contact");
    assert_eq!(story[2].text, "the list says the same again");
}

fn waiting(offset: i64) -> Arrived {
    let signal = v1::Signal { source: "web".to_owned(), id: "s9".to_owned(), ..v1::Signal::default() };
    arrived(offset, Body::Signal(signal))
}

#[test]
fn a_signal_without_a_decision_says_whether_one_will_come() {
    let account = "acc-1".to_owned();
    let records = Records { account, inbox: vec![waiting(5)], decided_to: Some(5), ..Records::default() };
    let story = story_of(&records).steps;
    assert_eq!(story[0].step, StepKind::Undecided);
    assert!(story[0].text.ends_with("it is not decided yet: the detector has not come to it"));
    let cut = Cut { topic: "winback.decisions".into(), partition: 2, gone: 40, from: None };
    let records = Records { decided_to: Some(6), cuts: vec![cut], ..records };
    let story = story_of(&records).steps;
    assert!(story[0].text.contains("retention has taken 40 records away from winback.decisions/2"));
    assert!(story[1].text.ends_with("its decision is no longer kept"));
}

fn fires() -> Records {
    let trigger = |id: &str, parent: &str, offset: i64| {
        let trigger = v1::Trigger {
            id: id.to_owned(),
            parent_id: parent.to_owned(),
            policy: "default".to_owned(),
            burst_id: "b1".to_owned(),
            edge: if parent.is_empty() { "leading" } else { "update" }.to_owned(),
            ..v1::Trigger::default()
        };
        (trigger, Some((2, offset)))
    };
    let led =
        v1::Decision { trigger_id: "t1".to_owned(), ..signal(3, "s1", SignalOutcome::FiredLeading, 0, 0) };
    let updated = v1::Decision { trigger_id: "t2".to_owned(), ..burst(9, BurstOutcome::Updated, 1_800) };
    let mut other = signal(20, "s3", SignalOutcome::Joined, 9_000, 0);
    if let Some(Subject::Signal(signal)) = &mut other.subject {
        signal.burst_id = "b2".to_owned();
    }
    let reply = v1::Response { kind: "replied".to_owned(), ..v1::Response::default() };
    Records {
        account: "acc-1".to_owned(),
        inbox: vec![listed(1, account(9_000)), arrived(12, Body::Response(reply))],
        decisions: vec![led, signal(5, "s2", SignalOutcome::Joined, 60, 0), updated, other],
        triggers: vec![trigger("t1", "", 3), trigger("t2", "t1", 9)],
        actions: vec![v1::Action {
            trigger_id: "t1".to_owned(),
            outcome: "delivered".to_owned(),
            ..v1::Action::default()
        }],
        ..Records::default()
    }
}

fn kinds(focus: &Focus) -> Vec<&'static str> {
    only(story_of(&fires()).steps, focus).iter().map(|step| step.step.as_str()).collect()
}

#[test]
fn a_story_is_in_the_order_of_the_inbox_with_each_trigger_behind_its_cause() {
    assert_eq!(
        kinds(&Focus::Account),
        ["account", "signal", "trigger", "action", "signal", "burst", "trigger", "response", "signal"]
    );
}

#[test]
fn a_subject_keeps_its_own_steps_and_what_came_back() {
    let t1 = Focus::Trigger("t1".to_owned());
    assert_eq!(kinds(&t1), ["signal", "trigger", "action", "trigger", "response"]);
    let b1 = Focus::Burst("b1".to_owned());
    assert_eq!(kinds(&b1), ["signal", "trigger", "action", "signal", "burst", "trigger", "response"]);
    assert_eq!(kinds(&Focus::Signal("web:s3".to_owned())), ["signal"]);
    assert_eq!(kinds(&Focus::Signal("web:s2".to_owned())), kinds(&b1));
    assert_eq!(kinds(&Focus::Burst("b9".to_owned())), [""; 0]);
}
