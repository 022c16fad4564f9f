//! Times as people and programs write them. What can be meant otherwise is refused with what it looks like.

use jiff::civil::{Date, DateTime};
use winback_core::time::{Span, Time};

/// The years in which an account can have left.
const FIRST: i64 = 631_152_000_000; // 1990
const BEHIND: i64 = 3_155_760_000_000; // 2070
const DAY: i64 = 86_400_000;
/// A cancellation may be known before it takes effect.
const AHEAD: Span = Span::from_days(366);
const PLAIN: &str = "write a date such as 2026-01-31, or RFC 3339";

/// The limits of a time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    /// It has happened, or will soon: not later than a year after that time.
    Past(Time),
    /// Any time since companies have had software.
    Any,
}

impl Bound {
    /// Of a row of which nobody says when it came.
    pub(crate) const fn latest() -> Self {
        Self::Past(Time::from_millis(BEHIND))
    }
}

/// The time that a whole number says: days, seconds, milliseconds, microseconds or nanoseconds since 1970, by their
/// magnitude. No era of one is within another's.
pub(crate) fn number(number: i64, bound: Bound) -> Result<Time, String> {
    let units = [(DAY, 1), (1_000, 1), (1, 1), (1, 1_000), (1, 1_000_000)];
    let millis = units.into_iter().filter_map(|(times, parts)| (number / parts).checked_mul(times));
    // The windows are apart, so that at most one fits.
    let found = millis.into_iter().find(|millis| (FIRST..BEHIND).contains(millis));
    let Some(millis) = found else { return Err(looks_like(number)) };
    bounded(Time::from_millis(millis), bound)
}

/// The time that a text says. A date is its midnight in UTC.
pub(crate) fn text(text: &str, bound: Bound) -> Result<Time, String> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return bounded(Time::from_millis(timestamp.as_millisecond()), bound);
    }
    if let Ok(whole) = text.parse::<i64>() {
        return number(whole, bound);
    }
    if let Some((Ok(days), true)) = text.split_once('.').map(|(days, part)| {
        (days.parse::<i64>(), part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty())
    }) {
        return Err(looks_like(days));
    }
    let Ok(moment) = text.parse::<DateTime>() else { return Err(misspelled(text)) };
    let since = moment.duration_since(jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0));
    let millis = i64::try_from(since.as_millis()).map_err(|_| PLAIN.to_owned())?;
    bounded(Time::from_millis(millis), bound)
}

/// The year of a time in UTC; the last days of the year 9999 are no time that can be written.
fn year(time: Time) -> i16 {
    let last = if time.millis() < 0 { -9999 } else { 9999 };
    jiff::Timestamp::from_millisecond(time.millis())
        .map_or(last, |timestamp| timestamp.to_zoned(jiff::tz::TimeZone::UTC).year())
}

fn bounded(time: Time, bound: Bound) -> Result<Time, String> {
    if time.millis() < FIRST {
        return Err(format!(
            "the year {} cannot be meant, it is what programs make of an empty cell: {PLAIN}",
            year(time)
        ));
    }
    match bound {
        Bound::Past(now) if time.millis() >= BEHIND || time > now + AHEAD => {
            Err(format!("the year {} cannot be meant, it is more than a year ahead: {PLAIN}", year(time)))
        }
        Bound::Past(_) | Bound::Any => Ok(time),
    }
}

/// The fix for a number that is no time.
fn looks_like(number: i64) -> String {
    if let Some(date) = compact(number) {
        return format!("it looks like {date} without hyphens: write {date}");
    }
    if let Some(date) = serial(number) {
        return format!(
            "it looks like {date} as a spreadsheet's serial number: format the column as a date (yyyy-mm-dd) and export \
             it again, or write {date}"
        );
    }
    PLAIN.to_owned()
}

/// `20260210`, also with hours, minutes and seconds behind it.
fn compact(number: i64) -> Option<Date> {
    let digits = match number {
        10_000_101..=99_991_231 => number,
        10_000_101_000_000..=99_991_231_235_959 => number / 1_000_000,
        _ => return None,
    };
    let part = |value: i64| i8::try_from(value % 100).ok();
    let date = Date::new(i16::try_from(digits / 10_000).ok()?, part(digits / 100)?, part(digits)?).ok()?;
    (1900..2200).contains(&date.year()).then_some(date)
}

/// A spreadsheet counts days from the end of 1899.
fn serial(number: i64) -> Option<Date> {
    if !(1..=110_000).contains(&number) {
        return None;
    }
    jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().try_days(number).ok()?).ok()
}

fn misspelled(text: &str) -> String {
    let parts: Vec<&str> = text.split(['/', '.', '-']).collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() == 3 && parts.iter().all(is_number) && parts[0].len() <= 2 {
        return format!("day and month can be either way round: {PLAIN}");
    }
    PLAIN.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Time {
        Time::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn bound() -> Bound {
        Bound::Past(day("2026-12-01T00:00:00Z"))
    }

    #[test]
    fn a_time_is_read_in_each_unit_that_programs_use() {
        let expected = day("2026-02-10T00:00:00Z");
        for written in
            ["2026-02-10", "2026-02-10T00:00:00Z", "2026-02-10 00:00:00", "2026-02-10T01:00:00+01:00"]
        {
            assert_eq!(text(written, bound()), Ok(expected), "{written}");
        }
        let millis = expected.millis();
        for whole in [millis / DAY, millis / 1_000, millis, millis * 1_000, millis * 1_000_000] {
            assert_eq!(number(whole, bound()), Ok(expected), "{whole}");
            assert_eq!(text(&whole.to_string(), bound()), Ok(expected), "{whole}");
        }
    }

    #[test]
    fn what_can_be_meant_otherwise_is_refused_with_what_it_looks_like() {
        for (written, part) in [
            ("46063", "looks like 2026-02-10 as a spreadsheet's serial"),
            ("46063.5", "looks like 2026-02-10"),
            ("45000", "looks like 2023-03-15"),
            ("20260210", "looks like 2026-02-10 without hyphens: write 2026-02-10"),
            ("20260210093000", "looks like 2026-02-10"),
            ("2126-02-10", "the year 2126 cannot be meant"),
            ("9999-12-31", "the year 9999 cannot be meant"),
            ("1900-01-01", "the year 1900 cannot be meant"),
            ("1899-12-30T00:00:00Z", "the year 1899"),
            ("1970-01-01", "the year 1970"),
            ("2028-01-01", "the year 2028"),
            ("0", "2026-01-31"),
            ("1", "1899-12-31"),
            ("10/02/2026", "either way round"),
            ("10.02.2026", "either way round"),
            ("soon", "2026-01-31"),
        ] {
            let fix = text(written, bound()).unwrap_err();
            assert!(fix.contains(part), "{written}: {fix}");
        }
    }

    #[test]
    fn a_date_of_nobodys_lifetime_may_say_never_before() {
        assert!(text("9999-12-31", Bound::Any).is_ok());
        assert!(text("2099-12-31", bound()).is_err());
        assert!(text("2027-03-31", bound()).is_ok(), "the contract ends then");
    }
}
