//! The calendar: DOMAIN's *Signals*, *When* and *How often*, a test a row.

use jiff::Timestamp;
use winback_core::account::{Account, Reason};
use winback_core::debounce::{AccountChange, Body, Effect, Entry, Partition, Subject};
use winback_core::signal::SignalKind;
use winback_core::time::Time;

use crate::rig::{BASE, Rig, at};

pub(crate) const DAY: i64 = 86_400_000;

/// A time as the rig counts it.
pub(crate) fn millis(text: &str) -> i64 {
    let text = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    text.parse::<Timestamp>().unwrap().as_millisecond() - BASE
}

pub(crate) fn account(id: &str, reason: Reason, churned: &str) -> Account {
    let mut account = Account::new(id, id, at(millis(churned)), reason);
    account.arr_usd = 84_000;
    account.version = 1;
    account
}

pub(crate) fn list(rig: &mut Rig, account: Account) {
    rig.body(Body::Account(AccountChange::Upsert(Box::new(account))));
}

/// A rig whose clock stands there, with a policy of short times.
pub(crate) fn rig(extra: &str, now: &str) -> Rig {
    let mut rig = Rig::new(&format!("leading=\"off\"\n{extra}"));
    rig.body(Body::Account(AccountChange::Gone("a".into())));
    rig.progress(millis(now));
    rig
}

/// Days go by, one progress each.
pub(crate) fn pass(rig: &mut Rig, from: &str, days: i64) {
    (1..=days).for_each(|day| rig.progress(millis(from) + day * DAY));
}

/// The calendar's signals as (account, class, due), in order.
pub(crate) fn entries(rig: &Rig) -> Vec<(String, String, Time)> {
    let mut entries = Vec::new();
    for made in rig.decisions() {
        if let Subject::Signal { signal, .. } = &made.subject {
            assert_eq!(signal.source, "calendar");
            assert_eq!(signal.event_time, signal.append_time);
            entries.push((made.account.to_string(), signal.class.clone(), signal.event_time));
        }
    }
    entries
}

/// Classes with the days since they left, of one account.
fn days(rig: &Rig, id: &str, churned: &str) -> Vec<String> {
    let churned = at(millis(churned));
    let own = entries(rig).into_iter().filter(|(account, ..)| account == id);
    own.map(|(_, class, due)| format!("{class} {}", due.since(churned).millis() / DAY)).collect()
}

#[test]
fn each_reason_has_the_entries_that_its_window_allows() {
    let churned = "2025-01-15";
    let mut rig = rig("", churned);
    for reason in Reason::ALL {
        list(&mut rig, account(reason.as_str(), *reason, churned));
    }
    pass(&mut rig, churned, 3 * 366);
    let usual = &[
        "ninety_days 90",
        "six_months 181",
        "quarterly 273",
        "yearly 365",
        "quarterly 455",
        "quarterly 546",
        "quarterly 638",
        "yearly 730",
        "quarterly 820",
        "quarterly 911",
        "quarterly 1003",
        "yearly 1095",
    ][..];
    let early = |first: &'static str| {
        [&[first, "ninety_days 90", "six_months 181", "yearly 365"][..], &usual[4..]].concat()
    };
    for reason in Reason::ALL {
        let expected = match reason {
            Reason::NotFit | Reason::Impossible => Vec::new(),
            Reason::RegretImpulse => early("first_days 3"),
            Reason::Situational | Reason::PaymentInvoluntary => early("constraint 45"),
            Reason::ProductGap => usual[1..].to_vec(),
            Reason::Competitor => {
                // The reason says that there is a contract, and nobody its term.
                let renewals = ["contract_renewal 319", "contract_renewal 684", "contract_renewal 1049"];
                let [first, second, third] = renewals;
                vec![
                    "ninety_days 90",
                    "six_months 181",
                    first,
                    "yearly 365",
                    second,
                    "yearly 730",
                    third,
                    "yearly 1095",
                ]
            }
            Reason::PriceBudget => {
                let found = days(&rig, "price_budget", churned);
                let yearly: Vec<_> = found.iter().filter(|entry| !entry.starts_with("budget")).collect();
                assert_eq!(yearly, ["yearly 365", "yearly 730", "yearly 1095"]);
                assert_eq!(found.len(), 5, "and two Octobers: {found:?}");
                continue;
            }
            _ => usual.to_vec(),
        };
        assert_eq!(days(&rig, reason.as_str(), churned), expected, "{reason}");
    }
}

