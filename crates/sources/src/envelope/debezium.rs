//! Debezium's change events: `{before, after, op, source, ts_ms}`, bare or as the `payload` beside its `schema`; and rows
//! that its transform unwrapped, with `__op` or `__deleted` among their columns.
//!
//! When the connector read the change (`ts_ms` beside `op`) differs each time that it reads it; when the database made it
//! (`source.ts_ms`) does not.

use std::borrow::Cow;

use memchr::memmem;

use super::{Members, Opened, quoted, refused, with_envelope};
use crate::element::{DropReason, Refusal};

/// The value of a column that did not change and that the database did not send, as text and as bytes in base64.
const UNAVAILABLE: [&str; 2] = ["__debezium_unavailable_value", "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="];

/// The change of a row, with each side as it is written.
pub(crate) enum Change {
    /// It is so now, with what the envelope says of it.
    Row(String),
    /// It was deleted; what is known of how it was.
    Deleted(Option<String>),
    /// Nothing happened to a row: the table was emptied, a message was logged, a heartbeat came.
    Other,
}

/// The same, with what tells a change from a copy.
enum Read {
    Row(Row),
    Deleted(Option<String>),
    Other,
}

/// A row as it is now.
struct Row {
    text: String,
    /// It was there before anybody read changes.
    is_snapshot: bool,
    /// The database's time of the change, in milliseconds.
    at: Option<i64>,
}

pub(super) fn open(text: &str) -> Result<Opened<'static>, Refusal> {
    match change_with(text, Unavailable::Removed)? {
        Read::Row(Row { text, is_snapshot: true, at }) => Ok(Opened::Snapshot { text, at }),
        Read::Row(Row { text, .. }) => Ok(Opened::One(Cow::Owned(text))),
        Read::Deleted(_) => Err(DropReason::Deleted.into()),
        Read::Other => Err(DropReason::NotInterest.into()),
    }
}

/// The change in a change event of the list of accounts. A column that did not change and that nobody knows keeps its
/// placeholder.
pub(crate) fn change(text: &str) -> Result<Change, Refusal> {
    Ok(match change_with(text, Unavailable::Kept)? {
        Read::Row(row) => Change::Row(row.text),
        Read::Deleted(before) => Change::Deleted(before),
        Read::Other => Change::Other,
    })
}

/// The treatment of a column that did not change and that the row before does not tell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unavailable {
    Kept,
    Removed,
}

fn change_with(text: &str, unavailable: Unavailable) -> Result<Read, Refusal> {
    let outer = Members::of(text)?;
    let wrapped = outer.0.iter().any(|(name, _)| name == "schema") && outer.raw("op").is_none();
    let inner: Cow<'_, str> = match outer.0.iter().find(|(name, _)| wrapped && name == "payload") {
        Some((_, payload)) if payload == "null" => return Err(DropReason::Empty.into()),
        Some((_, payload)) => payload.clone(),
        None => Cow::Borrowed(text),
    };
    let members = Members::of(&inner)?;
    let Some(op) = members.text("op") else { return without_op(&members, &inner, unavailable) };
    let Some(kind) = Op::of(&op) else {
        return Err(refused(&format!("`op` is {}, which Debezium does not have", crate::text::quoted(&op))));
    };
    match kind {
        Op::Changed | Op::Snapshot => {
            let after = members.raw("after").ok_or_else(|| refused("the change has no row in `after`"))?;
            let source = members.raw("source").map(Members::of).transpose()?;
            let of_source =
                |name: &str| source.as_ref().and_then(|source| source.raw(name)).map(str::to_owned);
            let said = Said {
                op: &op,
                time: of_source("ts_ms"),
                table: of_source("table"),
                database: of_source("db"),
                before: members.raw("before"),
            };
            row(after, &said, kind, unavailable).map(Read::Row)
        }
        Op::Deleted => Ok(Read::Deleted(members.raw("before").map(str::to_owned))),
        Op::Other => Ok(Read::Other),
    }
}

