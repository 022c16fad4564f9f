//! DOMAIN, *How often*.

use winback_core::account::Reason;
use winback_core::debounce::{Body, Gate, ResponseKind};
use winback_core::signal::SignalKind::{self, *};

use crate::rig::{Rig, at};
use crate::support::{DAY, cap, comes, gate, left};

const OFF: &str = "leading=\"off\"\n";

#[test]
fn what_only_dates_speak_for_starts_at_most_four_times_a_year() {
    let mut rig = Rig::new(OFF);
    for month in 0..14 {
        comes(&mut rig, Anniversary, "", month * 30 * DAY);
    }
    assert_eq!(
        rig.fired().len(),
        4 + 1,
        "four in a year, the fifth when the first is a year ago: {:?}",
        rig.fired()
    );
    assert_eq!(cap(&rig).unwrap(), "4 in 365d of what only dates speak for");
    comes(&mut rig, WebVisit, "pricing", 13 * 30 * DAY + DAY);
    assert_eq!(rig.fired().len(), 6, "a live signal is not bound by it");
}

#[test]
fn a_policy_may_ask_for_fewer_and_live_triggers_do_not_count() {
    let mut rig = Rig::new("leading=\"off\"\n[time_based]\nmax_a_year=2\n");
    for month in 0..6 {
        comes(&mut rig, WebVisit, "", month * 30 * DAY);
        comes(&mut rig, Anniversary, "", month * 30 * DAY + DAY);
    }
    assert_eq!(rig.fired().len(), 6 + 2);
}

#[test]
fn a_new_churn_date_ends_no_hard_cap() {
    let mut rig = Rig::new(OFF);
    for month in 0..4 {
        comes(&mut rig, Anniversary, "", month * 30 * DAY);
    }
    rig.change(|account| {
        account.churned_at = at(100 * DAY);
        account.reason = Reason::RegretImpulse;
    });
    comes(&mut rig, Anniversary, "", 130 * DAY);
    assert_eq!(rig.fired().len(), 4);
}

#[test]
fn declined_means_nothing_for_its_rest_and_then_only_on_a_material_change() {
    let table: [(SignalKind, i64, bool); 12] = [
        (FundingNews, 364, false),
        (FundingNews, 366, true),
        (ProductRelease, 364, false),
        (ProductRelease, 366, true),
        (CompetitorEvent, 364, false),
        (CompetitorEvent, 366, true),
        (Acquisition, 364, false),
        (Acquisition, 366, true),
        (Hiring, 366, false),
        (ExecutiveChange, 366, false),
        (WebVisit, 366, false),
        (Anniversary, 366, false),
    ];
    for (kind, days, fires) in table {
        let mut rig = left(OFF, Reason::PriceBudget, 800);
        rig.answers(ResponseKind::Declined, "r-1", 0, &[]);
        comes(&mut rig, kind, "", days * DAY);
        assert_eq!(rig.fired().len(), usize::from(fires), "{kind} after {days} days");
        assert_eq!(gate(&rig), (!fires).then_some(Gate::Declined));
    }
}

#[test]
fn no_answer_to_a_whole_sequence_is_six_months_of_rest_and_a_reply_ends_it() {
    for (days, replied, fires) in
        [(179, None, false), (181, None, true), (20, Some(10), true), (20, Some(-1), false)]
    {
        let mut rig = Rig::new(OFF);
        rig.body(Body::SequenceEnded("a".into(), at(0)));
        if let Some(day) = replied {
            rig.answers(ResponseKind::Replied, "r-1", day * DAY, &[]);
        }
        comes(&mut rig, FundingNews, "", days * DAY);
        assert_eq!(rig.fired().len(), usize::from(fires), "{days} {replied:?}");
        assert_eq!(gate(&rig), (!fires).then_some(Gate::NoReplyCooldown));
    }
}

#[test]
fn the_same_answer_twice_is_one() {
    let mut rig = Rig::new(OFF);
    rig.answers(ResponseKind::Reactivated, "r-1", 0, &[]);
    rig.change(|account| account.churned_at = at(-DAY));
    comes(&mut rig, WebVisit, "", 20);
    assert_eq!(rig.fired().len(), 1, "churned anew by the books");
    rig.answers(ResponseKind::Reactivated, "r-1", 0, &[]);
    comes(&mut rig, WebVisit, "", 500);
    assert_eq!(rig.fired().len(), 2, "the copy says nothing");
    rig.answers(ResponseKind::Reactivated, "r-2", 510, &[]);
    comes(&mut rig, WebVisit, "", 900);
    assert_eq!((rig.fired().len(), gate(&rig)), (2, Some(Gate::Reactivated)));
}

/// The shipped policy over half a year of visits, one a day.
#[test]
fn never_every_week_for_months() {
    let shipped = include_str!("../../../../config/policies/default.toml");
    let mut rig = Rig::default();
    rig.policy("default", 1, &shipped.replacen("name = \"default\"", "", 1));
    rig.change(|_| {});
    let mut starts: Vec<i64> = Vec::new();
    for day in 0..180 {
        comes(&mut rig, WebVisit, "pricing", day * DAY);
    }
    starts.extend(
        rig.triggers()
            .iter()
            .filter(|one| one.edge.starts())
            .map(|one| (one.fired_at.since(at(0)).millis()) / DAY),
    );
    assert!(starts.len() >= 4, "{starts:?}");
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] >= 14), "{starts:?}");
    assert!(starts.windows(5).all(|five| five[4] - five[0] >= 90), "four in any 90 days: {starts:?}");
    assert!(winback_policy::parse(shipped, 1).unwrap().caps.len() >= 2);
}