#[test]
fn a_renewal_comes_in_the_month_before_the_contract_ends_and_only_with_a_competitor() {
    let churned = "2025-01-31";
    let mut rig = rig("[calendar]\nentries=[\"contract_renewal\"]\n", churned);
    for (id, competitor, term) in [
        ("yearly", true, Some(12)),
        ("half", true, Some(6)),
        ("unknown", true, None),
        ("nameless", false, Some(12)),
        ("none", false, Some(12)),
    ] {
        let reason = if id == "none" { Reason::ServiceSupport } else { Reason::Competitor };
        let mut account = account(id, reason, churned);
        account.competitor = competitor.then(|| "Brightloom".to_owned());
        account.competitor_term_months = term;
        list(&mut rig, account);
    }
    pass(&mut rig, churned, 700);
    let date = |(id, class, due): (String, String, Time)| {
        assert_eq!(class, "contract_renewal");
        format!("{id} {}", &due.to_string()[..10])
    };
    let mut found: Vec<_> = entries(&rig).into_iter().map(date).collect();
    found.sort();
    assert_eq!(
        found,
        [
            "half 2025-06-30",
            "half 2025-12-31",
            "half 2026-06-30",
            "half 2026-12-31",
            "nameless 2025-12-31",
            "nameless 2026-12-31",
            "unknown 2025-12-15",
            "unknown 2026-12-15",
            "yearly 2025-12-31",
            "yearly 2026-12-31",
        ]
    );
}

#[test]
fn budget_season_is_the_months_that_the_policy_names_for_budget_churn_only() {
    let churned = "2025-01-15";
    let mut rig = rig("[calendar]\nentries=[\"budget_season\"]\nbudget_months=[3, 11]\n", churned);
    list(&mut rig, account("b", Reason::PriceBudget, churned));
    list(&mut rig, account("s", Reason::ServiceSupport, churned));
    pass(&mut rig, churned, 700);
    let months: Vec<_> =
        entries(&rig).iter().map(|(id, _, due)| format!("{id} {}", &due.to_string()[..7])).collect();
    assert_eq!(months, ["b 2026-03", "b 2026-11"], "not in the first year");
}

/// A rig under the policy that is shipped.
fn shipped() -> Rig {
    let text = include_str!("../../../../config/policies/default.toml");
    let mut rig = Rig::default();
    rig.policy("default", 1, &text.replacen("name = \"default\"", "", 1));
    rig
}

/// Hours go by, one progress each, so that what is due is decided on its own day.
fn pass_hours(rig: &mut Rig, from: &str, days: i64) {
    (0..=days * 24).for_each(|hour| rig.progress(millis(from) + hour * DAY / 24));
}

