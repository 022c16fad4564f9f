//! DOMAIN, *When*: live signals at once, dates within their windows.

use winback_core::account::Reason;
use winback_core::debounce::{Band, Gate};
use winback_core::signal::SignalKind::*;

use crate::rig::at;
use crate::support::{DAY, changed, comes, gate, left};

const HOUR: i64 = DAY / 24;
const OFF: &str = "leading=\"off\"\n";

/// Reason, the first day on which a date may speak for them.
const WINDOWS: [(Reason, i64); 14] = [
    (Reason::RegretImpulse, 0),
    (Reason::PaymentInvoluntary, 7),
    (Reason::Situational, 30),
    (Reason::Competitor, 90),
    (Reason::ProductGap, 180),
    (Reason::PriceBudget, 365),
    (Reason::ServiceSupport, 90),
    (Reason::AdoptionOnboarding, 90),
    (Reason::LowUsageNoValue, 90),
    (Reason::TechnicalQuality, 90),
    (Reason::Complexity, 90),
    (Reason::UnmetExpectations, 90),
    (Reason::StrategicShift, 90),
    (Reason::Unknown, 90),
];

/// Days since they left, and what a trigger says of them. The rig's zero is 2025-10-09T08:53:20Z.
const BANDS: [(i64, u32, Band); 8] = [
    (0, 0, Band::Early),
    (182, 5, Band::Early),
    (183, 6, Band::SweetSpot),
    (365, 12, Band::SweetSpot),
    (760, 24, Band::SweetSpot),
    (761, 25, Band::Late),
    (1_125, 36, Band::Late),
    (1_126, 37, Band::NewProspect),
];

#[test]
fn every_trigger_says_how_many_months_ago_they_left_and_in_which_band() {
    for (days, months, band) in BANDS {
        let mut rig = left("leading=\"strength>=2\"\n", Reason::PriceBudget, days);
        comes(&mut rig, FundingNews, "", 0);
        comes(&mut rig, WebVisit, "", 5);
        rig.progress(30);
        let told: Vec<_> = rig.triggers().iter().map(|it| it.account.months_since_churn).collect();
        assert!(!told.is_empty() && told.iter().all(|told| *told == months), "{days} days: {told:?}");
        assert_eq!(Band::of(months), band, "{days} days");
    }
}

#[test]
fn days_and_months_are_those_of_the_accounts_own_calendar() {
    // They left on 9 July 2025 at 22:53 UTC: 90 days later is 7 October, wherever they are.
    for (zone, hours, fires) in [
        (None, 0, true),
        (None, -9, false),
        (Some("Pacific/Auckland"), -9, true),
        (Some("America/Los_Angeles"), 0, true),
        (Some("America/Los_Angeles"), -2, false),
    ] {
        let mut rig = changed(OFF, |account| {
            account.reason = Reason::ServiceSupport;
            account.churned_at = at(-92 * DAY + 14 * HOUR);
            account.zone = zone.map(str::to_owned);
        });
        comes(&mut rig, TimeSinceChurn, "", -2 * DAY + hours * HOUR);
        let told: Vec<_> = rig.triggers().iter().map(|it| it.account.months_since_churn).collect();
        assert_eq!(told, if fires { vec![2] } else { Vec::new() }, "{zone:?} {hours}");
        assert_eq!(gate(&rig), (!fires).then_some(Gate::Window));
    }
}

#[test]
fn an_accounts_own_earliest_date_beats_the_window_of_its_reason_and_nothing_that_is_hard() {
    for (reason, days, fires) in [
        (Reason::ServiceSupport, 7, true),
        (Reason::ServiceSupport, 6, false),
        (Reason::PriceBudget, 100, true),
        (Reason::Competitor, 90, true),
        (Reason::Competitor, 89, false),
        (Reason::RegretImpulse, 0, true),
    ] {
        let mut rig = left(OFF, reason, days);
        comes(&mut rig, TimeSinceChurn, "earliest", 0);
        assert_eq!(rig.fired().len(), usize::from(fires), "{reason} {days} days");
        assert_eq!(gate(&rig), (!fires).then_some(Gate::Window));
    }
    // A date of its own that has gone by lifts no window for the others.
    let mut rig = changed(OFF, |account| {
        (account.reason, account.churned_at) = (Reason::PriceBudget, at(-100 * DAY));
        account.earliest_at = Some(at(-DAY));
    });
    comes(&mut rig, Anniversary, "yearly", 0);
    assert_eq!((rig.fired().len(), gate(&rig)), (0, Some(Gate::Window)));
}

