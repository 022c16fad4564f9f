//! The producers' times: numbers by unit or magnitude, RFC 3339 with and without zone, dates in stated orders.
//!
//! What lies before 1990 is not when anything happened but a unit or a format misread, so it is an error; what lies in
//! the future is the core's to judge.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;
use winback_core::time::Time;

use crate::element::{DeadReason, Refusal};
use crate::json::Scalar;
use crate::text::quoted;

/// 1990-01-01, in milliseconds.
const EARLIEST: i64 = 631_152_000_000;
/// 9999-12-31, in milliseconds.
const LATEST: i64 = 253_402_207_200_000;

/// One way to write a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// A number by its magnitude, or RFC 3339 with or without zone or time of day.
    Auto,
    /// A number of so many to the second.
    Unix(i64),
    /// A number of days since 1970.
    Days,
    /// As mail writes it.
    Rfc2822,
    /// A pattern such as `%d/%m/%Y`.
    Pattern(String),
}

impl TimeFormat {
    /// The names that are not patterns.
    pub(crate) const NAMES: [&'static str; 7] =
        ["auto", "rfc3339", "rfc2822", "unix_s", "unix_ms", "unix_us", "unix_days"];

    /// The format of that name, or the pattern, tried on a date of its own.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text {
            "auto" | "rfc3339" => Ok(Self::Auto),
            "rfc2822" => Ok(Self::Rfc2822),
            "unix_s" => Ok(Self::Unix(1)),
            "unix_ms" => Ok(Self::Unix(1_000)),
            "unix_us" => Ok(Self::Unix(1_000_000)),
            "unix_days" => Ok(Self::Days),
            pattern if pattern.contains('%') => {
                let sample = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
                let written = strtime::format(pattern, &sample).map_err(|error| error.to_string())?;
                match by_pattern(pattern, &written, &TimeZone::UTC) {
                    Some(_) => Ok(Self::Pattern(pattern.to_owned())),
                    None => Err("it does not say year, month and day".to_owned()),
                }
            }
            _ => {
                Err(format!("it is neither a pattern such as %d/%m/%Y nor one of {}", Self::NAMES.join(", ")))
            }
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Auto => "RFC 3339 or a unix time",
            Self::Unix(1) => "unix seconds",
            Self::Unix(1_000) => "unix milliseconds",
            Self::Unix(_) => "unix microseconds",
            Self::Days => "days since 1970",
            Self::Rfc2822 => "RFC 2822",
            Self::Pattern(pattern) => pattern,
        }
    }

    fn read(&self, value: &Scalar<'_>, zone: &TimeZone) -> Option<i64> {
        match (self, value) {
            (_, Scalar::Missing | Scalar::Bool(_)) => None,
            (Self::Auto, Scalar::Text(text)) => auto(text.trim(), zone),
            (Self::Auto, _) => by_magnitude(seconds(value)?),
            (Self::Unix(per_second), _) => scaled(seconds(value)?, *per_second),
            (Self::Days, _) => scaled(seconds(value)?.floor() * 86_400.0, 1),
            (Self::Rfc2822, Scalar::Text(text)) => {
                rfc2822::parse(text.trim()).ok().map(|zoned| zoned.timestamp().as_millisecond())
            }
            (Self::Pattern(pattern), Scalar::Text(text)) => by_pattern(pattern, text.trim(), zone),
            (Self::Rfc2822 | Self::Pattern(_), _) => None,
        }
    }
}

/// The formats that a source accepts, and the zone of what names none.
#[derive(Clone, Debug)]
pub(crate) struct TimeReader {
    pub(crate) formats: Vec<TimeFormat>,
    pub(crate) zone: TimeZone,
}

impl TimeReader {
    pub(crate) fn auto(zone: TimeZone) -> Self {
        Self { formats: vec![TimeFormat::Auto], zone }
    }

    pub(crate) fn of_mail(zone: TimeZone) -> Self {
        Self { formats: vec![TimeFormat::Auto, TimeFormat::Rfc2822], zone }
    }