#[test]
fn what_the_calendar_makes_fires_under_the_shipped_policy_whatever_hour_they_left_and_wherever_they_are() {
    let mut rig = shipped();
    rig.progress(millis("2025-01-15"));
    let mut expected = std::collections::BTreeSet::new();
    for reason in Reason::ALL {
        for hour in ["00:00", "18:00", "23:59"] {
            for zone in ["UTC", "Pacific/Auckland", "America/Los_Angeles", "Pacific/Kiritimati"] {
                let id = format!("{reason} {hour} {zone}");
                let mut account = account(&id, *reason, &format!("2025-01-15T{hour}:00Z"));
                account.zone = Some(zone.to_owned());
                account.competitor = (*reason == Reason::Competitor).then(|| "Brightloom".to_owned());
                list(&mut rig, account.clone());
                account.id = format!("{id} early").as_str().into();
                // The first days that no policy forbids, a day later for the west; behind the quiet of what regret has before.
                let least = match reason {
                    Reason::RegretImpulse => 20,
                    Reason::Competitor => 91,
                    _ => 8,
                };
                account.earliest_at = Some(at(millis("2025-01-15") + least * DAY));
                list(&mut rig, account);
            }
        }
    }
    pass_hours(&mut rig, "2025-01-15", 740);
    for made in rig.decisions() {
        assert_eq!(made.refusal, None, "{}: {}", made.account, made.at);
        if let Subject::Signal { signal, outcome, .. } = &made.subject {
            assert_eq!(outcome.as_str(), "joined", "{}: {}", made.account, signal.class);
            expected.insert((made.account.to_string(), signal.class.clone()));
        }
    }
    let told = |trigger: &&winback_core::debounce::Trigger| {
        (trigger.account.id.to_string(), trigger.evidence.parts[0].class.to_string())
    };
    let fired: std::collections::BTreeSet<_> = rig.triggers().iter().map(told).collect();
    assert_eq!(fired, expected);
    let classes: std::collections::BTreeSet<&str> = fired.iter().map(|(_, class)| class.as_str()).collect();
    assert_eq!(classes, Entry::ALL.iter().map(|entry| entry.as_str()).collect());
    let had = |id: &str| fired.contains(&(id.to_owned(), "earliest".to_owned()));
    let all = fired.iter().map(|(id, _)| id).filter(|id| id.ends_with(" early"));
    let without: Vec<_> = all.filter(|id| !had(id)).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn ninety_days_are_ninety_mornings_there_and_six_months_are_six() {
    for (zone, due) in [("UTC", "2025-04-15"), ("Pacific/Auckland", "2025-04-14")] {
        let mut rig = shipped();
        rig.progress(millis("2025-01-15"));
        let mut account = account("s", Reason::ServiceSupport, "2025-01-15T18:00:00Z");
        account.zone = Some(zone.to_owned());
        list(&mut rig, account);
        pass_hours(&mut rig, "2025-04-01", 20);
        let triggers = rig.triggers();
        assert_eq!(triggers.len(), 1, "{zone}");
        assert_eq!(triggers[0].evidence.parts[0].class, "ninety_days");
        assert_eq!(triggers[0].account.months_since_churn, 3, "as the calendar counts");
        assert!(triggers[0].fired_at >= at(millis(due)) && triggers[0].fired_at < at(millis(due) + 2 * DAY));
        assert!(entries(&rig)[0].2 < at(millis("2025-04-15T18:00:00Z")), "before 90 times 24 hours");
    }
}

#[test]
fn an_earliest_date_in_the_first_week_or_among_a_competitors_first_90_days_is_no_entry() {
    for (reason, days) in [(Reason::ServiceSupport, 6), (Reason::Competitor, 89)] {
        let mut rig = rig("", "2025-01-15");
        let mut early = account("e", reason, "2025-01-15");
        early.earliest_at = Some(at(millis("2025-01-15") + days * DAY));
        list(&mut rig, early);
        pass(&mut rig, "2025-01-15", 120);
        assert_eq!(days_of(&rig), ["ninety_days"], "{reason}");
    }
}

fn days_of(rig: &Rig) -> Vec<String> {
    entries(rig).into_iter().map(|(_, class, _)| class).collect()
}

#[test]
fn two_entries_of_one_day_are_one_signal() {
    let churned = "2025-01-15";
    let mut rig = rig("", churned);
    let mut account = account("s", Reason::ServiceSupport, churned);
    account.earliest_at = Some(at(millis("2025-10-15")));
    list(&mut rig, account);
    pass(&mut rig, churned, 400);
    assert_eq!(days(&rig, "s", churned), ["earliest 273", "yearly 365"], "no quarter beside it");
    assert_eq!(rig.partition.account_state(&"s".into()).unwrap().entries.len(), 2);
    assert_eq!(rig.triggers()[0].evidence.signals(), 1);
}

#[test]
fn an_entry_is_due_in_the_working_hours_of_the_accounts_own_day() {
    let churned = "2025-01-15";
    let mut rig = rig("[calendar]\nentries=[\"six_months\"]\n", churned);
    let zones = ["Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati", "UTC", "Pacific/Pago_Pago"];
    for (number, zone) in zones.iter().cycle().take(200).enumerate() {
        let mut account = account(&format!("{zone}:{number}"), Reason::ServiceSupport, churned);
        account.zone = Some((*zone).to_owned());
        list(&mut rig, account);
    }
    pass(&mut rig, churned, 200);
    let entries = entries(&rig);
    assert_eq!(entries.len(), 200);
    let mut dues: Vec<_> = entries.iter().map(|(.., due)| *due).collect();
    for (id, _, due) in &entries {
        let zone = jiff::tz::TimeZone::get(id.split(':').next().unwrap()).unwrap();
        let local = Timestamp::from_millisecond(due.millis()).unwrap().to_zoned(zone);
        assert_eq!(local.date().to_string(), "2025-07-15", "{id}");
        assert!((9..17).contains(&local.hour()), "{local}");
    }
    dues.dedup();
    assert!(dues.len() > 190, "spread over the hours, no herd");
}

#[test]
fn the_earliest_date_is_an_entry_of_its_own_and_beats_the_others() {
    let churned = "2025-01-15";
    let mut rig = rig("", churned);
    let mut early = account("e", Reason::ServiceSupport, churned);
    early.earliest_at = Some(at(millis("2025-08-20T13:00:00Z")));
    list(&mut rig, early);
    pass(&mut rig, churned, 300);
    let found = entries(&rig);
    assert_eq!(days(&rig, "e", churned).len(), 2, "{found:?}");
    assert_eq!(found[0].1, "earliest");
    assert!(found[0].2 >= at(millis("2025-08-20T13:00:00Z")) && found[0].2 < at(millis("2025-08-22")));
    assert_eq!(found[1].1, "quarterly");
}

#[test]
fn a_yearly_entry_tells_of_a_major_version_that_is_news() {
    for (shipped, class) in [("2025-12-01", "yearly_release"), ("2025-09-01", "yearly")] {
        let churned = "2025-01-15";
        let mut rig = rig("[calendar]\nentries=[\"yearly\"]\n", churned);
        list(&mut rig, account("s", Reason::ServiceSupport, churned));
        rig.progress(millis(shipped));
        rig.body(Body::Event(Box::new(crate::fanout::release("major_version", &[], millis(shipped)))));
        pass(&mut rig, shipped, 150);
        let found = entries(&rig);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].1, class);
        let Subject::Signal { signal, .. } = &rig.decisions()[0].subject else { panic!("no signal") };
        assert_eq!(signal.detail.contains("4.0"), class == "yearly_release", "{}", signal.detail);
        assert_eq!(signal.kind, SignalKind::Anniversary);
    }
}

