//! Periods and months, in UTC.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// A day in milliseconds.
pub(crate) const DAY: i64 = 86_400_000;

/// A time from a beginning up to an end, which is not in it; milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The beginning.
    pub from: i64,
    /// The end.
    pub to: i64,
}

/// A text that is no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no period: write a year (2026), a quarter (2026-Q3), a month (2026-07) or two days (2026-01-01..2026-06-30)"
)]
pub struct PeriodError(String);

impl std::str::FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        read(text.trim()).ok_or_else(|| PeriodError(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Period> {
    if let Some((from, to)) = text.split_once("..") {
        let (from, to): (Date, Date) = (from.parse().ok()?, to.parse().ok()?);
        return (from <= to).then(|| span(from, to.checked_add(1.day()).ok()?)).flatten();
    }
    match text.split_once('-') {
        None => months(text.parse().ok()?, 1, 12),
        Some((year, rest)) => match rest.strip_prefix(['Q', 'q']) {
            Some(quarter) => {
                let quarter: i8 = quarter.parse().ok().filter(|quarter| (1..=4).contains(quarter))?;
                months(year.parse().ok()?, 3 * quarter - 2, 3)
            }
            None => months(year.parse().ok()?, rest.parse().ok()?, 1),
        },
    }
}

fn months(year: i16, month: i8, count: i64) -> Option<Period> {
    let from = Date::new(year, month, 1).ok()?;
    span(from, from.checked_add(count.months()).ok()?)
}

fn span(from: Date, to: Date) -> Option<Period> {
    let start = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp().as_millisecond());
    Some(Period { from: start(from)?, to: start(to)? })
}

impl Period {
    /// True if the time is in it.
    pub fn has(&self, at: i64) -> bool {
        self.from <= at && at < self.to
    }

    /// Its months, such as 2026-07, also those of which it has only a part.
    pub fn months(&self) -> Vec<String> {
        let mut months = Vec::new();
        let mut date = date_of(self.from).first_of_month();
        while millis_of(date) < self.to && months.len() < 1_200 {
            months.push(date.strftime("%Y-%m").to_string());
            let Ok(next) = date.checked_add(1.month()) else { break };
            date = next;
        }
        months
    }
}

/// The day of a time.
pub(crate) fn date_of(at: i64) -> Date {
    Timestamp::from_millisecond(at).map_or(Date::MIN, |at| at.to_zoned(TimeZone::UTC).date())
}

fn millis_of(date: Date) -> i64 {
    date.to_zoned(TimeZone::UTC).map_or(i64::MAX, |at| at.timestamp().as_millisecond())
}

/// The month of a time, such as 2026-07.
pub(crate) fn month_of(at: i64) -> String {
    date_of(at).strftime("%Y-%m").to_string()
}

/// The quarter of a time, such as 2026-Q3.
pub(crate) fn quarter_of(at: i64) -> String {
    let date = date_of(at);
    format!("{}-Q{}", date.year(), (date.month() + 2) / 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_year_a_quarter_a_month_or_two_days() {
        for (text, months) in [("2026", 12), ("2026-Q3", 3), ("2026-07", 1), ("2026-01-31..2026-02-01", 2)] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.months().len(), months, "{text}");
        }
        let quarter: Period = "2026-Q3".parse().unwrap();
        assert_eq!((month_of(quarter.from), month_of(quarter.to - 1)), ("2026-07".into(), "2026-09".into()));
        assert_eq!(quarter_of(quarter.from), "2026-Q3");
        for wrong in ["", "soon", "2026-Q5", "2026-13", "2026-06-30..2026-01-01"] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }
}