    /// The time in that field, by the first format that fits.
    pub(crate) fn read(&self, field: &str, value: &Scalar<'_>) -> Result<Time, Refusal> {
        if value.is_missing() {
            return Err(Refusal::Dead(
                DeadReason::MissingField,
                format!("`{field}` has no time: send when it happened"),
            ));
        }
        let found = self.formats.iter().find_map(|format| format.read(value, &self.zone));
        match found {
            Some(millis) if (EARLIEST..=LATEST).contains(&millis) => Ok(Time::from_millis(millis)),
            Some(_) => Err(self.bad(field, value, "is before 1990 or after 9999: check its unit and format")),
            None => {
                let names: Vec<_> = self.formats.iter().map(TimeFormat::name).collect();
                let text = format!("is not a time written as {}: correct it and replay", names.join(" or "));
                Err(self.bad(field, value, &text))
            }
        }
    }

    fn bad(&self, field: &str, value: &Scalar<'_>, what: &str) -> Refusal {
        let value = value.clone().text().unwrap_or_default();
        Refusal::Dead(DeadReason::BadTime, format!("`{field}` is {}, which {what}", quoted(&value)))
    }
}

fn auto(text: &str, zone: &TimeZone) -> Option<i64> {
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-') && !text[1..].contains('-') {
        return by_magnitude(text.parse().ok()?);
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp.as_millisecond());
    }
    // With a blank in front of the zone, as databases write it.
    if let Some((head, zone)) = text.rsplit_once(' ')
        && (zone.starts_with(['+', '-']) || zone.eq_ignore_ascii_case("utc") || zone == "Z")
    {
        let zone = if zone.starts_with(['+', '-']) { zone } else { "Z" };
        return format!("{head}{zone}").parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
    }
    let local = match text.parse::<DateTime>() {
        Ok(local) => local,
        Err(_) => text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()),
    };
    in_zone(local, zone)
}

fn in_zone(local: DateTime, zone: &TimeZone) -> Option<i64> {
    local.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp().as_millisecond())
}

fn by_pattern(pattern: &str, text: &str, zone: &TimeZone) -> Option<i64> {
    let parsed = strtime::parse(pattern, text).ok()?;
    if let Ok(timestamp) = parsed.to_timestamp() {
        return Some(timestamp.as_millisecond());
    }
    let date = parsed.to_date().ok()?;
    let time = parsed.to_time().unwrap_or_else(|_| jiff::civil::Time::midnight());
    in_zone(date.to_datetime(time), zone)
}

/// The number in a number or in a text; its fraction counts.
fn seconds(value: &Scalar<'_>) -> Option<f64> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "times of this era in µs are exact in 53 bits")]
        Scalar::Int(number) => Some(*number as f64),
        Scalar::Float(number) => Some(*number),
        Scalar::Text(text) => text.trim().parse().ok(),
        Scalar::Missing | Scalar::Bool(_) => None,
    }
}

/// Seconds until the year 5138, then milliseconds, microseconds, nanoseconds: no era of one is within another's.
fn by_magnitude(number: f64) -> Option<i64> {
    match number.abs() {
        size if size < 1e11 => scaled(number, 1),
        size if size < 1e14 => scaled(number, 1_000),
        size if size < 1e17 => scaled(number, 1_000_000),
        size if size < 1e20 => scaled(number, 1_000_000_000),
        _ => None,
    }
}

