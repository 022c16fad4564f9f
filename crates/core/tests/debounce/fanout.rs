//! Fan-outs: one event, a signal for each account that it is about.

use winback_core::account::{Account, Reason};
use winback_core::debounce::{
    AccountChange, Body, DeadReason, Effect, Event, Input, Note, Partition, Progress, StateKey, Subject,
};
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

/// The accounts that received the events, with the reason, in order.
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
        (release("major_version", &[], 0), &["buggy: left because of technical_quality"]),
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
        list(&mut rig, "buggy", Reason::TechnicalQuality, &[], None);
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
    assert_eq!(rig.partition.counts().synthetic, 1);
    assert_eq!(rig.partition.clock().inputs.len(), 1, "it is no input");
}

#[test]
fn the_same_event_twice_is_told_once() {
    let mut rig = Rig::new("leading=\"off\"\n");
    list(&mut rig, "gap", Reason::ProductGap, &["sso"], None);
    rig.progress(0);
    let event = release("feature", &["SSO"], 0);
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
    let dead = |effect: &Effect| matches!(effect, Effect::DeadLetter { reason: DeadReason::Future, .. });
    assert_eq!(rig.effects.iter().filter(|effect| dead(effect)).count(), 1);
}

#[test]
fn an_account_that_is_not_open_hears_of_nothing() {
    let mut rig = Rig::new("leading=\"off\"\n");
    for id in ["a", "b", "c", "d"] {
        list(&mut rig, id, Reason::ProductGap, &["sso"], None);
    }
    rig.progress(0);
    tell(&mut rig, &release("feature", &["SSO"], 0));
    rig.body(Body::Account(AccountChange::Gone("a".into())));
    rig.body(Body::Account(AccountChange::Erased("b".into())));
    let mut back = signal("c", "back", 0, 0, 0);
    back.kind = SignalKind::SelfReactivation;
    rig.body(Body::Signal(Box::new(back)));
    rig.progress(1);
    assert_eq!(told(&rig), ["c: domain northwind.example", "d: missing feature sso"]);
}

#[test]
fn what_is_remembered_of_an_event_is_nobodys() {
    let mut rig = Rig::new("");
    tell(&mut rig, &release("feature", &["SSO"], 0));
    let seen = |key: &StateKey| matches!(key, StateKey::Seen(_));
    let rows = rig.partition.rows();
    let (key, row) = rows.into_iter().find(|(key, _)| seen(key)).unwrap();
    assert_eq!(key.account(), None);
    assert_eq!(Body::Carried(Box::new((key, row))).account(), None, "it goes to every partition");
}

/// Events that are on their way.
fn on_their_way(partition: &Partition) -> usize {
    partition.rows().keys().filter(|key| matches!(key, StateKey::Event(_))).count()
}

#[test]
fn events_about_nobody_are_sought_for_a_few_a_report_and_as_many_after_a_restore() {
    let mut rig = Rig::new("[calendar]\nentries=[]\n");
    rig.progress(0);
    (0..9).for_each(|number| tell(&mut rig, &release("feature", &["SSO"], number)));
    rig.partition.commit();
    let mut left = vec![on_their_way(&rig.partition)];
    for millis in 1..=3 {
        let mut after = restored(&rig.partition);
        rig.progress(millis);
        after.step(rig.log.last().unwrap(), &mut Vec::new());
        assert_eq!(after.rows(), rig.partition.rows());
        left.push(on_their_way(&rig.partition));
    }
    assert_eq!(left, [9, 5, 1, 0]);
}

#[test]
fn a_partition_that_was_restored_in_the_middle_tells_as_many_a_report() {
    let log = crowd(88, 8);
    let (mut whole, cut) = (Partition::default(), log.len() - 6);
    fired(&mut whole, &log[..cut]);
    for input in &log[cut..] {
        let mut after = restored(&whole);
        let one = std::slice::from_ref(input);
        assert_eq!(fired(&mut after, one), fired(&mut whole, one));
        assert_eq!(after.rows(), whole.rows());
    }
    assert_eq!(on_their_way(&whole), 0);
}

fn gap(id: &str) -> Account {
    Account { missing_features: vec!["sso".to_owned()], ..account(id) }
}

fn id(number: u32) -> String {
    format!("s{number:06}")
}

