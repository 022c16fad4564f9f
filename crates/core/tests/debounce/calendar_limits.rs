//! The gates that keep the calendar's entries away, and the limits that keep them few.

use winback_core::account::{Account, Reason};
use winback_core::debounce::{AccountChange, Body, MOST_A_YEAR, Response, ResponseKind};

use crate::calendar::{DAY, account, entries, list, millis, pass, rig};
use crate::rig::{Rig, at};

#[test]
fn nobody_who_is_back_gone_erased_or_said_no_has_entries() {
    let churned = "2025-01-15";
    let answer = |kind| {
        move |rig: &mut Rig| {
            rig.body(Body::Response(Response {
                account: "s".into(),
                source: String::new(),
                id: String::new(),
                kind,
                at: at(millis("2025-02-01")),
                contact: Vec::new(),
            }));
        }
    };
    let changed = |change: fn(&mut Account)| {
        move |rig: &mut Rig| {
            let mut account = account("s", Reason::ServiceSupport, "2025-01-15");
            account.version = 2;
            change(&mut account);
            list(rig, account);
        }
    };
    type Change = Box<dyn Fn(&mut Rig)>;
    let cases: [(&str, Change); 8] = [
        ("reactivated", Box::new(answer(ResponseKind::Reactivated))),
        ("declined", Box::new(answer(ResponseKind::Declined))),
        ("opted out", Box::new(answer(ResponseKind::OptedOut))),
        ("gone", Box::new(|rig: &mut Rig| rig.body(Body::Account(AccountChange::Gone("s".into()))))),
        ("erased", Box::new(|rig: &mut Rig| rig.body(Body::Account(AccountChange::Erased("s".into()))))),
        ("active", Box::new(changed(|account| account.status = winback_core::account::Status::Active))),
        ("not to be contacted", Box::new(changed(|account| account.do_not_contact = true))),
        ("churned for good", Box::new(changed(|account| account.reason = Reason::Impossible))),
    ];
    for (why, change) in cases {
        let mut rig = rig("", churned);
        list(&mut rig, account("s", Reason::ServiceSupport, churned));
        change(&mut rig);
        pass(&mut rig, churned, 400);
        assert!(entries(&rig).is_empty(), "{why}");
    }
}

#[test]
fn a_long_stop_leaves_out_what_is_old_and_brings_the_rest_in_order() {
    let mut rig = rig("", "2025-01-01");
    for day in 0..200 {
        let churned = at(millis("2024-09-01")) + winback_core::time::Span::from_days(day);
        let mut account = account(&format!("s{day:03}"), Reason::ServiceSupport, "2025-01-01");
        account.churned_at = churned;
        list(&mut rig, account);
    }
    let now = millis("2025-09-10");
    (0..20).for_each(|second| rig.progress(now + second));
    let dues: Vec<_> = entries(&rig).iter().map(|(.., due)| *due).collect();
    assert!(dues.len() > 20 && dues.is_sorted(), "{}", dues.len());
    assert!(dues.iter().all(|due| at(now).since(*due).millis() <= 14 * DAY));
    let per_class = entries(&rig);
    assert!(per_class.iter().any(|(_, class, _)| class == "quarterly"));
    assert!(per_class.iter().any(|(_, class, _)| class == "six_months"));
}

#[test]
fn one_progress_makes_no_more_than_its_share() {
    let churned = "2025-01-15";
    let mut rig = rig("[calendar]\nentries=[\"six_months\"]\n", churned);
    for number in 0..75 {
        list(&mut rig, account(&format!("s{number}"), Reason::ServiceSupport, churned));
    }
    (0..10).for_each(|second| rig.progress(millis("2025-07-15") + second));
    let mut made = Vec::new();
    for second in 0..4 {
        rig.progress(millis("2025-07-16") + second);
        made.push(rig.partition.counts().synthetic);
    }
    assert_eq!(made, [32, 64, 75, 75]);
    let dues: Vec<_> = entries(&rig).iter().map(|(.., due)| *due).collect();
    assert!(dues.is_sorted());
}

#[test]
fn no_policy_raises_the_entries_of_a_year_above_four_and_the_strictest_counts() {
    let parse =
        |most: u32| winback_policy::parse(&format!("name=\"p\"\n[calendar]\ntime_based_a_year={most}"), 1);
    assert!(parse(MOST_A_YEAR).is_ok());
    assert!((MOST_A_YEAR + 1..50).all(|most| parse(most).is_err()));
    for (most, other, expected) in [(4, 4, 4), (4, 2, 2), (0, 4, 0)] {
        let churned = "2025-01-15";
        let mut rig = rig(&format!("[calendar]\ntime_based_a_year={most}\n"), churned);
        rig.policy("q", 1, &format!("[calendar]\ntime_based_a_year={other}\n"));
        let mut account = account("s", Reason::ServiceSupport, churned);
        account.earliest_at = Some(at(millis("2025-03-01")));
        list(&mut rig, account);
        pass(&mut rig, churned, 366);
        let mut dues: Vec<_> = entries(&rig).into_iter().map(|(.., due)| due).collect();
        dues.dedup();
        assert_eq!(dues.len(), expected, "five there would be: {most} and {other}");
    }
}
