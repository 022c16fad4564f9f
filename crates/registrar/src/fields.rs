//! A row's fields, whether they come from JSON or from a spreadsheet in which everything is text.

use serde_json::{Map, Value};
use winback_core::limits::{self, Excess, Limit};
use winback_core::privacy::{addresses, masked};
use winback_core::time::Time;

use crate::row::RowError;

/// The fields of one row.
pub(crate) struct Fields<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The first of these names that is there and not empty.
    fn find(&self, names: &[&'static str]) -> Option<(&'static str, &'a Value)> {
        let filled =
            |value: &&Value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty());
        names.iter().find_map(|name| self.0.get(*name).filter(filled).map(|value| (*name, value)))
    }

    pub(crate) fn text(&self, names: &[&'static str]) -> Result<Option<String>, RowError> {
        let Some((name, value)) = self.find(names) else { return Ok(None) };
        match value {
            Value::String(text) => within(names, name, [text.trim()]).map(|()| Some(text.trim().to_owned())),
            Value::Number(number) => Ok(Some(number.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err(wrong(name, value, "write it as text"))
            }
        }
    }

    /// A list, or text with `;` between.
    pub(crate) fn list(&self, names: &[&'static str]) -> Result<Vec<String>, RowError> {
        let Some((name, value)) = self.find(names) else { return Ok(Vec::new()) };
        let part = |text: &str| text.trim().to_owned();
        let list: Vec<String> = match value {
            Value::String(text) => parts(text).map(part).filter(|part| !part.is_empty()).collect(),
            Value::Array(items) => items
                .iter()
                .map(|item| {
                    item.as_str().map(part).ok_or_else(|| wrong(name, value, "write a list of texts"))
                })
                .collect::<Result<_, _>>()?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                return Err(wrong(name, value, "write a list, or text with `;` between"));
            }
        };
        within(names, name, list.iter().map(String::as_str))?;
        Ok(list)
    }

    /// People: a list of objects, or of mail addresses.
    pub(crate) fn objects(&self, names: &[&'static str]) -> Vec<&'a Value> {
        match self.find(names) {
            Some((_, Value::Array(items))) => items.iter().collect(),
            Some((_, value)) => vec![value],
            None => Vec::new(),
        }
    }

    /// A whole number; `84000`, `84,000` and `$84,000` are the same, cents are cut.
    pub(crate) fn number(&self, names: &[&'static str]) -> Result<Option<u64>, RowError> {
        let Some((name, value)) = self.find(names) else { return Ok(None) };
        let text = match value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
        };
        let plain: String = text.chars().filter(|c| !matches!(c, ',' | '$' | '_' | ' ')).collect();
        let whole = plain.split('.').next().unwrap_or_default();
        whole.parse().map(Some).map_err(|_| wrong(name, value, "write a whole number of at least 0"))
    }

    pub(crate) fn small(&self, names: &[&'static str]) -> Result<Option<u32>, RowError> {
        let Some(number) = self.number(names)? else { return Ok(None) };
        let value = Value::from(number);
        u32::try_from(number)
            .map(Some)
            .map_err(|_| wrong(names.first().unwrap_or(&""), &value, "write a smaller number"))
    }

    pub(crate) fn flag(&self, names: &[&'static str]) -> Result<Option<bool>, RowError> {
        let Some((name, value)) = self.find(names) else { return Ok(None) };
        let text = value.as_str().map(str::to_ascii_lowercase);
        match (value, text.as_deref()) {
            (Value::Bool(flag), _) => Ok(Some(*flag)),
            (_, Some("true" | "yes" | "y" | "1")) => Ok(Some(true)),
            (_, Some("false" | "no" | "n" | "0")) => Ok(Some(false)),
            _ => Err(wrong(name, value, "write true or false")),
        }
    }

    /// A date, RFC 3339, or days, seconds, milliseconds or microseconds since 1970 by their magnitude: no era of one is
    /// within another's. A date is its midnight in UTC.
    pub(crate) fn time(&self, names: &[&'static str]) -> Result<Option<Time>, RowError> {
        let Some((name, value)) = self.find(names) else { return Ok(None) };
        let time = match value {
            Value::Number(number) => number.as_i64().and_then(since_1970),
            Value::String(text) => written(text.trim()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        time.map(Some).ok_or_else(|| wrong(name, value, "write a date such as 2026-01-31, or RFC 3339"))
    }
}

fn since_1970(number: i64) -> Option<Time> {
    let millis = match number.abs() {
        0..100_000 => number.checked_mul(86_400_000)?,
        100_000..100_000_000_000 => number.checked_mul(1_000)?,
        100_000_000_000..100_000_000_000_000 => number,
        _ => number / 1_000,
    };
    (0..=253_402_300_799_999).contains(&millis).then_some(Time::from_millis(millis))
}

fn written(text: &str) -> Option<Time> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(Time::from_millis(timestamp.as_millisecond()));
    }
    if let Ok(number) = text.parse::<i64>() {
        return since_1970(number);
    }
    let moment: jiff::civil::DateTime = text.parse().ok()?;
    let zoned = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Time::from_millis(zoned.timestamp().as_millisecond()))
}

/// The parts of a text between its `;`. One within a disguised address, as in `jane&#64;acme.com`, separates nothing.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = &str> {
    let addresses = if text.contains(';') { addresses(text) } else { Vec::new() };
    let ends: Vec<usize> = text
        .match_indices(';')
        .map(|(at, _)| at)
        .filter(|at| !addresses.iter().any(|address| address.range.contains(at)))
        .collect();
    let starts = std::iter::once(0).chain(ends.clone().into_iter().map(|end| end + 1));
    starts.zip(ends.into_iter().chain([text.len()])).filter_map(|(start, end)| text.get(start..end))
}

/// Refuses what is more than the table of limits allows; `name` is the field as the row has it.
fn within<'t>(
    names: &[&'static str],
    name: &str,
    texts: impl IntoIterator<Item = &'t str>,
) -> Result<(), RowError> {
    let known = |limit: &&Limit| names.first() == Some(&limit.field);
    let Some(limit) = limits::ACCOUNT.iter().find(known) else { return Ok(()) };
    limit.excess(texts).map_or(Ok(()), |excess| Err(too_large(name, excess, limit)))
}

pub(crate) fn too_large(name: &str, excess: Excess, limit: &Limit) -> RowError {
    let field = name.to_owned();
    match excess {
        Excess::Items(size) => RowError::TooLarge { field, size, most: limit.items, of: "items" },
        Excess::Chars(size) if limit.items > 1 => {
            RowError::TooLarge { field, size, most: limit.chars, of: "characters in an item" }
        }
        Excess::Chars(size) => RowError::TooLarge { field, size, most: limit.chars, of: "characters" },
    }
}

pub(crate) fn wrong(field: &str, value: &Value, fix: &str) -> RowError {
    let value = value.to_string();
    let value = winback_core::signal::truncated(&masked(&value), 80).to_owned();
    RowError::Value { field: field.to_owned(), value, fix: fix.to_owned() }
}
