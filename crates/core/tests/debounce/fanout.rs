//! Fan-outs: one event, a signal for each account that it is about.

use winback_core::account::{Account, Reason};
use winback_core::debounce::{AccountChange, Body, Effect, Event, Input, Note, Partition, StateKey, Subject};
use winback_core::signal::SignalKind;

use crate::rig::{Rig, account, at, signal};

const DAY: i64 = 86_400_000;

pub(crate) fn release(class: &str, features: &[&str], millis: i64) -> Event {
    Event {
        source: "releases".into(),
        id: format!("{class}-{millis}"),
        kind: SignalKind::ProductRelease,
        class: class.into(),
        event_time: at(millis),
        append_time: at(millis),
        title: "version 4.0".into(),
        features: features.iter().map(|name| (*name).to_owned()).collect(),
        competitor: String::new(),
    }
}

fn rival(class: &str, competitor: &str, millis: i64) -> Event {
    Event {
        source: "rivals".into(),
        kind: SignalKind::CompetitorEvent,
        competitor: competitor.into(),
        ..release(class, &[], millis)
    }
}

fn tell(rig: &mut Rig, event: &Event) {
    rig.body(Body::Event(Box::new(event.clone())));
}

fn list(rig: &mut Rig, id: &str, reason: Reason, missing: &[&str], competitor: Option<&str>) {
    let missing_features = missing.iter().map(|name| (*name).to_owned()).collect();
    let competitor = competitor.map(str::to_owned);
    let account = Account { reason, missing_features, competitor, ..account(id) };
    rig.body(Body::Account(AccountChange::Upsert(Box::new(account))));
}

/// Whom the events were told to, with why, in order.
fn told(rig: &Rig) -> Vec<String> {
    let mut told = Vec::new();
    for made in rig.decisions() {
        if let Subject::Signal { signal, .. } = &made.subject {
            told.push(format!("{}: {}", made.account, signal.matched_on));
        }
    }
    told
}

#[test]
fn each_event_is_told_to_those_whom_it_answers_and_to_nobody_else() {
    let table: [(Event, &[&str]); 10] = [
        (release("feature", &["SSO"], 0), &["gap: missing feature s-s-o"]),
        (release("feature", &["Audit log"], 0), &[]),
        (release("feature", &[], 0), &[]),
        (
            release("service", &["sso"], 0),
            &["gap: missing feature s-s-o", "served: left because of service_support"],
        ),
        (release("onboarding", &[], 0), &["lost: left because of adoption_onboarding"]),
        (release("price", &[], 0), &["poor: left because of price_budget"]),
        (
            release("major_version", &[], 0),
            &["a: left because of product_gap", "gap: left because of product_gap"],
        ),
        (rival("outage", "BRIGHTLOOM Inc.", 0), &["rival: competitor Brightloom, Inc."]),
        (rival("price_rise", "Bright", 0), &[]),
        (rival("scandal", "", 0), &[]),
    ];
    for (event, expected) in table {
        let mut rig = Rig::new("leading=\"strength>=2\"\n");
        list(&mut rig, "rival", Reason::Competitor, &[], Some("Brightloom, Inc."));
        list(&mut rig, "gap", Reason::ProductGap, &["s-s-o"], None);
        list(&mut rig, "served", Reason::ServiceSupport, &[], None);
        list(&mut rig, "lost", Reason::AdoptionOnboarding, &[], None);
        list(&mut rig, "poor", Reason::PriceBudget, &[], None);
        rig.progress(0);
        tell(&mut rig, &event);
        rig.progress(1);
        assert_eq!(told(&rig), expected, "{event:?}");
        assert_eq!(rig.triggers().len(), expected.len(), "each fires at once");
        assert!(!rig.partition.rows().keys().any(|key| matches!(key, StateKey::Event(_))), "told, and gone");
    }
}

