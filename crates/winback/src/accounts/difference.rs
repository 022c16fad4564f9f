//! The changes between a list and the list that replaces it.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use prost::Message as _;
use winback_core::account::Account;
use winback_proto::{account, v1};
use winback_registrar::Row;

/// A short digest of an account's row, without its time: a list can be long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print(u64);

impl Print {
    /// Of an account in the list.
    pub fn of_wire(mut wire: v1::Account) -> Self {
        wire.version = 0;
        let mut hasher = DefaultHasher::new();
        wire.encode_to_vec().hash(&mut hasher);
        Self(hasher.finish())
    }

    /// Of a row.
    pub fn of(row: &Account) -> Self {
        Self::of_wire(account::to_wire(row))
    }
}

/// The accounts that would change, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Not in the list before.
    pub added: BTreeSet<String>,
    /// In both, and different.
    pub changed: BTreeSet<String>,
    /// No longer in the list.
    pub removed: BTreeSet<String>,
}

/// The list after a row.
pub fn apply(list: &mut BTreeMap<String, Print>, row: &Row) {
    match row {
        Row::Put(account, _) => list.insert(account.id.to_string(), Print::of(account)),
        Row::Gone(id) => list.remove(id.as_str()),
    };
}

/// The changes from one list to the other.
pub fn difference(before: &BTreeMap<String, Print>, after: &BTreeMap<String, Print>) -> Difference {
    let mut difference = Difference::default();
    for (id, print) in after {
        match before.get(id) {
            None => difference.added.insert(id.clone()),
            Some(was) if was != print => difference.changed.insert(id.clone()),
            Some(_) => continue,
        };
    }
    difference.removed = before.keys().filter(|id| !after.contains_key(*id)).cloned().collect();
    difference
}

#[cfg(test)]
mod tests {
    use winback_registrar::read_row;

    use super::*;

    fn row(id: &str, name: &str) -> Row {
        let json = format!(
            r#"{{"account_id":"{id}","name":"{name}","churned_at":"2026-01-31","reason":"unknown"}}"#
        );
        read_row(json.as_bytes(), 0).unwrap()
    }

    #[test]
    fn a_replacing_list_adds_changes_and_removes() {
        let print = |id: &str, name: &str| match row(id, name) {
            Row::Put(account, _) => {
                (id.to_owned(), Print::of_wire(v1::Account { version: 77, ..account::to_wire(&account) }))
            }
            Row::Gone(_) => panic!(),
        };
        let before = BTreeMap::from([
            print("same", "S"),
            print("changed", "C"),
            print("removed", "R"),
            print("gone", "G"),
        ]);
        let rows = [
            row("same", "S"),
            row("changed", "C2"),
            row("added", "A"),
            row("gone", "G"),
            Row::Gone("gone".into()),
        ];
        let mut after = BTreeMap::new();
        rows.iter().for_each(|row| apply(&mut after, row));
        let difference = difference(&before, &after);
        let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        let expected = Difference {
            added: set(&["added"]),
            changed: set(&["changed"]),
            removed: set(&["gone", "removed"]),
        };
        assert_eq!(difference, expected);
    }
}