#[test]
fn a_date_speaks_only_within_the_window_of_the_reason() {
    for kind in [Anniversary, TimeSinceChurn, ContractRenewal] {
        for (reason, first) in WINDOWS {
            for (days, fires) in [(first, true), (first - 1, false)] {
                if days < 0 {
                    continue;
                }
                let mut rig = left(OFF, reason, days);
                comes(&mut rig, kind, "", 0);
                assert_eq!(rig.fired().len(), usize::from(fires), "{kind} {reason} {days} days");
                assert_eq!(gate(&rig), (!fires).then_some(Gate::Window));
            }
        }
    }
}

#[test]
fn a_live_signal_acts_at_once_however_long_ago_they_left() {
    for days in [1, 89, 400, 4_000] {
        for (reason, _) in WINDOWS {
            let mut rig = left("leading=\"strength>=2\"\n", reason, days);
            comes(&mut rig, WebVisit, "pricing", 0);
            assert_eq!(rig.fired(), ["leading(leading)@0 n=1"], "{reason} {days} days");
        }
    }
    let mut rig = left(OFF, Reason::Competitor, 10);
    comes(&mut rig, Anniversary, "", 0);
    assert!(rig.fired().is_empty(), "the date alone");
    let mut rig = left(OFF, Reason::Competitor, 10);
    comes(&mut rig, WebVisit, "", 0);
    assert_eq!(rig.fired().len(), 1);
}

#[test]
fn a_date_with_a_live_signal_beside_it_is_live() {
    let mut rig = left(OFF, Reason::PriceBudget, 100);
    rig.now(0, 0);
    comes(&mut rig, Anniversary, "", 5);
    rig.progress(50);
    assert_eq!(rig.fired(), ["trailing(quiet)@15 n=2"]);
}

#[test]
fn the_competitor_play_is_never_recommended_before_90_days() {
    let plays = "leading=\"off\"\n[plays]\ncompetitor=\"competitor\"\nunknown=\"general\"\n";
    let same = "leading=\"off\"\n[plays]\ncompetitor=\"competitor\"\nunknown=\"competitor\"\n";
    for (policy, days, play) in
        [(plays, 89, "general"), (plays, 90, "competitor"), (plays, 900, "competitor"), (same, 89, "")]
    {
        let mut rig = left(policy, Reason::Competitor, days);
        comes(&mut rig, WebVisit, "", 0);
        assert_eq!(rig.triggers()[0].play, play, "{days} days");
    }
}

#[test]
fn an_earliest_date_beats_both() {
    for (earliest, fires) in [(DAY, false), (0, true)] {
        for (kind, class) in [(WebVisit, "pricing"), (Anniversary, "")] {
            let mut rig = changed(OFF, |account| account.earliest_at = Some(at(earliest)));
            comes(&mut rig, kind, class, 0);
            assert_eq!(rig.fired().len(), usize::from(fires), "{kind}");
            assert_eq!(gate(&rig), (!fires).then_some(Gate::NotYet));
        }
    }
}

/// The rig's zero is 2025-10-09T08:53:20Z.
#[test]
fn a_blackout_stops_dates_on_its_days_in_the_accounts_zone_and_no_live_signal() {
    let dates = |from: &str, to: &str| format!("blackout=[{{from=\"{from}\",to=\"{to}\"}}]\n");
    for (rules, zone, fires) in [
        (dates("10-09", "10-09"), None, false),
        (dates("10-08", "10-10"), None, false),
        (dates("10-10", "10-20"), None, true),
        (dates("12-20", "01-03"), None, true),
        (dates("10-01", "03-01"), None, false),
        (dates("10-09", "10-09"), Some("Pacific/Honolulu"), true),
        (dates("10-08", "10-08"), Some("Pacific/Honolulu"), false),
        ("quarter_end_days=31\n".to_owned(), None, true),
    ] {
        let policy = format!("{OFF}[time_based]\n{rules}");
        let rig = || changed(&policy, |account| account.zone = zone.map(str::to_owned));
        let mut dated = rig();
        comes(&mut dated, Anniversary, "", 0);
        assert_eq!(dated.fired().len(), usize::from(fires), "{rules} {zone:?}");
        assert_eq!(gate(&dated), (!fires).then_some(Gate::Blackout));
        let mut live = rig();
        comes(&mut live, WebVisit, "", 0);
        assert_eq!(live.fired().len(), 1, "a live signal acts at once");
    }
}

#[test]
fn a_quarters_last_days_are_such_days_too() {
    // 2025-12-26 to 2026-01-01, at 08:53.
    for (day, fires) in [(78, true), (79, false), (83, false), (84, true)] {
        let mut rig = changed(&format!("{OFF}[time_based]\nquarter_end_days=5\n"), |_| {});
        comes(&mut rig, Anniversary, "", day * DAY);
        assert_eq!(rig.fired().len(), usize::from(fires), "day {day}: {}", at(day * DAY));
    }
}
