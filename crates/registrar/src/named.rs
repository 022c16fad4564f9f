//! A row under winback's own names of columns, whatever its source calls them.

use std::collections::HashMap;

use serde_json::{Map, Value};
use winback_core::privacy::masked;
use winback_core::text::nearest;

use crate::columns::{Column, plain};
use crate::error::RowError;
use crate::lists;
use crate::mapping::Mapping;
use crate::prohibition::{Said, forbids, may_forbid};
use crate::reasons::sentence;

/// Debezium's word for a large value that a change left as it was.
const UNAVAILABLE: &str = "__debezium_unavailable_value";
/// The mark of a row that is written under winback's own names.
const MARK: &str = "_winback_columns";

/// The names under which columns are found.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    known: HashMap<String, (Column, Rank)>,
    ignored: Vec<(String, bool)>,
    reasons: HashMap<String, String>,
    /// True where nothing but winback's own names is read.
    is_plain: bool,
}

/// The right of a name to its column; the least wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// The config's or a preset's.
    Mapped,
    /// Winback's own.
    Own,
    /// Another one.
    Also,
}

enum Place {
    Of(Column, Rank),
    Ignored,
    Unknown,
}

/// A column that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownColumn {
    /// Its name.
    pub name: String,
    /// The known one that is nearest, as a hint.
    pub nearest: String,
    /// True if its name and value may forbid something.
    pub forbids: bool,
}

/// A row under winback's names.
pub(crate) struct Named {
    pub(crate) row: Map<String, Value>,
    pub(crate) unknown: Vec<UnknownColumn>,
    /// The name of each column as the row has it.
    written: Vec<(Column, String, Rank)>,
    changed: bool,
}

impl Names {
    /// Of a mapping.
    pub(crate) fn new(mapping: &Mapping) -> Self {
        let mut known = HashMap::new();
        for (column, name) in mapping.names() {
            known.entry(name).or_insert((column, Rank::Mapped));
        }
        let ignored = mapping.ignored();
        let is_ignored = |name: &str| ignored.iter().any(|(own, open)| !open && own == name);
        for column in Column::ALL {
            let own = [(plain(column.as_str()), Rank::Own)].into_iter();
            let also = column.also().iter().map(|name| (plain(name), Rank::Also));
            for (name, rank) in own.chain(also).filter(|(name, _)| !is_ignored(name)) {
                known.entry(name).or_insert((*column, rank));
            }
        }
        let reasons = mapping.reasons.iter().map(|(word, reason)| (plain(word), reason.clone())).collect();
        Self { known, ignored, reasons, is_plain: *mapping == Mapping::default() }
    }

    fn place(&self, key: &str) -> Place {
        match key {
            "__deleted" => return Place::Of(Column::Deleted, Rank::Own),
            key if key.starts_with("__") || key == "_envelope" || key == MARK => return Place::Ignored,
            _ => {}
        }
        let name = plain(key);
        if let Some((column, rank)) = self.known.get(&name) {
            return Place::Of(*column, *rank);
        }
        let is = |(own, open): &(String, bool)| match open {
            // What may forbid is ignored by its own name only.
            true => name.starts_with(own.as_str()) && !may_forbid(&name),
            false => *own == name,
        };
        if self.ignored.iter().any(is) { Place::Ignored } else { Place::Unknown }
    }

    /// The row under winback's names.
    pub(crate) fn read(&self, map: Map<String, Value>) -> Result<Named, RowError> {
        if map.contains_key(MARK) && !self.is_plain {
            return Self::new(&Mapping::default()).read(map);
        }
        let mut named = Named::empty();
        if map.get("__op").and_then(Value::as_str) == Some("d") {
            named.put(Column::Deleted, Rank::Own, "__op", true.into())?;
        }
        for (key, value) in map {
            if is_unavailable(&value) {
                named.changed = true;
                continue;
            }
            match self.place(&key) {
                Place::Of(column, rank) => named.put(column, rank, &key, self.value(column, value))?,
                Place::Ignored => named.changed = true,
                Place::Unknown => {
                    named.unknown.push(unknown(&key, &value));
                    named.changed = true;
                }
            }
        }
        Ok(named)
    }

    /// The value as the column has it: a reason in winback's words, a list that is written as a text.
    fn value(&self, column: Column, value: Value) -> Value {
        let Some(text) = value.as_str() else { return value };
        match column {
            Column::Reason => {
                self.reasons.get(&plain(text)).map_or(value, |reason| Value::from(reason.as_str()))
            }
            column if column.is_list() => lists::of_text(text).unwrap_or(value),
            _ => value,
        }
    }
}