#[test]
fn a_signal_of_an_event_is_a_signal_like_any_other() {
    let mut rig = Rig::new("leading=\"strength>=2\"\n");
    list(&mut rig, "gap", Reason::ProductGap, &["sso"], None);
    rig.progress(0);
    let event = release("feature", &["SSO"], 0);
    tell(&mut rig, &event);
    rig.progress(1);
    let trigger = rig.triggers()[0].clone();
    let item = &trigger.evidence.items[0];
    assert_eq!((item.kind, item.source.as_str(), item.class.as_str()), (event.kind, "releases", "feature"));
    assert_eq!((item.event_time, item.detail.as_str()), (event.event_time, "version 4.0"));
    assert_eq!(rig.partition.counts().made, 1);
    assert_eq!(rig.partition.clock().inputs.len(), 1, "it is no input");
}

#[test]
fn the_same_event_twice_is_told_once() {
    let mut rig = Rig::new("leading=\"off\"\n");
    rig.progress(0);
    let event = release("major_version", &[], 0);
    tell(&mut rig, &event);
    tell(&mut rig, &event);
    rig.progress(1);
    tell(&mut rig, &event);
    rig.progress(2);
    assert_eq!(told(&rig).len(), 1);
}

#[test]
fn an_event_that_is_too_old_is_told_to_nobody_and_one_from_the_future_is_a_dead_letter() {
    let mut rig = Rig::new("");
    rig.progress(100 * DAY);
    tell(&mut rig, &release("major_version", &[], 5 * DAY));
    rig.progress(101 * DAY);
    let ahead = Event { append_time: at(101 * DAY), ..release("major_version", &[], 103 * DAY) };
    tell(&mut rig, &ahead);
    rig.progress(102 * DAY);
    assert_eq!(told(&rig), Vec::<String>::new());
    let noted =
        |effect: &Effect| matches!(effect, Effect::Note(Note::TooOld(source, _)) if source == "releases");
    assert_eq!(rig.effects.iter().filter(|effect| noted(effect)).count(), 1);
    let dead = |effect: &Effect| matches!(effect, Effect::Dead { reason: "future", .. });
    assert_eq!(rig.effects.iter().filter(|effect| dead(effect)).count(), 1);
}

#[test]
fn an_account_that_is_not_open_hears_of_nothing() {
    let mut rig = Rig::new("leading=\"off\"\n");
    for id in ["b", "c", "d"] {
        list(&mut rig, id, Reason::ProductGap, &[], None);
    }
    rig.progress(0);
    tell(&mut rig, &release("major_version", &[], 0));
    rig.body(Body::Account(AccountChange::Gone("a".into())));
    rig.body(Body::Account(AccountChange::Erased("b".into())));
    let mut back = signal("c", "back", 0, 0, 0);
    back.kind = SignalKind::SelfReactivation;
    rig.body(Body::Signal(Box::new(back)));
    rig.progress(1);
    assert_eq!(told(&rig), ["c: domain northwind.example", "d: left because of product_gap"]);
}

fn id(number: u32) -> String {
    format!("s{number:06}")
}

/// A log with so many accounts that a release is about, and progress records behind it.
fn crowd(accounts: u32, progress: i64) -> Vec<Input> {
    let mut rig = Rig::new("leading=\"strength>=2\"\n[calendar]\nentries=[]\n");
    rig.body(Body::Account(AccountChange::Gone("a".into())));
    let mut log = std::mem::take(&mut rig).log;
    let mut push = |body| {
        let offset = winback_core::ids::Offset(i64::try_from(log.len()).unwrap());
        log.push(Input { offset, appended_at: at(0), body });
    };
    for number in 0..accounts {
        push(Body::Account(AccountChange::Upsert(Box::new(account(&id(number))))));
    }
    let progress_to = |millis| {
        let inputs = vec![("web/0".into(), winback_core::debounce::Reached::NewestAppend(at(millis)))];
        Body::Progress(winback_core::debounce::Progress { inputs, known: Vec::new() })
    };
    push(progress_to(0));
    push(Body::Event(Box::new(release("major_version", &[], 0))));
    (1..=progress).for_each(|millis| push(progress_to(millis)));
    log
}

