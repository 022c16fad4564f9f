//! An account that is in a file more than once: one row of all, or none.

use serde_json::{Map, Value};

use crate::error::RowError;
use crate::lists;
use crate::named::{Joined, marked};
use crate::row::Read;
use crate::stated::Statement;

/// One row of all rows of an account, under winback's names. Lists are joined, and what forbids holds.
///
/// # Errors
/// Names the column in which two of them say different things.
pub fn joined(rows: impl IntoIterator<Item = Read>) -> Result<Vec<u8>, RowError> {
    let mut all = Joined::default();
    let mut gone = None;
    for row in rows {
        let is_gone = matches!(row.statement, Ok(Statement::Gone(_)));
        if *gone.get_or_insert(is_gone) != is_gone {
            return Err(RowError::Twice { field: "deleted".to_owned(), other: "deleted".to_owned() });
        }
        for (column, value) in peopled(row.columns) {
            all.put(&column, value)?;
        }
    }
    Ok(marked(&all.row()))
}

/// The row with its role and opt-out at the people whom they are about.
fn peopled(mut row: Map<String, Value>) -> Map<String, Value> {
    let about: Vec<(&str, Value)> =
        ["role", "opted_out"].into_iter().filter_map(|field| Some((field, row.remove(field)?))).collect();
    if about.is_empty() {
        return row;
    }
    let person = |email: &str| {
        let mut person = Map::from_iter([("email".to_owned(), Value::from(email))]);
        person.extend(about.iter().map(|(field, value)| ((*field).to_owned(), value.clone())));
        Value::Object(person)
    };
    let people: Vec<Value> = match row.remove("contacts") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => lists::parts(&text).map(person).collect(),
        Some(Value::Array(items)) => {
            items.into_iter().map(|item| item.as_str().map_or_else(|| item.clone(), person)).collect()
        }
        Some(other) => vec![other],
    };
    row.insert("contacts".to_owned(), Value::Array(people));
    row
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

    use winback_core::account::Account;

    use super::*;
    use crate::{Row, RowRules, read_row};

    fn read(rows: &[&str]) -> Result<Account, RowError> {
        let now = winback_core::time::Time::from_millis(1_796_083_200_000);
        let rows = rows.iter().map(|row| RowRules::default().read(row.as_bytes(), now));
        match read_row(&joined(rows)?, 1).unwrap() {
            Row::Put(account, _) => Ok(*account),
            Row::Gone(id) => panic!("{id}"),
        }
    }

    #[test]
    fn a_row_a_contact_becomes_one_account_with_all_of_them() {
        let both = read(&[
            r#"{"account_id":"a","churned_at":"2026-02-10","reason":"unknown","email":"mira@a.example","opted_out":"true","role":"CTO"}"#,
            r#"{"account_id":"a","Churn Date":"2026-02-10","reason":"unknown","email":"kim@a.example","opted_out":"false","arr":"9000"}"#,
        ])
        .unwrap();
        let people: Vec<_> =
            both.contacts.iter().map(|contact| (contact.role.as_str(), contact.opted_out)).collect();
        assert_eq!(people, [("CTO", true), ("", false)]);
        assert_eq!(both.arr_usd, 9_000);
    }

    #[test]
    fn what_forbids_in_one_row_forbids_and_what_differs_is_refused() {
        let row = |more: &str| {
            format!(r#"{{"account_id":"a","churned_at":"2026-02-10","reason":"unknown"{more}}}"#)
        };
        let (no, yes) = (row(r#","do_not_contact":false"#), row(r#","do_not_contact":true"#));
        assert!(read(&[&yes, &no]).unwrap().do_not_contact && read(&[&no, &yes]).unwrap().do_not_contact);
        let error = read(&[&row(r#","arr_usd":5000"#), &row(r#","arr_usd":6000"#)]).unwrap_err();
        assert_eq!(error.field(), Some("arr_usd"));
        let gone = r#"{"account_id":"a","deleted":true}"#;
        assert_eq!(read(&[&row(r#","deleted":"no""#), &row("")]).unwrap().id.as_str(), "a");
        let rows = [gone, &row("")].map(|row| {
            RowRules::default().read(row.as_bytes(), winback_core::time::Time::from_millis(1_796_083_200_000))
        });
        assert!(joined(rows).is_err(), "gone and there");
    }
}