fn scaled(number: f64, per_second: i64) -> Option<i64> {
    #[expect(clippy::cast_precision_loss, reason = "one of four powers of ten, all exact")]
    let millis = (number * 1_000.0 / per_second as f64).floor();
    #[expect(clippy::cast_possible_truncation, reason = "checked to be far inside i64")]
    (millis.abs() < 9e15).then_some(millis as i64)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn text(text: &str) -> Scalar<'_> {
        Scalar::Text(Cow::Borrowed(text))
    }

    #[test]
    fn automatic_times_are_read_by_magnitude_or_as_rfc_3339() {
        let reader = TimeReader::auto(TimeZone::UTC);
        let noon = 1_714_564_800_000;
        let table = [
            (Scalar::Int(1_714_564_800), noon),
            (Scalar::Int(1_714_564_800_000), noon),
            (Scalar::Int(1_714_564_800_000_000), noon),
            (Scalar::Float(1_714_564_800.25), noon + 250),
            (text("1714564800"), noon),
            (text("1714564800.250"), noon + 250),
            (text("2024-05-01T12:00:00Z"), noon),
            (text("2024-05-01T14:00:00+02:00"), noon),
            (text("2024-05-01 14:00:00 +02:00"), noon),
            (text("2024-05-01 12:00:00 UTC"), noon),
            (text("2024-05-01T08:00:00.0000001-04:00"), noon),
            (text("2024-05-01T12:00:00"), noon),
            (text(" 2024-05-01 12:00:00.5 "), noon + 500),
            (text("2024-05-01"), noon - 12 * 3_600_000),
            (text("2099-01-01T00:00:00Z"), 4_070_908_800_000),
        ];
        for (value, millis) in table {
            assert_eq!(reader.read("ts", &value).unwrap(), Time::from_millis(millis), "{value:?}");
        }
    }

    #[test]
    fn a_time_without_zone_is_in_the_stated_one() {
        let reader = TimeReader::auto(TimeZone::get("Asia/Kolkata").unwrap());
        assert_eq!(reader.read("ts", &text("2024-05-01 17:30")).unwrap().to_string(), "2024-05-01T12:00:00Z");
        assert_eq!(
            reader.read("ts", &text("2024-05-01T17:30:00Z")).unwrap().to_string(),
            "2024-05-01T17:30:00Z"
        );
    }

    #[test]
    fn dates_are_read_in_the_stated_order_only() {
        let table = [
            ("%d/%m/%Y", "09/01/2020", Some("2020-01-09T00:00:00Z")),
            ("%d/%m/%Y", "13/01/2020", Some("2020-01-13T00:00:00Z")),
            ("%d/%m/%Y", "01/07.2015", None),
            ("%d/%m/%Y", "22/01//2015", None),
            ("%d/%m/%Y", "05/072018", None),
            ("%d/%m/%Y", "01/13/2015", None),
            ("%d/%m/%Y", "01/07/015", None),
            ("%m/%d/%Y", "01/13/2015", Some("2015-01-13T00:00:00Z")),
            ("%d-%b-%y", "1-May-07", Some("2007-05-01T00:00:00Z")),
            ("%d-%b-%y", "31-Dec-99", Some("1999-12-31T00:00:00Z")),
            ("%d %B %Y %H:%M %z", "1 May 2007 12:00 +0200", Some("2007-05-01T10:00:00Z")),
        ];
        for (pattern, value, expected) in table {
            let reader =
                TimeReader { formats: vec![TimeFormat::parse(pattern).unwrap()], zone: TimeZone::UTC };
            let read = reader.read("date", &text(value)).ok().map(|time| time.to_string());
            assert_eq!(read.as_deref(), expected, "{pattern} {value}");
        }
    }

    #[test]
    fn what_is_no_time_is_dead_with_the_field_the_value_and_the_fix() {
        let reader =
            TimeReader { formats: vec![TimeFormat::parse("%d/%m/%Y").unwrap()], zone: TimeZone::UTC };
        let Err(Refusal::Dead(DeadReason::BadTime, said)) = reader.read("/Date", &text("01/07.2015")) else {
            panic!("not dead");
        };
        assert_eq!(
            said,
            "`/Date` is `01/07.2015`, which is not a time written as %d/%m/%Y: correct it and replay"
        );
        let auto = TimeReader::auto(TimeZone::UTC);
        for value in [
            Scalar::Int(0),
            Scalar::Int(-5),
            Scalar::Float(f64::NAN),
            Scalar::Float(1e300),
            text("soon"),
            text("-"),
            text("é-"),
            text("20150701"),
            Scalar::Bool(true),
        ] {
            assert!(
                matches!(auto.read("ts", &value), Err(Refusal::Dead(DeadReason::BadTime, _))),
                "{value:?}"
            );
        }
        for value in [Scalar::Missing, text("  ")] {
            assert!(matches!(auto.read("ts", &value), Err(Refusal::Dead(DeadReason::MissingField, _))));
        }
    }

    #[test]
    fn a_format_that_cannot_work_is_refused_when_it_is_stated() {
        for format in ["%d/%m", "%Q", "unix", "", "%H:%M"] {
            assert!(TimeFormat::parse(format).is_err(), "{format}");
        }
        for format in TimeFormat::NAMES {
            assert!(TimeFormat::parse(format).is_ok(), "{format}");
        }
    }
}
