//! Caps (R9): how many starting triggers an account may get in a window, counted by fire time.

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan};

use super::account_state::Fire;
use crate::closed_enum;
use crate::ids::PolicyName;
use crate::time::{Span, Time};

closed_enum! {
    /// Whose triggers a cap counts.
    CapScope {
        /// All of the account's.
        Account = "account",
        /// Those of this policy.
        Policy = "policy",
        /// Those of the account that only dates spoke for.
        TimeBased = "time_based",
    }
}

/// The window that a cap counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapWindow {
    /// Any stretch of this length.
    Rolling(Span),
    /// A calendar day, week (from Monday), month, quarter or year in the account's zone.
    Calendar(Calendar),
}

closed_enum! {
    /// A unit of the calendar.
    Calendar {
        /// Midnight to midnight.
        Day = "day",
        /// Monday to Sunday.
        Week = "week",
        /// The first to the last.
        Month = "month",
        /// Three months from January, April, July, October.
        Quarter = "quarter",
        /// January to December.
        Year = "year",
    }
}

/// At most `max` starting triggers in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Whose.
    pub scope: CapScope,
    /// How many.
    pub max: u32,
    /// In what time.
    pub window: CapWindow,
}

impl Cap {
    /// Whether one more fire at `at` would exceed it. Later fires count, too, so no window around `at` overflows.
    pub fn is_reached(&self, fires: &[Fire], policy: &PolicyName, at: Time, zone: Option<&str>) -> bool {
        let from = self.window_start(at, zone);
        let counted = fires.iter().filter(|fire| fire.at >= from && self.counts(fire, policy));
        u32::try_from(counted.count()).unwrap_or(u32::MAX) >= self.max
    }

    fn counts(&self, fire: &Fire, policy: &PolicyName) -> bool {
        match self.scope {
            CapScope::Account => true,
            CapScope::Policy => fire.policy == *policy,
            CapScope::TimeBased => fire.time_based,
        }
    }

    fn window_start(&self, at: Time, zone: Option<&str>) -> Time {
        match self.window {
            // A window is half open: a fire exactly one window ago is out of it.
            CapWindow::Rolling(length) => at - length + Span::from_millis(1),
            CapWindow::Calendar(unit) => unit.start(at, zone),
        }
    }

    /// How long ago a fire may lie and still count.
    pub fn reach(&self) -> Span {
        match self.window {
            CapWindow::Rolling(length) => length,
            CapWindow::Calendar(unit) => Span::from_days(unit.days()),
        }
    }

    /// As a person would say it: `4 in 365d for the account`.
    pub fn describe(&self) -> String {
        let whose = self.scope.describe();
        match self.window {
            CapWindow::Rolling(length) => format!("{} in {length} {whose}", self.max),
            CapWindow::Calendar(unit) => format!("{} a {unit} {whose}", self.max),
        }
    }
}

impl CapScope {
    /// Whose triggers it counts, in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Account => "for the account",
            Self::Policy => "for this policy",
            Self::TimeBased => "of what only dates speak for",
        }
    }
}

impl Calendar {
    const fn days(self) -> i64 {
        match self {
            Self::Day => 2,
            Self::Week => 8,
            Self::Month => 32,
            Self::Quarter => 93,
            Self::Year => 367,
        }
    }

    /// The start of the unit that holds `at`; a time that the calendar does not have starts it itself.
    fn start(self, at: Time, zone: Option<&str>) -> Time {
        self.civil_start(at, zone).unwrap_or(at)
    }

    fn civil_start(self, at: Time, zone: Option<&str>) -> Option<Time> {
        let zone = time_zone(zone);
        let date = Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(zone.clone()).date();
        let first = match self {
            Self::Day => date,
            Self::Week => date.checked_sub(i32::from(date.weekday().to_monday_zero_offset()).days()).ok()?,
            Self::Month => date.first_of_month(),
            Self::Quarter => Date::new(date.year(), (date.month() - 1) / 3 * 3 + 1, 1).ok()?,
            Self::Year => date.first_of_year(),
        };
        let start = first.to_zoned(zone).ok()?;
        Some(Time::from_millis(start.timestamp().as_millisecond()))
    }
}

/// The zone of that IANA name from the data built in, so that every machine decides alike; UTC where there is none.
pub(super) fn time_zone(name: Option<&str>) -> TimeZone {
    name.and_then(|name| TimeZoneDatabase::bundled().get(name).ok()).unwrap_or(TimeZone::UTC)
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
            assert_eq!(cap.is_reached(&fires, &"p".into(), time(at), None), reached, "{at}");
        }
    }

    #[test]
    fn a_calendar_cap_counts_in_the_accounts_zone() {
        let cap = Cap { scope: CapScope::Policy, max: 1, window: CapWindow::Calendar(Calendar::Month) };
        let fires = [fire(time("2026-01-31T23:30:00Z"))];
        let at = time("2026-02-01T10:00:00Z");
        assert!(!cap.is_reached(&fires, &"p".into(), at, None));
        assert!(
            cap.is_reached(&fires, &"p".into(), at, Some("Europe/Berlin")),
            "half past midnight in Berlin"
        );
        assert!(!cap.is_reached(&fires, &"other".into(), at, Some("Europe/Berlin")));
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
            assert_eq!(unit.start(at, None), time(start), "{unit}");
        }
    }
}