fn triggers(effects: &[Effect]) -> Vec<(String, i64)> {
    let fired = effects.iter().filter_map(|effect| match effect {
        Effect::Trigger(fired) => Some((fired.account.id.to_string(), fired.fired_at.millis())),
        _ => None,
    });
    fired.collect()
}

#[test]
fn a_fan_out_to_200_000_accounts_survives_a_kill_in_the_middle_and_delays_no_lone_signal() {
    let accounts = 200_000;
    let steps = i64::from(accounts / 128 + 2);
    let log = crowd(accounts, steps);
    let first_progress = log.len() - usize::try_from(steps).unwrap();
    let (mut whole, mut effects) = (Partition::default(), Vec::new());
    let mut after = Vec::new();
    for (place, input) in log.iter().enumerate() {
        let before = effects.len();
        whole.step(input, &mut effects);
        let made = triggers(&effects[before..]).len();
        assert!(made <= 128, "one record makes no more than its share");
        if place == first_progress + 700 {
            let mut rows = Partition::default();
            whole.rows().into_iter().for_each(|(key, row)| rows.load(key, Some(row)).unwrap());
            after = vec![rows];
            after[0].commit();
        }
        if place.is_multiple_of(100) {
            whole.commit();
        }
    }
    let fired = triggers(&effects);
    assert_eq!(fired.len(), 200_000, "all of them");
    assert!(fired.is_sorted_by_key(|(id, _)| id.clone()), "in the order of the accounts");

    let mut restored = after.pop().unwrap();
    let cut = first_progress + 701;
    let mut rest = Vec::new();
    for (place, input) in log[cut..].iter().enumerate() {
        if place == 50 {
            // A lone signal in the middle of it fires at its own record.
            let mut beside = restored.clone();
            let visit = signal(&id(199_999), "lone", 2, 800, 800);
            let mut effects = Vec::new();
            let body = Body::Signal(Box::new(visit));
            beside.step(&Input { body, ..input.clone() }, &mut effects);
            assert_eq!(triggers(&effects).len(), 1);
        }
        restored.step(input, &mut rest);
        restored.commit();
    }
    let rest = triggers(&rest);
    assert_eq!(rest[..], fired[200_000 - rest.len()..], "goes on as the one that never stopped");
    assert!(rest.len() > 50_000);
    assert!(restored.rows() == whole.rows());
}

#[test]
fn who_comes_before_the_cursor_does_not_hear_and_who_comes_behind_it_does() {
    let mut log = crowd(300, 1);
    let (mut partition, mut effects) = (Partition::default(), Vec::new());
    log.iter().for_each(|input| partition.step(input, &mut effects));
    assert_eq!(triggers(&effects).len(), 128);
    let progress = log.pop().unwrap();
    let mut step = |body| partition.step(&Input { body, ..progress.clone() }, &mut effects);
    for name in ["s000000x", "s000200x"] {
        step(Body::Account(AccountChange::Upsert(Box::new(account(name)))));
    }
    step(Body::Account(AccountChange::Gone(id(250).as_str().into())));
    let other = Account { reason: Reason::NotFit, version: 9, ..account(&id(251)) };
    step(Body::Account(AccountChange::Upsert(Box::new(other))));
    for _ in 0..3 {
        step(progress.body.clone());
    }
    let heard: Vec<_> = triggers(&effects).into_iter().map(|(id, _)| id).collect();
    assert!(!heard.contains(&"s000000x".to_owned()) && heard.contains(&"s000200x".to_owned()));
    assert!(!heard.contains(&id(250)) && !heard.contains(&id(251)));
    assert_eq!(heard.len(), 299);
}
