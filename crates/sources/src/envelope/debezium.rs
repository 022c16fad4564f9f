//! Debezium's change events: `{before, after, op, source, ts_ms}`, bare or as the `payload` beside its `schema`.
//!
//! When the connector read the change (`ts_ms` beside `op`) differs each time that it reads it; when the database made it
//! (`source.ts_ms`) does not.

use std::borrow::Cow;

use super::{Members, refused, with_envelope};
use crate::element::{DropReason, Refusal};

/// The change of a row, with each side as it is written.
pub(crate) enum Change {
    /// It is so now, with what the envelope says of it.
    Row(String),
    /// It was deleted; what is known of how it was.
    Deleted(Option<String>),
    /// Nothing happened to a row: the table was emptied, or a message was logged.
    Other,
}

pub(super) fn open(text: &str) -> Result<String, Refusal> {
    match change(text)? {
        Change::Row(row) => Ok(row),
        Change::Deleted(_) => Err(DropReason::Deleted.into()),
        Change::Other => Err(DropReason::NotInterest.into()),
    }
}

/// The change in a change event.
pub(crate) fn change(text: &str) -> Result<Change, Refusal> {
    let outer = Members::of(text)?;
    let wrapped = outer.0.iter().any(|(name, _)| name == "schema") && outer.raw("op").is_none();
    let inner: Cow<'_, str> = match outer.0.iter().find(|(name, _)| wrapped && name == "payload") {
        Some((_, payload)) if payload == "null" => return Err(DropReason::Empty.into()),
        Some((_, payload)) => payload.clone(),
        None => Cow::Borrowed(text),
    };
    let members = Members::of(&inner)?;
    let op = members.text("op").ok_or_else(|| {
        refused(
            "no change event of Debezium: it has no `op`; rows that its transform unwrapped need no envelope",
        )
    })?;
    match op.as_str() {
        "c" | "u" | "r" => row(&members, &op).map(Change::Row),
        "d" => Ok(Change::Deleted(members.raw("before").map(str::to_owned))),
        "t" | "m" => Ok(Change::Other),
        other => {
            Err(refused(&format!("`op` is {}, which Debezium does not have", crate::text::quoted(other))))
        }
    }
}

fn row(members: &Members<'_>, op: &str) -> Result<String, Refusal> {
    let after = members.raw("after").ok_or_else(|| refused("the change has no row in `after`"))?;
    let source = members.raw("source").map(Members::of).transpose()?;
    let of_source = |name: &str| source.as_ref().and_then(|source| source.raw(name)).map(str::to_owned);
    let (op, at) = (super::quoted(op), of_source("ts_ms"));
    let (table, database) = (of_source("table"), of_source("db"));
    let all = [
        ("op", Some(op.as_str())),
        ("time", at.as_deref()),
        ("table", table.as_deref()),
        ("db", database.as_deref()),
        ("before", members.raw("before")),
    ];
    let fields: Vec<_> = all.iter().filter_map(|(name, value)| value.map(|value| (*name, value))).collect();
    Ok(with_envelope(&fields, after))
}
