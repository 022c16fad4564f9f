//! Reads typed values out of a TOML table; every complaint names file, key, value and fix.

use toml::{Table, Value};

use super::error::PlayError;

/// One table of one file.
pub(super) struct Keys<'a> {
    file: &'a str,
    prefix: &'a str,
    table: &'a Table,
}

impl<'a> Keys<'a> {
    /// Refuses keys that are not in `known`.
    pub(super) fn of(
        file: &'a str,
        prefix: &'a str,
        table: &'a Table,
        known: &[&str],
    ) -> Result<Self, PlayError> {
        let keys = Self { file, prefix, table };
        match table.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(PlayError::UnknownKey {
                file: file.to_owned(),
                key: keys.full(key),
                fix: nearest(key, known),
            }),
            None => Ok(keys),
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn table(&self, key: &str) -> Result<Option<&'a Table>, PlayError> {
        self.optional(key, "write it as a table", Value::as_table)
    }

    pub(super) fn text(&self, key: &str, fix: &str) -> Result<&'a str, PlayError> {
        let text = self.optional(key, fix, Value::as_str)?.ok_or_else(|| self.missing(key, fix))?;
        if text.trim().is_empty() { Err(self.wrong(key, fix)) } else { Ok(text) }
    }

    pub(super) fn flag(&self, key: &str) -> Result<bool, PlayError> {
        Ok(self.optional(key, "write true or false", Value::as_bool)?.unwrap_or(false))
    }

    pub(super) fn number(&self, key: &str, max: u32) -> Result<Option<u32>, PlayError> {
        let fix = format!("write a whole number from 0 to {max}");
        self.optional(key, &fix, |value| {
            value.as_integer().and_then(|n| u32::try_from(n).ok()).filter(|n| *n <= max)
        })
    }

    pub(super) fn one_of<T: Copy>(
        &self,
        key: &str,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Result<Option<T>, PlayError> {
        let Some(value) = self.table.get(key) else { return Ok(None) };
        self.pick(key, value, all, name).map(Some)
    }

    pub(super) fn several<T: Copy>(
        &self,
        key: &str,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Result<Vec<T>, PlayError> {
        self.list(key)?.iter().map(|value| self.pick(key, value, all, name)).collect()
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, PlayError> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let wrong = || self.wrong(key, "write a list of words in quotes");
        self.list(key)?.iter().map(|value| text(value).ok_or_else(wrong)).collect()
    }

    pub(super) fn missing(&self, key: &str, fix: &str) -> PlayError {
        PlayError::Missing { file: self.file.to_owned(), key: self.full(key), fix: fix.to_owned() }
    }

    pub(super) fn wrong(&self, key: &str, fix: &str) -> PlayError {
        let value = self.table.get(key).map(shown).unwrap_or_default();
        PlayError::Value { file: self.file.to_owned(), key: self.full(key), value, fix: fix.to_owned() }
    }

    fn list(&self, key: &str) -> Result<&'a [Value], PlayError> {
        let list = self.optional(key, "write a list in brackets", Value::as_array)?;
        Ok(list.map(Vec::as_slice).unwrap_or_default())
    }

    fn optional<T>(
        &self,
        key: &str,
        fix: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, PlayError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.wrong(key, fix)),
        }
    }

    fn pick<T: Copy>(
        &self,
        key: &str,
        value: &Value,
        all: &[T],
        name: fn(T) -> &'static str,
    ) -> Result<T, PlayError> {
        let text = value.as_str().unwrap_or_default();
        if let Some(found) = all.iter().copied().find(|one| name(*one) == text) {
            return Ok(found);
        }
        let names: Vec<&str> = all.iter().copied().map(name).collect();
        let (file, key) = (self.file.to_owned(), self.full(key));
        Err(PlayError::Value { file, key, value: shown(value), fix: nearest(text, &names) })
    }

    fn full(&self, key: &str) -> String {
        if self.prefix.is_empty() { key.to_owned() } else { format!("{}.{key}", self.prefix) }
    }
}

/// A value short enough for a line.
fn shown(value: &Value) -> String {
    let text =
        value.as_str().map_or_else(|| value.to_string().replace('\n', " "), |text| format!("{text:?}"));
    if text.chars().count() <= 60 { text } else { text.chars().take(60).chain("…".chars()).collect() }
}

/// Names the nearest of the right words, or all of them when none is near.
fn nearest(word: &str, known: &[&str]) -> String {
    let near = known.iter().map(|one| (strsim::jaro_winkler(word, one), one));
    match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((likeness, one)) if likeness >= 0.75 => format!("did you mean `{one}`?"),
        _ => format!("use one of {}", known.join(", ")),
    }
}
