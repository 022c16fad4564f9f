//! The caps of a policy (R9): starting triggers of an account, counted by fire time.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::civil::time_zone;
use crate::debounce::model::account_state::Fire;
use crate::debounce::model::cap::{Calendar, Cap, CapScope, CapWindow};
use crate::ids::PolicyName;
use crate::time::{Span, Time};

/// True when one more fire at `at` would exceed the cap. Later fires count, too, so that no window around `at` overflows.
pub(crate) fn is_reached(
    cap: &Cap,
    fires: &[Fire],
    policy: &PolicyName,
    at: Time,
    zone: Option<&str>,
) -> bool {
    let from = window_start(cap.window, at, zone);
    let counted = fires.iter().filter(|fire| fire.at >= from && counts(cap.scope, fire, policy));
    u32::try_from(counted.count()).unwrap_or(u32::MAX) >= cap.max
}

/// The time from which a cap that is reached at `at` leaves room again; `None` where it never does.
pub(crate) fn free_again(
    cap: &Cap,
    fires: &[Fire],
    policy: &PolicyName,
    at: Time,
    zone: Option<&str>,
) -> Option<Time> {
    let max = usize::try_from(cap.max).unwrap_or(usize::MAX);
    match cap.window {
        CapWindow::Rolling(length) => {
            let from = window_start(cap.window, at, zone);
            let counted = |fire: &&Fire| fire.at >= from && counts(cap.scope, fire, policy);
            let times: Vec<Time> = fires.iter().filter(counted).map(|fire| fire.at).collect();
            let last = times.len().checked_sub(max)?;
            times.get(last).map(|leaves| *leaves + length)
        }
        CapWindow::Calendar(unit) => (max > 0).then(|| next_unit(unit, at, zone)).flatten(),
    }
}

fn next_unit(unit: Calendar, at: Time, zone: Option<&str>) -> Option<Time> {
    let start = unit_start(unit, at, zone)?;
    let zone = time_zone(zone);
    let date = Timestamp::from_millisecond(start.millis()).ok()?.to_zoned(zone.clone()).date();
    let span = match unit {
        Calendar::Day => 1.day(),
        Calendar::Week => 1.week(),
        Calendar::Month => 1.month(),
        Calendar::Quarter => 3.months(),
        Calendar::Year => 1.year(),
    };
    let next = date.checked_add(span).ok()?.to_zoned(zone).ok()?;
    Some(Time::from_millis(next.timestamp().as_millisecond()))
}

fn counts(scope: CapScope, fire: &Fire, policy: &PolicyName) -> bool {
    match scope {
        CapScope::Account => true,
        CapScope::Policy => fire.policy == *policy,
        CapScope::TimeBased => fire.time_based,
    }
}

fn window_start(window: CapWindow, at: Time, zone: Option<&str>) -> Time {
    match window {
        // A window is half open: a fire exactly one window ago is out of it.
        CapWindow::Rolling(length) => at - length + Span::from_millis(1),
        // A time that the calendar does not have starts its unit itself.
        CapWindow::Calendar(unit) => unit_start(unit, at, zone).unwrap_or(at),
    }
}

fn unit_start(unit: Calendar, at: Time, zone: Option<&str>) -> Option<Time> {
    let zone = time_zone(zone);
    let date = Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(zone.clone()).date();
    let first = match unit {
        Calendar::Day => date,
        Calendar::Week => date.checked_sub(i32::from(date.weekday().to_monday_zero_offset()).days()).ok()?,
        Calendar::Month => date.first_of_month(),
        Calendar::Quarter => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).ok()?,
        Calendar::Year => date.first_of_year(),
    };
    let start = first.to_zoned(zone).ok()?;
    Some(Time::from_millis(start.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fire(at: Time) -> Fire {
        Fire { policy: "p".into(), at, time_based: false }
    }

    fn time(text: &str) -> Time {
        Time::from_millis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn a_rolling_cap_holds_for_every_window_around_a_fire() {
        let cap = Cap { scope: CapScope::Account, max: 1, window: CapWindow::Rolling(Span::from_days(10)) };
        let fires = [fire(time("2026-01-11T00:00:00Z"))];
        for (at, reached) in [
            ("2026-01-11T00:00:00Z", true),
            ("2026-01-20T23:59:59Z", true),
            ("2026-01-21T00:00:00Z", false),
            ("2026-01-05T00:00:00Z", true),
        ] {
            assert_eq!(is_reached(&cap, &fires, &"p".into(), time(at), None), reached, "{at}");
        }
    }

    #[test]
    fn a_calendar_cap_counts_in_the_accounts_zone() {
        let cap = Cap { scope: CapScope::Policy, max: 1, window: CapWindow::Calendar(Calendar::Month) };
        let fires = [fire(time("2026-01-31T23:30:00Z"))];
        let at = time("2026-02-01T10:00:00Z");
        assert!(!is_reached(&cap, &fires, &"p".into(), at, None));
        assert!(
            is_reached(&cap, &fires, &"p".into(), at, Some("Europe/Berlin")),
            "half past midnight in Berlin"
        );
        assert!(!is_reached(&cap, &fires, &"other".into(), at, Some("Europe/Berlin")));
    }

    #[test]
    fn every_unit_of_the_calendar_starts_where_people_say() {
        let at = time("2026-11-22T14:02:00Z");
        for (unit, start) in [
            (Calendar::Day, "2026-11-22T00:00:00Z"),
            (Calendar::Week, "2026-11-16T00:00:00Z"),
            (Calendar::Month, "2026-11-01T00:00:00Z"),
            (Calendar::Quarter, "2026-10-01T00:00:00Z"),
            (Calendar::Year, "2026-01-01T00:00:00Z"),
        ] {
            assert_eq!(window_start(CapWindow::Calendar(unit), at, None), time(start), "{unit}");
        }
    }
}