fn is_unavailable(value: &Value) -> bool {
    match value {
        Value::String(text) => text == UNAVAILABLE,
        Value::Array(items) => !items.is_empty() && items.iter().all(is_unavailable),
        Value::Object(fields) => fields.contains_key(UNAVAILABLE),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn unknown(key: &str, value: &Value) -> UnknownColumn {
    let own = Column::ALL
        .iter()
        .flat_map(|column| [column.as_str()].into_iter().chain(column.also().iter().copied()));
    // A short name is near to everything.
    let known: Vec<&str> = own.filter(|name| name.len() > 3).collect();
    let hint = nearest(&key.trim().to_lowercase().replace([' ', '-'], "_"), &known);
    // The whole list helps nobody.
    let nearest = if hint.contains('?') { hint } else { String::new() };
    UnknownColumn { name: masked(key).into_owned(), nearest, forbids: forbids(&plain(key), value) }
}

impl UnknownColumn {
    /// The reason not to take its row.
    pub(crate) fn refusal(&self) -> RowError {
        RowError::Unknown { name: self.name.clone(), nearest: sentence(&self.nearest) }
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// The result of two columns of one meaning.
enum Both {
    /// The first holds.
    Keep,
    /// The second holds.
    Take,
    /// Both are one list.
    Join,
    /// They say different things.
    Differ,
}

impl Both {
    fn of(column: Column, first: (&Value, Rank), second: (&Value, Rank)) -> Self {
        let ((there, own), (value, rank)) = (first, second);
        let (own_said, said) = (Said::of(there), Said::of(value));
        let are_flags = own_said != Said::Other && said != Said::Other;
        let ranked = column == Column::AccountId || own == Rank::Mapped || rank == Rank::Mapped;
        let takes = if is_empty(value) || there == value {
            false
        } else if is_empty(there) {
            true
        } else if column.is_list() {
            return Self::Join;
        } else if column.is_flag_that_forbids() && are_flags {
            said == Said::Yes
        } else if ranked && own != rank {
            rank < own
        } else {
            return Self::Differ;
        };
        if takes { Self::Take } else { Self::Keep }
    }
}

impl Named {
    fn empty() -> Self {
        Self { row: Map::new(), unknown: Vec::new(), written: Vec::new(), changed: false }
    }

    fn put(&mut self, column: Column, rank: Rank, key: &str, value: Value) -> Result<(), RowError> {
        self.changed |= key != column.as_str();
        let Some(at) = self.written.iter().position(|(own, ..)| *own == column) else {
            self.written.push((column, key.to_owned(), rank));
            self.row.insert(column.as_str().to_owned(), value);
            return Ok(());
        };
        self.changed = true;
        let own = self.written[at].2;
        let Some(there) = self.row.get_mut(column.as_str()) else { return Ok(()) };
        match Both::of(column, (there, own), (&value, rank)) {
            Both::Keep => {}
            Both::Join => *there = lists::joined(there.take(), value),
            Both::Take => {
                *there = value;
                self.written[at] = (column, key.to_owned(), rank);
            }
            Both::Differ => {
                let field = self.written[at].1.clone();
                return Err(RowError::Twice { field, other: key.to_owned() });
            }
        }
        Ok(())
    }

    /// The name of a column as the row has it.
    pub(crate) fn name_of(&self, column: &str) -> Option<String> {
        let found = self.written.iter().find(|(own, ..)| own.as_str() == column);
        found.map(|(_, name, _)| name.clone())
    }

    /// The row as it is written under winback's names; `None` where it is so already.
    pub(crate) fn canonical(&self) -> Option<Vec<u8>> {
        self.changed.then(|| marked(&self.row))
    }
}

/// Several rows of an account, put together.
#[derive(Default)]
pub(crate) struct Joined(Option<Named>);

impl Joined {
    /// Takes a column of the next row, by winback's name.
    pub(crate) fn put(&mut self, column: &str, value: Value) -> Result<(), RowError> {
        let Some(column) = Column::parse(column) else { return Ok(()) };
        let all = self.0.get_or_insert_with(Named::empty);
        all.put(column, Rank::Own, column.as_str(), value)
    }

    pub(crate) fn row(self) -> Map<String, Value> {
        self.0.map(|all| all.row).unwrap_or_default()
    }
}

/// A row under winback's names, as it is written.
pub(crate) fn marked(row: &Map<String, Value>) -> Vec<u8> {
    let mut row = row.clone();
    row.insert(MARK.to_owned(), 1.into());
    Value::Object(row).to_string().into_bytes()
}
