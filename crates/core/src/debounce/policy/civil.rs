//! Days of the calendar as whole numbers: the keys of the buckets of accounts, and months counted there and back.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::time::{Span, Time};

const DAY: i64 = 86_400_000;
/// The days at both ends of the calendar: those of the years -9999 and 9999.
const ENDS: (i64, i64) = (-4_371_587, 2_932_896);

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Day(pub(crate) i32);

impl Day {
    /// The day of that time in UTC. Times beyond the calendar are held at its ends.
    pub(crate) fn of(time: Time) -> Self {
        let (first, last) = ENDS;
        Self(i32::try_from(time.millis().div_euclid(DAY).clamp(first, last)).unwrap_or_default())
    }

    /// The day of that time in that zone.
    pub(crate) fn there(time: Time, zone: &TimeZone) -> Self {
        let Ok(stamp) = Timestamp::from_millisecond(time.millis()) else { return Self::of(time) };
        let date = stamp.to_zoned(zone.clone()).date();
        Self::from_ymd(date.year().into(), date.month().into(), date.day().into())
    }

    /// The time at which it begins in UTC.
    pub(crate) fn start(self) -> Time {
        Time::from_millis(i64::from(self.0) * DAY)
    }

    /// So many days later.
    pub(crate) const fn plus(self, days: i32) -> Self {
        Self(self.0 + days)
    }

    /// Year, month from 1, day of the month from 1, in the Gregorian calendar carried on both ways.
    pub(crate) const fn ymd(self) -> (i32, i32, i32) {
        // Counted from the first of March of the year 0, so that a leap day is the last of its year.
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * march + 2) / 5 + 1;
        let month = if march < 10 { march + 3 } else { march - 9 };
        (era * 400 + year + (month <= 2) as i32, month, day)
    }

    /// The day of that year, month from 1, and day of the month.
    const fn from_ymd(year: i32, month: i32, day: i32) -> Self {
        let year = year - (month <= 2) as i32;
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let march = if month > 2 { month - 3 } else { month + 9 };
        let of_year = (153 * march + 2) / 5 + day - 1;
        Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    /// The same day of the month so many months later, or the last of that month.
    pub(crate) const fn plus_months(self, months: i32) -> Self {
        let (year, month, day) = self.ymd();
        let (year, month) = moved(year, month, months);
        let last = last_of(year, month);
        Self::from_ymd(year, month, if day < last { day } else { last })
    }

    /// The days from which it is so many months: none, one, or the last few of a longer month.
    pub(crate) fn months_before(self, months: i32) -> RangeInclusive<i32> {
        let (year, month, day) = self.ymd();
        let is_last = day == last_of(year, month);
        let (year, month) = moved(year, month, -months);
        let last = last_of(year, month);
        let first = Self::from_ymd(year, month, 1).0;
        let to = if is_last { last } else { day.min(last) };
        first + day - 1..=first + to - 1
    }

    /// So many months since an earlier day, when it is so to the day.
    pub(crate) fn months_since(self, earlier: Self) -> Option<i32> {
        let ((year, month, _), (from_year, from_month, _)) = (self.ymd(), earlier.ymd());
        let months = (year - from_year) * 12 + month - from_month;
        (earlier.plus_months(months) == self).then_some(months)
    }

    /// Whole months since an earlier day; 0 before it.
    pub(crate) fn months_after(self, earlier: Self) -> u32 {
        let ((year, month, _), (from_year, from_month, _)) = (self.ymd(), earlier.ymd());
        let months = (year - from_year) * 12 + month - from_month;
        let whole = if earlier.plus_months(months) > self { months - 1 } else { months };
        u32::try_from(whole).unwrap_or_default()
    }

    /// That long after nine in the morning in that zone; `None` where no calendar has the day.
    pub(crate) fn at_nine(self, zone: &TimeZone, later: Span) -> Option<Time> {
        let (year, month, day) = self.ymd();
        let number = |part: i32| i8::try_from(part).ok();
        let date = Date::new(i16::try_from(year).ok()?, number(month)?, number(day)?).ok()?;
        let nine = date.at(9, 0, 0, 0).to_zoned(zone.clone()).ok()?;
        Some(Time::from_millis(nine.timestamp().as_millisecond()) + later)
    }
}

const fn moved(year: i32, month: i32, months: i32) -> (i32, i32) {
    let all = year * 12 + month - 1 + months;
    (all.div_euclid(12), all.rem_euclid(12) + 1)
}

const fn last_of(year: i32, month: i32) -> i32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The zone of that IANA name from the data built in, so that every machine decides alike; UTC where there is none.
pub(crate) fn time_zone(name: Option<&str>) -> TimeZone {
    name.and_then(|name| TimeZoneDatabase::bundled().get(name).ok()).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;

    fn day(text: &str) -> Day {
        let date: Date = text.parse().unwrap();
        Day::of(Time::from_millis(date.to_zoned(TimeZone::UTC).unwrap().timestamp().as_millisecond()))
    }

    #[test]
    fn a_day_is_the_one_that_the_calendar_has() {
        let first: Date = "1583-01-01".parse().unwrap();
        for step in 0..4_000 {
            let date = first.checked_add((i64::from(step) * 97).days()).unwrap();
            let day = day(&date.to_string());
            assert_eq!(day.ymd(), (date.year().into(), date.month().into(), date.day().into()));
            assert_eq!(Day::from_ymd(date.year().into(), date.month().into(), date.day().into()), day);
        }
    }

    #[test]
    fn months_are_counted_as_the_calendar_does_and_back_again() {
        for step in 0..800 {
            let from = Day(14_000 + step);
            let date: Date = {
                let (year, month, day) = from.ymd();
                Date::new(i16::try_from(year).unwrap(), month.try_into().unwrap(), day.try_into().unwrap())
                    .unwrap()
            };
            for months in [1, 3, 6, 11, 12, 27] {
                let to = from.plus_months(months);
                assert_eq!(to, day(&date.checked_add(months.months()).unwrap().to_string()));
                assert!(to.months_before(months).contains(&from.0), "{date} and {months} months");
                assert_eq!(to.months_since(from), Some(months));
                for other in to.months_before(months) {
                    assert_eq!(Day(other).plus_months(months), to, "{other} and {months} months");
                }
            }
        }
    }

    #[test]
    fn nine_in_the_morning_is_the_accounts_own() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let nine = day("2026-07-01").at_nine(&zone, Span::ZERO).unwrap();
        assert_eq!(nine.to_string(), "2026-07-01T13:00:00Z");
        assert!(Day(2_000_000).at_nine(&zone, Span::ZERO).is_some());
        let late = Time::from_millis(nine.millis() + 15 * 3_600_000);
        assert_eq!((Day::of(late), Day::there(late, &zone)), (day("2026-07-02"), day("2026-07-02")));
        let earlier = Time::from_millis(late.millis() - 3_600_000);
        assert_eq!((Day::of(earlier), Day::there(earlier, &zone)), (day("2026-07-02"), day("2026-07-01")));
        assert_eq!(Day(i32::MAX / 2).at_nine(&zone, Span::ZERO), None);
    }
}
