//! Rows of a file, checked before any of them is written.

use std::io::BufRead;

use winback_core::privacy::masked;
use winback_core::time::Time;
use winback_registrar::{Row, read_row};

use super::Gate;
use winback_ingest::{self as ingest, Entry, Records, Sorter};
use winback_terminal::{note, safe};

/// Bad rows that are told one by one; the others are counted.
const TOLD: u64 = 20;

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
    /// Lines of rows larger than the topic takes.
    pub too_large: Vec<u64>,
}

/// Checks every row and keeps those to be written, in the file's order, keyed by account id; `seen` hears of each that the
/// registrar would take. Rows that the `gate` refuses are left out.
///
/// # Errors
/// When the file cannot be read or a temporary one not written.
pub fn check<R: BufRead>(
    records: &mut Records<R>,
    bad: Bad,
    gate: Option<&Gate>,
    mut seen: impl FnMut(&Row),
) -> anyhow::Result<(Sorter, Checked)> {
    let mut spool = Sorter::new(ingest::MEMORY);
    let mut checked = Checked::default();
    while let Some(record) = records.next_record()? {
        let Some(value) = &record.value else {
            checked.too_large.push(record.line);
            continue;
        };
        let read = read_row(value, 0);
        if read.as_ref().is_ok_and(|row| !records.fits(id_of(row).len(), value.len())) {
            checked.too_large.push(record.line);
            continue;
        }
        let refused = gate.zip(read.as_ref().ok()).and_then(|(gate, row)| gate.refuses(row));
        if let Some(why) = refused {
            checked.bad += 1;
            tell(checked.bad, &place(record.line, None), why);
            continue;
        }
        read.iter().for_each(&mut seen);
        if let Err(error) = &read {
            checked.bad += 1;
            if bad == Bad::LeaveOut {
                let column = error.field().and_then(|field| records.column(&record, field));
                tell(checked.bad, &place(record.line, column), &error.to_string());
                continue;
            }
        }
        if let Ok(Row::Put(_, notes)) = &read {
            notes.iter().for_each(|note| tell(0, &place(record.line, None), note));
        }
        let key = read.as_ref().ok().map(|row| id_of(row).as_bytes().to_vec());
        // One time for all: the sorter keeps the order in which they came.
        spool.push(Entry { time: Time::MAX, key, value: record.value.unwrap_or_default() })?;
        checked.rows += 1;
    }
    Ok((spool, checked))
}

fn id_of(row: &Row) -> &str {
    match row {
        Row::Put(account, _) => account.id.as_str(),
        Row::Gone(id) => id.as_str(),
    }
}

fn place(line: u64, column: Option<usize>) -> String {
    column.map_or_else(|| format!("line {line}"), |column| format!("line {line}, column {column}"))
}

fn tell(nth: u64, place: &str, what: &str) {
    match nth {
        // An error may quote the row.
        0..=TOLD => note!("{place}: {}", safe(&masked(what))),
        nth if nth == TOLD + 1 => note!("… and more"),
        _ => {}
    }
}
