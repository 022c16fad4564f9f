//! Remarks about rows: the first row by row, the rest counted with their lines.

use std::collections::BTreeMap;

use winback_core::privacy::masked;
use winback_registrar::{Note, NoteKind};

use winback_terminal::safe;
use winback_terminal::{grouped, note};

/// Remarks that are told one by one.
const TOLD: u64 = 20;
/// Lines that are named of those that are counted.
const NAMED: usize = 10;

/// Remarks that were told, and the rest.
#[derive(Debug, Default)]
pub(super) struct Notes {
    told: BTreeMap<NoteKind, u64>,
    rest: BTreeMap<NoteKind, Lines>,
    bad: u64,
}

#[derive(Debug, Default)]
struct Lines {
    count: u64,
    first: Vec<u64>,
}

impl Notes {
    /// A remark about a row that is taken.
    pub(super) fn take(&mut self, line: u64, note: &Note) {
        let told = self.told.entry(note.kind()).or_default();
        *told += 1;
        if *told <= TOLD {
            return tell(&place(line, None), &note.to_string());
        }
        let rest = self.rest.entry(note.kind()).or_default();
        rest.count += 1;
        if rest.first.len() < NAMED {
            rest.first.push(line);
        }
    }

    /// A row that is not taken.
    pub(super) fn refuse(&mut self, place: &str, why: &str) {
        self.bad += 1;
        match self.bad {
            0..=TOLD => tell(place, why),
            bad if bad == TOLD + 1 => note!("… and more"),
            _ => {}
        }
    }

    /// Counts those that were not told.
    pub(super) fn end(&self) {
        for (kind, Lines { count, first }) in &self.rest {
            note!("{} more rows {}: lines {}", grouped(*count), kind.describe(), lines(first, *count));
        }
    }
}

/// Lines by number.
pub(super) fn lines(first: &[u64], count: u64) -> String {
    let named: Vec<String> = first.iter().take(NAMED).map(ToString::to_string).collect();
    let more = if count > named.len() as u64 { ", …" } else { "" };
    format!("{}{more}", named.join(", "))
}

/// A place in a file.
pub(super) fn place(line: u64, column: Option<usize>) -> String {
    column.map_or_else(|| format!("line {line}"), |column| format!("line {line}, column {column}"))
}

fn tell(place: &str, what: &str) {
    // An error may quote the row.
    note!("{place}: {}", safe(&masked(what)));
}
