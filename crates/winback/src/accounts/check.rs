//! Rows of a file, checked before any of them is written.

use std::io::BufRead;

use winback_core::time::Time;
use winback_registrar::{Note, Read, RowError, RowRules, Statement};

use super::Gate;
use super::gate::Refusal;
use super::notes::{Notes, place};
use super::twice::{Apart, Places};
use super::unknown::Unknown;
use crate::ingest::{self, Entry, Record, Records, Sorter, Unwritable};

/// The handling of rows that the registrar would not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// Left out, told with line and reason.
    LeaveOut,
    /// Written all the same, for the registrar to make dead letters of.
    Keep,
}

/// The contents of a file of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Rows to be written.
    pub rows: u64,
    /// Rows that the registrar does not take.
    pub bad: u64,
    /// Of them, those of accounts that were erased.
    pub kept_out: u64,
    /// Lines of rows that are not written, with why.
    pub unwritable: Vec<(u64, Unwritable)>,
    /// Columns that are not known.
    pub unknown: Unknown,
}

/// The means of a check.
pub struct Check<'a> {
    /// The handling of rows that are not taken.
    pub bad: Bad,
    /// The rules by which rows are read.
    pub rules: &'a RowRules,
    /// The time of the import.
    pub now: Time,
    /// What the registrar would hold rows against.
    pub gate: Option<&'a Gate>,
}

/// A check under way.
struct Under<'a> {
    with: &'a Check<'a>,
    checked: Checked,
    notes: Notes,
    places: Places,
}

impl Check<'_> {
    /// Checks every row and keeps those to be written, in the file's order, keyed by account id; `seen` hears of each that
    /// the registrar would take, with its line. Rows that the gate refuses are left out.
    ///
    /// # Errors
    /// When the file cannot be read or a temporary one not written.
    pub fn run<R: BufRead>(
        &self,
        records: &mut Records<R>,
        mut seen: impl FnMut(u64, &Read),
    ) -> anyhow::Result<(Sorter, Checked)> {
        let mut spool = Sorter::new(ingest::MEMORY);
        let (checked, notes, places) = (Checked::default(), Notes::default(), Places::default());
        let mut under = Under { with: self, checked, notes, places };
        while let Some(record) = records.next_record()? {
            if let Some(entry) = under.row(records, record, &mut seen) {
                spool.push(entry)?;
                under.checked.rows += 1;
            }
        }
        under.end(spool, seen)
    }
}

impl Under<'_> {
    /// The entry of a row that is written.
    fn row<R: BufRead>(
        &mut self,
        records: &Records<R>,
        record: Record,
        seen: &mut impl FnMut(u64, &Read),
    ) -> Option<Entry> {
        let line = record.line;
        let value = match &record.value {
            Ok(value) => value,
            Err(why) => {
                self.checked.unwritable.push((line, why.clone()));
                return None;
            }
        };
        let mut read = self.with.rules.read(value, self.with.now);
        let mut account = standing_alone(&mut read);
        let id = read.statement.as_ref().ok().and_then(Statement::id).cloned();
        let size = read.canonical.as_ref().map_or(value.len(), Vec::len);
        if id.as_ref().is_some_and(|id| !records.fits(id.as_str().len(), size)) {
            self.checked.unwritable.push((line, Unwritable::TooLarge));
            return None;
        }
        let keeps = self.with.bad == Bad::Keep;
        let gate = self.with.gate.zip(id.as_ref());
        if let Some(refusal) = gate.and_then(|(gate, id)| gate.refuses(id, account.as_ref().map(|(a, _)| a)))
        {
            self.checked.bad += 1;
            self.checked.kept_out += u64::from(refusal == Refusal::Erased);
            self.notes.refuse(&place(line, None), refusal.describe());
            return None;
        }
        if let (Some(gate), Some((account, notes))) = (self.with.gate, &mut account) {
            notes.extend(Some(gate.erased_contacts(account)).filter(|count| *count > 0).map(Note::Erased));
        }
        match &read.statement {
            Err(error) => {
                self.checked.bad += 1;
                if !keeps {
                    self.refuse(records, &record, error);
                    self.checked.unknown.take(line, std::mem::take(&mut read.unknown));
                    return None;
                }
            }
            Ok(Statement::Nothing) if !keeps => return None,
            Ok(_) => seen(line, &read),
        }
        for note in account.iter().flat_map(|(_, notes)| notes) {
            self.notes.take(line, note);
        }
        self.checked.unknown.take(line, std::mem::take(&mut read.unknown));
        if let (Some(id), false) = (&id, keeps) {
            self.places.take(id, line);
        }
        // One time for all: the sorter keeps the order in which they came.
        let (time, key) = (Time::MAX, id.map(|id| id.as_str().as_bytes().to_vec()));
        let value = read.canonical.filter(|_| !keeps).map_or_else(|| record.value.ok(), Some)?;
        Some(Entry { time, key, value })
    }

    fn refuse<R: BufRead>(&mut self, records: &Records<R>, record: &Record, error: &RowError) {
        let column = error.field().and_then(|field| records.column(record, field));
        self.notes.refuse(&place(record.line, column), &error.to_string());
    }

    fn end(mut self, spool: Sorter, seen: impl FnMut(u64, &Read)) -> anyhow::Result<(Sorter, Checked)> {
        let mut rows = spool;
        if !self.places.is_empty() {
            let Check { rules, now, .. } = *self.with;
            let apart = self.places.apart(rows, rules, now, &mut self.notes, seen)?;
            let Apart { rows: kept, written, bad } = apart;
            rows = kept;
            self.checked.rows = written;
            self.checked.bad += bad;
        }
        self.notes.end();
        Ok((rows, self.checked))
    }
}

/// The account of a row as it is without what is known, and the notes about it. A row that lacks what every account needs is
/// refused: the import does not know what is known.
fn standing_alone(read: &mut Read) -> Option<(winback_core::account::Account, Vec<Note>)> {
    let Ok(Statement::Put(stated)) = &read.statement else { return None };
    match stated.clone().onto(None, 0) {
        Ok(account) => Some(account),
        Err(error) => {
            read.statement = Err(error);
            None
        }
    }
}
