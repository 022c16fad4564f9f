//! A row's fields, whether they come from JSON or from a spreadsheet in which everything is text.

use serde_json::{Map, Value};
use winback_core::limits::{self, Excess, Limit};
use winback_core::privacy::masked;
use winback_core::time::Time;

use crate::amount::amount;
use crate::error::RowError;
use crate::moment::{self, Bound};
use crate::prohibition::Said;

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
            Value::String(text) => {
                crate::lists::parts(text).map(part).filter(|part| !part.is_empty()).collect()
            }
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

    /// A whole number; what is behind the decimal point is cut. A form with two meanings is refused.
    pub(crate) fn number(&self, names: &[&'static str]) -> Result<Option<u64>, RowError> {
        let Some((name, value)) = self.find(names) else { return Ok(None) };
        let read = match value {
            Value::Number(number) => whole(number).ok_or("write a whole number of at least 0"),
            Value::String(text) => amount(text),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err("write a whole number of at least 0")
            }
        };
        read.map(Some).map_err(|fix| wrong(name, value, fix))
    }

    pub(crate) fn small(&self, names: &[&'static str]) -> Result<Option<u32>, RowError> {
        let Some(number) = self.number(names)? else { return Ok(None) };
        let value = Value::from(number);
        u32::try_from(number)
            .map(Some)
            .map_err(|_| wrong(names.first().unwrap_or(&""), &value, "write a smaller number"))
    }

    /// A flag as JSON, spreadsheets and databases write it.
    pub(crate) fn flag(&self, names: &[&'static str]) -> Result<Option<bool>, RowError> {
        let Some((name, value)) = self.find(names) else { return Ok(None) };
        match Said::of(value) {
            Said::Nothing => Ok(None),
            Said::Yes => Ok(Some(true)),
            Said::No => Ok(Some(false)),
            Said::Other => Err(wrong(name, value, "write true or false")),
        }
    }

    /// A date, RFC 3339, or a number of days, seconds or parts of a second since 1970.
    pub(crate) fn time(&self, names: &[&'static str], bound: Bound) -> Result<Option<Time>, RowError> {
        let Some((name, value)) = self.find(names) else { return Ok(None) };
        let read = match value {
            Value::Number(number) => match number.as_i64() {
                Some(whole) => moment::number(whole, bound),
                None => moment::text(&number.to_string(), bound),
            },
            Value::String(text) => moment::text(text.trim(), bound),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                Err("write a date such as 2026-01-31, or RFC 3339".to_owned())
            }
        };
        read.map(Some).map_err(|fix| wrong(name, value, &fix))
    }

    /// A time that forbids until then, or since then; `Some(None)` where the row says that there is none: `false` or `none`.
    pub(crate) fn limit(
        &self,
        names: &[&'static str],
        bound: Bound,
    ) -> Result<Option<Option<Time>>, RowError> {
        let Some((_, value)) = self.find(names) else { return Ok(None) };
        let text = value.as_str().map(|text| text.trim().to_ascii_lowercase());
        let is_none = value == &Value::Bool(false)
            || matches!(text.as_deref(), Some("false" | "no" | "none" | "never"));
        if is_none { Ok(Some(None)) } else { self.time(names, bound).map(|time| time.map(Some)) }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "within the range of whole numbers of a float"
)]
fn whole(number: &serde_json::Number) -> Option<u64> {
    let float = || number.as_f64().filter(|float| (0.0..9e15).contains(float)).map(|float| float as u64);
    number.as_u64().or_else(float)
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
