//! Columns of a file that nobody knows: named once, with the nearest that is known.

use std::collections::BTreeMap;

use winback_core::privacy::masked;
use winback_registrar::UnknownColumn;

use winback_terminal::safe;
use winback_terminal::{counted, note};

/// Columns that are named of many.
const NAMED: usize = 40;

/// Unknown columns, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown(BTreeMap<String, Seen>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    line: u64,
    rows: u64,
    nearest: String,
    /// Rows whose value may forbid.
    forbids: u64,
}

impl Unknown {
    /// Takes those of a row.
    pub(super) fn take(&mut self, line: u64, columns: Vec<UnknownColumn>) {
        for UnknownColumn { name, nearest, forbids } in columns {
            let seen = self.0.entry(name).or_insert(Seen { line, rows: 0, nearest, forbids: 0 });
            seen.rows += 1;
            seen.forbids += u64::from(forbids);
        }
    }

    /// True if all columns are known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names.
    pub fn names(&self) -> Vec<String> {
        self.0.keys().map(|name| safe(&masked(name))).collect()
    }

    /// Names them; `ignored` says what becomes of them.
    pub fn tell(&self, ignored: bool) {
        let becomes = if ignored { "is ignored" } else { "is not known" };
        for (name, seen) in self.0.iter().take(NAMED) {
            let name = safe(&masked(name));
            let looks = match seen.forbids {
                0 => String::new(),
                rows => format!(
                    "; it looks like a prohibition, and {} would not be kept out by it",
                    counted(rows, "account")
                ),
            };
            note!("line {}: the column `{name}` {becomes}{}{looks}", seen.line, seen.nearest);
        }
        if self.0.len() > NAMED {
            note!("… and {} more columns", self.0.len() - NAMED);
        }
    }
}
