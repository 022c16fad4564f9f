//! Rows of a file, checked before any of them is written.

use std::io::BufRead;

use winback_core::account::Account;
use winback_core::ids::AccountId;
use winback_core::time::Time;
use winback_registrar::{Note, Read, RowRules, Statement};

use super::Gate;
use super::gate::Refusal;
use super::notes::{Notes, place};
use super::twice::{Apart, Places};
use super::unknown::Unknown;
use winback_ingest::{self as ingest, Entry, Record, Records, Sorter, Unwritable};

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
    /// The hashes and sizes that the registrar would hold rows against.
    pub gate: Option<&'a Gate>,
}

/// An account without what is known, and the notes about it.
type Alone = (Account, Vec<Note>);

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
        let (line, keeps) = (record.line, self.with.bad == Bad::Keep);
        let mut read = self.read(records, &record)?;
        let account = standing_alone(&mut read);
        let id = read.statement.as_ref().ok().and_then(Statement::id).cloned();
        if self.is_kept_out(line, id.as_ref(), account.as_ref()) {
            return None;
        }
        self.checked.unknown.take(line, std::mem::take(&mut read.unknown));
        match &read.statement {
            Err(error) => {
                self.checked.bad += 1;
                if !keeps {
                    let column = error.field().and_then(|field| records.column(&record, field));
                    self.notes.refuse(&place(line, column), &error.to_string());
                    return None;
                }
            }
            Ok(Statement::Nothing) if !keeps => return None,
            Ok(_) => seen(line, &read),
        }
        account.iter().for_each(|account| self.remark(line, account));
        if let (Some(id), false) = (&id, keeps) {
            self.places.take(id, line);
        }
        // One time for all: the sorter keeps the order in which they came.
        let (time, key) = (Time::MAX, id.map(|id| id.as_str().as_bytes().to_vec()));
        let value = read.canonical.filter(|_| !keeps).map_or_else(|| record.value.ok(), Some)?;
        Some(Entry { time, key, value })
    }

    /// Reads a row; `None` where it cannot be written.
    fn read<R: BufRead>(&mut self, records: &Records<R>, record: &Record) -> Option<Read> {
        let value = match &record.value {
            Ok(value) => value,
            Err(why) => {
                self.checked.unwritable.push((record.line, why.clone()));
                return None;
            }
        };
        let read = self.with.rules.read(value, self.with.now);
        let id = read.statement.as_ref().ok().and_then(Statement::id);
        let size = read.canonical.as_ref().map_or(value.len(), Vec::len);
        if id.is_some_and(|id| !records.fits(id.as_str().len(), size)) {
            self.checked.unwritable.push((record.line, Unwritable::TooLarge));
            return None;
        }
        Some(read)
    }

    /// True for a row that the gate refuses; it is told.
    fn is_kept_out(&mut self, line: u64, id: Option<&AccountId>, account: Option<&Alone>) -> bool {
        let gate = self.with.gate.zip(id);
        let refusal = gate.and_then(|(gate, id)| gate.refuses(id, account.map(|(account, _)| account)));
        let Some(refusal) = refusal else { return false };
        self.checked.bad += 1;
        self.checked.kept_out += u64::from(refusal == Refusal::Erased);
        self.notes.refuse(&place(line, None), refusal.describe());
        true
    }

    /// Tells what is left out of a row that is taken, and what it lacks.
    fn remark(&mut self, line: u64, (account, notes): &Alone) {
        let erased = self.with.gate.map_or(0, |gate| gate.erased_contacts(account));
        notes.iter().for_each(|note| self.notes.take(line, note));
        if erased > 0 {
            self.notes.take(line, &Note::Erased(erased));
        }
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
fn standing_alone(read: &mut Read) -> Option<Alone> {
    let Ok(Statement::Put(stated)) = &read.statement else { return None };
    match stated.clone().onto(None, 0) {
        Ok(account) => Some(account),
        Err(error) => {
            read.statement = Err(error);
            None
        }
    }
}