/// A row that the connector's transform unwrapped; or what Debezium says about itself: heartbeats, transactions, changes of
/// a table's columns.
fn without_op(members: &Members<'_>, row_text: &str, unavailable: Unavailable) -> Result<Read, Refusal> {
    let has = |name: &str| members.0.iter().any(|(own, _)| own == name);
    if members.0.iter().all(|(name, _)| name == "ts_ms") && !members.0.is_empty()
        || (has("ddl") && has("source"))
        || (has("status") && has("id") && has("event_count"))
    {
        return Ok(Read::Other);
    }
    if !has("__op") && !has("__deleted") {
        return Err(refused(
            "no change event of Debezium: it has no `op`; rows that its transform unwrapped need no envelope, or `__op`",
        ));
    }
    let op = members.text("__op").unwrap_or_else(|| "u".to_owned());
    let is_deleted = matches!(members.raw("__deleted"), Some("true" | "\"true\"" | "1"));
    match Op::of(&op) {
        _ if is_deleted => Ok(Read::Deleted(Some(row_text.to_owned()))),
        Some(Op::Deleted) => Ok(Read::Deleted(Some(row_text.to_owned()))),
        Some(Op::Other) => Ok(Read::Other),
        Some(kind) => {
            let first = |names: [&str; 2]| names.iter().find_map(|name| members.raw(name)).map(str::to_owned);
            let said = Said {
                op: &op,
                time: first(["__source_ts_ms", "__ts_ms"]),
                table: first(["__table", "__source_table"]),
                database: first(["__db", "__source_db"]),
                before: None,
            };
            row(row_text, &said, kind, unavailable).map(Read::Row)
        }
        None => {
            Err(refused(&format!("`__op` is {}, which Debezium does not have", crate::text::quoted(&op))))
        }
    }
}

/// The sort of a change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Op {
    Changed,
    Snapshot,
    Deleted,
    Other,
}

impl Op {
    fn of(text: &str) -> Option<Self> {
        match text {
            "c" | "u" => Some(Self::Changed),
            "r" => Some(Self::Snapshot),
            "d" => Some(Self::Deleted),
            "t" | "m" => Some(Self::Other),
            _ => None,
        }
    }
}

/// The words of an envelope about its row.
struct Said<'m> {
    op: &'m str,
    time: Option<String>,
    table: Option<String>,
    database: Option<String>,
    before: Option<&'m str>,
}

fn row(after: &str, said: &Said<'_>, kind: Op, unavailable: Unavailable) -> Result<Row, Refusal> {
    let whole = whole(after, said.before, unavailable)?;
    let (after, unchanged) = match &whole {
        Some((row, names)) => (row.as_str(), Some(names.as_str())),
        None => (after, None),
    };
    let op = quoted(said.op);
    let all = [
        ("op", Some(op.as_str())),
        ("time", said.time.as_deref()),
        ("table", said.table.as_deref()),
        ("db", said.database.as_deref()),
        ("before", said.before),
        ("unchanged", unchanged),
    ];
    let fields: Vec<_> = all.iter().filter_map(|(name, value)| value.map(|value| (*name, value))).collect();
    let at = said.time.as_deref().and_then(|time| time.trim_matches('"').parse().ok());
    Ok(Row { text: with_envelope(&fields, after), is_snapshot: kind == Op::Snapshot, at })
}

/// The row with the values that the database did not send, as far as the row before tells them, and the names of their
/// columns as a list; `None` where it sent all.
fn whole(
    after: &str,
    before: Option<&str>,
    unavailable: Unavailable,
) -> Result<Option<(String, String)>, Refusal> {
    if !UNAVAILABLE.iter().any(|mark| memmem::find(after.as_bytes(), mark.as_bytes()).is_some()) {
        return Ok(None);
    }
    let before = before.map(Members::of).transpose()?;
    let known =
        |name: &str| before.as_ref().and_then(|before| before.raw(name)).filter(|raw| !is_unavailable(raw));
    let (mut columns, mut names) = (Vec::new(), Vec::new());
    for (name, raw) in &Members::of(after)?.0 {
        let value = match is_unavailable(raw) {
            false => Some(raw.as_ref()),
            true => {
                names.push(quoted(name));
                known(name).or_else(|| (unavailable == Unavailable::Kept).then_some(raw.as_ref()))
            }
        };
        columns.extend(value.map(|value| format!("{}:{value}", quoted(name))));
    }
    let (columns, names) = (format!("{{{}}}", columns.join(",")), format!("[{}]", names.join(",")));
    Ok((names != "[]").then_some((columns, names)))
}

/// True if the value is the placeholder, alone or within a list or a map of which it is all.
fn is_unavailable(raw: &str) -> bool {
    let inner = raw.trim_matches(|c: char| matches!(c, '[' | ']' | '{' | '}' | '"') || c.is_whitespace());
    let first = inner.split('"').next().unwrap_or_default();
    UNAVAILABLE.contains(&first) && !raw.contains(',')
}