#[test]
fn two_policies_want_together_what_one_of_them_wants() {
    let churned = "2025-01-15";
    let mut rig = rig("[calendar]\nentries=[\"ninety_days\"]\n", churned);
    rig.policy("q", 1, "[calendar]\nentries=[\"six_months\"]\n");
    list(&mut rig, account("s", Reason::ServiceSupport, churned));
    pass(&mut rig, churned, 366);
    let classes: Vec<_> = entries(&rig).into_iter().map(|(_, class, _)| class).collect();
    assert_eq!(classes, ["ninety_days", "ninety_days", "six_months", "six_months"], "each through both");
}

#[test]
fn an_entry_is_no_input_and_what_it_fires_is_its_own() {
    let churned = "2025-01-15";
    let mut rig = rig("[calendar]\nentries=[\"six_months\"]\n", churned);
    list(&mut rig, account("s", Reason::ServiceSupport, churned));
    pass(&mut rig, churned, 300);
    assert_eq!(rig.partition.clock().inputs.len(), 1);
    let triggers = rig.triggers();
    assert_eq!(triggers.len(), 1);
    assert_eq!(triggers[0].evidence.items[0].kind, SignalKind::Anniversary);
    assert_eq!(triggers[0].evidence.items[0].detail, "6 months since they left");
    let replayed = {
        let (mut partition, mut effects) = (Partition::default(), Vec::new());
        rig.log.iter().for_each(|input| partition.step(input, &mut effects));
        effects
    };
    assert_eq!(replayed, rig.effects);
    assert!(rig.effects.iter().all(|effect| !matches!(effect, Effect::DeadLetter { .. })));
}

#[test]
fn who_comes_to_the_list_behind_the_hand_waits_for_the_next_entry() {
    let mut rig = rig("", "2025-09-01");
    list(&mut rig, account("s", Reason::ServiceSupport, "2025-01-15"));
    pass(&mut rig, "2025-09-01", 60);
    assert_eq!(days(&rig, "s", "2025-01-15"), ["quarterly 273"]);
}