/// The most accounts to whom one progress record tells an event.
const SHARE: usize = 12;

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
        push(Body::Account(AccountChange::Upsert(Box::new(gap(&id(number))))));
    }
    let progress_to = |millis| {
        let inputs = vec![("web/0".into(), winback_core::debounce::Reached::NewestAppend(at(millis)))];
        Body::Progress(Progress { inputs, known: Vec::new() })
    };
    push(progress_to(0));
    push(Body::Event(Box::new(release("feature", &["SSO"], 0))));
    (1..=progress).for_each(|millis| push(progress_to(millis)));
    log
}

/// Steps these, and says what fired: whose, and when.
fn fired(partition: &mut Partition, log: &[Input]) -> Vec<(String, i64)> {
    let (mut effects, mut fired) = (Vec::new(), Vec::new());
    for (place, input) in log.iter().enumerate() {
        partition.step(input, &mut effects);
        let before = fired.len();
        for effect in effects.drain(..) {
            if let Effect::Trigger(trigger) = effect {
                fired.push((trigger.account.id.to_string(), trigger.fired_at.millis()));
            }
        }
        assert!(fired.len() - before <= SHARE, "one record makes no more than its share");
        if place.is_multiple_of(100) {
            partition.commit();
        }
    }
    partition.commit();
    fired
}

fn restored(partition: &Partition) -> Partition {
    let mut restored = Partition::default();
    partition.rows().into_iter().for_each(|(key, row)| restored.load(key, Some(row)));
    restored
}

/// The whole of a fan-out, and one that is killed in the middle and goes on from its rows.
fn killed_in_the_middle(accounts: u32) -> (Partition, Partition) {
    let steps = i64::from(accounts) / i64::try_from(SHARE).unwrap() + 2;
    let log = crowd(accounts, steps);
    let cut = log.len() - usize::try_from(steps / 2).unwrap();
    let mut whole = Partition::default();
    let mut expected = fired(&mut whole, &log[..cut]);
    let mut after = restored(&whole);
    let told = expected.len();
    expected.extend(fired(&mut whole, &log[cut..]));
    assert_eq!(expected.len(), usize::try_from(accounts).unwrap(), "all of them, once");
    assert!(expected.is_sorted_by_key(|(id, _)| id.clone()), "in the order of the accounts");
    assert!(told > 0 && told < expected.len());
    assert_eq!(fired(&mut after, &log[cut..]), expected[told..], "it goes on as the one that never stopped");
    (whole, after)
}

#[test]
fn a_fan_out_to_200_000_accounts_survives_a_kill_in_the_middle() {
    let (whole, after) = killed_in_the_middle(200_000);
    assert_eq!((whole.counts(), whole.clock()), (after.counts(), after.clock()));
}

#[test]
fn the_state_after_a_kill_in_the_middle_of_a_fan_out_is_the_same() {
    let (whole, after) = killed_in_the_middle(3_000);
    assert!(whole.rows() == after.rows());
}

#[test]
fn a_lone_signal_fires_at_its_own_record_while_an_event_is_told() {
    let log = crowd(3_000, 10);
    let mut partition = Partition::default();
    assert_eq!(fired(&mut partition, &log).len(), 10 * SHARE);
    let lone = Body::Signal(Box::new(signal(&id(2_999), "lone", 2, 10, 10)));
    let offset = winback_core::ids::Offset(i64::try_from(log.len()).unwrap());
    let told = fired(&mut partition, &[Input { offset, appended_at: at(0), body: lone }]);
    assert_eq!(told, [(id(2_999), at(10).millis())]);
}

#[test]
fn the_reader_that_reports_last_makes_no_event_expire() {
    let mut rig = Rig::new("leading=\"strength>=2\"\n");
    list(&mut rig, "gap", Reason::ProductGap, &["sso"], None);
    let known = vec!["web/0".into(), "mail/0".into()];
    rig.body(Body::Progress(Progress { inputs: Vec::new(), known }));
    tell(&mut rig, &release("feature", &["SSO"], 0));
    rig.progress_of("web/0", 400 * DAY);
    rig.progress_of("mail/0", 400 * DAY);
    let fired: Vec<_> = rig.triggers().iter().map(|trigger| trigger.fired_at).collect();
    assert_eq!((told(&rig).len(), fired), (1, vec![at(0)]), "it came when nobody knew of a later time");
    assert_eq!(rig.partition.clock().now(), at(400 * DAY));
}

