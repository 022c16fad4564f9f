//! The changes between a list and the list that replaces it.

use std::collections::{BTreeMap, BTreeSet};

use winback_core::account::Account;
use winback_core::time::Time;
use winback_registrar::{Statement, prohibitions};

/// The accounts that would change, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Not in the list before.
    pub added: BTreeSet<String>,
    /// In both, and different.
    pub changed: BTreeSet<String>,
    /// No longer in the list.
    pub removed: BTreeSet<String>,
    /// Prohibitions that would be lifted, by account.
    pub lifted: BTreeMap<String, Vec<&'static str>>,
}

/// The list after a row.
pub fn apply(list: &mut BTreeMap<String, Account>, row: &Statement) {
    match row {
        Statement::Put(stated) => {
            let known = list.get(stated.id().as_str());
            if let Ok((account, _)) = stated.as_ref().clone().onto(known, 0) {
                list.insert(account.id.to_string(), account);
            }
        }
        Statement::Gone(id) => drop(list.remove(id.as_str())),
        Statement::Nothing => {}
    }
}

/// The changes of a list by the rows of a file that replaces it: a row changes what it states.
pub fn difference(
    before: &BTreeMap<String, Account>,
    rows: &BTreeMap<String, Statement>,
    now: Time,
) -> Difference {
    let mut difference = Difference::default();
    for (id, row) in rows {
        let Statement::Put(stated) = row else { continue };
        let known = before.get(id);
        let Ok((after, _)) = stated.as_ref().clone().onto(known, 0) else { continue };
        let Some(known) = known else {
            difference.added.insert(id.clone());
            continue;
        };
        if (Account { version: 0, ..known.clone() }) != after {
            difference.changed.insert(id.clone());
        }
        let left = prohibitions(&after, now);
        let lifted: Vec<_> =
            prohibitions(known, now).into_iter().filter(|column| !left.contains(column)).collect();
        if !lifted.is_empty() {
            difference.lifted.insert(id.clone(), lifted);
        }
    }
    let stays = |id: &str| matches!(rows.get(id), Some(Statement::Put(_)));
    for (id, known) in before.iter().filter(|(id, _)| !stays(id)) {
        difference.removed.insert(id.clone());
        let marks = prohibitions(known, now);
        if !marks.is_empty() {
            difference.lifted.insert(id.clone(), marks);
        }
    }
    difference
}

#[cfg(test)]
mod tests {
    use winback_registrar::RowRules;

    use super::*;

    const NOW: Time = Time::from_millis(1_796_083_200_000);

    fn row(id: &str, more: &str) -> Statement {
        let json = format!(r#"{{"account_id":"{id}","churned_at":"2026-01-31","reason":"unknown"{more}}}"#);
        RowRules::default().read(json.as_bytes(), NOW).statement.unwrap()
    }

    fn list(rows: &[Statement]) -> BTreeMap<String, Account> {
        let mut list = BTreeMap::new();
        rows.iter().for_each(|row| apply(&mut list, row));
        list
    }

    #[test]
    fn a_replacing_list_adds_changes_removes_and_says_what_it_lifts() {
        let no = r#","do_not_contact":true"#;
        let mut before = list(&[
            row("same", no),
            row("changed", r#","name":"C""#),
            row("lifted", no),
            row("removed", no),
            row("gone", ""),
        ]);
        before.values_mut().for_each(|account| account.version = 77);
        let rows = [
            ("same", row("same", "")),
            ("changed", row("changed", r#","name":"C2""#)),
            ("lifted", row("lifted", r#","do_not_contact":false"#)),
            ("added", row("added", "")),
            ("gone", Statement::Gone("gone".into())),
        ];
        let rows = rows.map(|(id, row)| (id.to_owned(), row)).into();
        let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        let expected = Difference {
            added: set(&["added"]),
            changed: set(&["changed", "lifted"]),
            removed: set(&["gone", "removed"]),
            lifted: ["lifted", "removed"].map(|id| (id.to_owned(), vec!["do_not_contact"])).into(),
        };
        assert_eq!(difference(&before, &rows, NOW), expected);
    }
}
