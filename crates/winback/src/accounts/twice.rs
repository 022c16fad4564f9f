//! Accounts that are in a file more than once.
//!
//! Invariant: such an account is written as one row with all that its rows say, or not at all.

use std::collections::{BTreeMap, HashMap};

use winback_core::ids::AccountId;
use winback_core::time::Time;
use winback_registrar::{Read, RowRules, joined};

use super::notes::{Notes, lines};
use winback_ingest::{self as ingest, Entry, Sorter};

/// The lines of each account.
#[derive(Debug, Default)]
pub(super) struct Places {
    first: HashMap<Box<str>, u64>,
    again: BTreeMap<Box<str>, Vec<u64>>,
}

/// The rows of a file without accounts that are in it twice.
pub(super) struct Apart {
    pub(super) rows: Sorter,
    pub(super) written: u64,
    pub(super) bad: u64,
}

impl Places {
    pub(super) fn take(&mut self, id: &AccountId, line: u64) {
        match self.first.get(id.as_str()) {
            None => drop(self.first.insert(id.as_str().into(), line)),
            Some(first) => self.again.entry(id.as_str().into()).or_insert_with(|| vec![*first]).push(line),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.again.is_empty()
    }

    /// Puts the rows of each account together. `seen` hears of each account that comes of it.
    ///
    /// # Errors
    /// When a temporary file cannot be read or written.
    pub(super) fn apart(
        &self,
        rows: Sorter,
        rules: &RowRules,
        now: Time,
        notes: &mut Notes,
        mut seen: impl FnMut(u64, &Read),
    ) -> anyhow::Result<Apart> {
        let mut apart = Apart { rows: Sorter::new(ingest::MEMORY), written: 0, bad: 0 };
        let mut waiting: HashMap<Box<str>, Vec<Vec<u8>>> = HashMap::new();
        for entry in rows.finish()? {
            let Entry { time, key, value } = entry?;
            let id = key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
            let Some((id, places)) = id.and_then(|id| self.again.get_key_value(id)) else {
                apart.rows.push(Entry { time, key, value })?;
                apart.written += 1;
                continue;
            };
            let all = waiting.entry(id.clone()).or_default();
            all.push(value);
            if all.len() < places.len() {
                continue;
            }
            let all = waiting.remove(id).unwrap_or_default();
            match one_of(&all, rules, now) {
                Ok((read, value)) => {
                    seen(places.first().copied().unwrap_or_default(), &read);
                    apart.rows.push(Entry { time, key, value })?;
                    apart.written += 1;
                }
                Err(why) => {
                    let count = all.len() as u64;
                    apart.bad += count;
                    let place = format!("lines {}", lines(places, count));
                    notes.refuse(&place, &format!("the account `{id}` is there {count} times, and {why}"));
                }
            }
        }
        Ok(apart)
    }
}

/// One row of all of an account.
fn one_of(all: &[Vec<u8>], rules: &RowRules, now: Time) -> Result<(Read, Vec<u8>), String> {
    let row = joined(all.iter().map(|row| rules.read(row, now))).map_err(|why| {
        let column = why.field().map_or_else(|| why.to_string(), |column| format!("`{column}`"));
        format!("they say different things in {column}: correct one of them, or leave it out")
    })?;
    let read = rules.read(&row, now);
    match &read.statement {
        Ok(_) => Ok((read, row)),
        Err(why) => Err(format!("put together they cannot be taken: {why}")),
    }
}