#[test]
fn an_event_counts_by_the_clock_before_the_record_that_tells_it() {
    let mut rig = Rig::new("leading=\"strength>=2\"\n");
    list(&mut rig, "gap", Reason::ProductGap, &["sso"], None);
    rig.progress(5);
    tell(&mut rig, &release("feature", &["SSO"], 0));
    rig.progress(400 * DAY);
    assert_eq!(rig.triggers().iter().map(|trigger| trigger.fired_at).collect::<Vec<_>>(), [at(5)]);
}

#[test]
fn neither_the_calendar_nor_an_event_waits_until_the_other_is_through() {
    let mut rig = Rig::new("leading=\"off\"\n");
    for number in 0..200 {
        let account = Account { earliest_at: Some(at(DAY)), ..gap(&id(number)) };
        rig.body(Body::Account(AccountChange::Upsert(Box::new(account))));
    }
    rig.progress(0);
    tell(&mut rig, &release("feature", &["SSO"], 0));
    rig.effects.clear();
    rig.progress(3 * DAY);
    let of = |source: &str| {
        let is_its =
            |subject: &Subject| matches!(subject, Subject::Signal { signal, .. } if signal.source == source);
        rig.decisions().into_iter().filter(|made| is_its(&made.subject)).count()
    };
    assert_eq!((of("releases"), of("calendar")), (SHARE, 20));
}

#[test]
fn who_comes_before_the_cursor_does_not_hear_and_who_comes_behind_it_does() {
    let mut log = crowd(300, 1);
    let mut partition = Partition::default();
    let mut heard = fired(&mut partition, &log);
    assert_eq!(heard.len(), SHARE);
    let progress = log.pop().unwrap();
    let mut step = |body| heard.extend(fired(&mut partition, &[Input { body, ..progress.clone() }]));
    for name in ["s000000x", "s000200x"] {
        step(Body::Account(AccountChange::Upsert(Box::new(gap(name)))));
    }
    step(Body::Account(AccountChange::Gone(id(250).as_str().into())));
    let other = Account { version: 9, ..account(&id(251)) };
    step(Body::Account(AccountChange::Upsert(Box::new(other))));
    for _ in 0..300 / SHARE + 1 {
        step(progress.body.clone());
    }
    let heard: Vec<_> = heard.into_iter().map(|(id, _)| id).collect();
    assert!(!heard.contains(&"s000000x".to_owned()) && heard.contains(&"s000200x".to_owned()));
    assert!(!heard.contains(&id(250)) && !heard.contains(&id(251)));
    assert_eq!(heard.len(), 299);
}

#[test]
fn an_event_is_told_only_to_who_left_before_its_day_by_their_own_calendar() {
    // The base is 2025-10-09T08:53:20Z; the books say the day on which they left, as its begin in UTC.
    let today = at(0).millis().div_euclid(DAY) * DAY;
    let left = |days: i64| winback_core::time::Time::from_millis(today + days * DAY);
    for (churned, zone, hours, is_told) in [
        (left(-1), "UTC", 0, true),
        (left(0), "UTC", 0, false),
        (left(0), "UTC", 14, false),
        (left(0), "UTC", 16, true),
        (left(1), "UTC", 0, false),
        // Past midnight in Auckland, where it is the day after already.
        (left(0), "Pacific/Auckland", 3, true),
        (left(0), "America/Los_Angeles", 16, false),
    ] {
        let mut rig = Rig::new("leading=\"off\"\n");
        let missing_features = vec!["sso".to_owned()];
        let zone_name = Some(zone.to_owned());
        let gap = Account { churned_at: churned, zone: zone_name, missing_features, ..account("gap") };
        rig.body(Body::Account(AccountChange::Upsert(Box::new(gap))));
        let millis = hours * DAY / 24;
        rig.progress(millis);
        tell(&mut rig, &release("feature", &["sso"], millis));
        rig.progress(millis + 1);
        assert_eq!(told(&rig).len(), usize::from(is_told), "{churned} {zone} {hours} h");
    }
}
