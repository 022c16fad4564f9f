//! Failures of SQLite as a person needs them, and files that do not hold what was written.

use std::path::Path;

use rusqlite::types::Type;
use rusqlite::{Connection, Error, ErrorCode};
use winback_log::LogError;

/// Topics and partitions that do not fit together, and records outside their partition's bounds: these numbers have no
/// checksum.
const OUTSIDE: &str = r#"SELECT name || '/' || partition FROM partitions JOIN topics ON topics.id = topic
    WHERE EXISTS (SELECT 1 FROM records AS r WHERE r.topic = partitions.topic AND r.partition = partitions.partition
        AND r.offset >= "end")
    OR EXISTS (SELECT 1 FROM records AS r WHERE r.topic = partitions.topic AND r.partition = partitions.partition
        AND r.offset < beginning)
    UNION ALL SELECT name || ', with other partitions than it has' FROM topics
    WHERE partitions <> (SELECT count(*) FROM partitions AS p WHERE p.topic = topics.id)
    UNION ALL SELECT 'a topic that is not there' FROM partitions WHERE topic NOT IN (SELECT id FROM topics) LIMIT 1"#;

/// An error for what a statement found and cannot be.
pub(super) fn damaged(why: String) -> Error {
    Error::FromSqlConversionFailure(0, Type::Null, why.into())
}

/// The tables that are small, and name what is in the large ones.
const SMALL: [&str; 3] = ["topics", "partitions", "positions"];

/// Looks whether the small tables are whole, and each partition's records within its bounds: with a few look-ups.
pub(super) fn check_tables(connection: &Connection) -> rusqlite::Result<()> {
    for table in SMALL {
        check(connection, &format!("PRAGMA integrity_check({table})"))?;
    }
    let mut statement = connection.prepare(OUTSIDE)?;
    let mut outside = statement.query([])?;
    match outside.next()? {
        None => Ok(()),
        Some(row) => {
            Err(damaged(format!("what is stored of {} does not fit together", row.get::<_, String>(0)?)))
        }
    }
}

/// Reads every page and looks whether they fit together: a page that lost rows is seen by nothing else.
pub(super) fn check_pages(connection: &Connection) -> rusqlite::Result<()> {
    check(connection, "PRAGMA quick_check(1)")
}

fn check(connection: &Connection, pragma: &str) -> rusqlite::Result<()> {
    let found: String = connection.query_row(pragma, [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(damaged(found.replace('\n', "; "))) }
}

fn seen(error: &Error) -> String {
    match error {
        Error::FromSqlConversionFailure(_, _, why) => why.to_string(),
        other => other.to_string(),
    }
}

/// The error as a person needs it.
pub(super) fn explain(path: &Path, error: &Error) -> LogError {
    let log = format!("sqlite:{}", path.display());
    let away = |hint: &str| LogError::Unavailable { log: log.clone(), why: format!("{error}: {hint}") };
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => LogError::Fatal(format!(
            "{} is not a log of winback, nor any database: name another file, or restore it if it was one",
            path.display()
        )),
        _ if is_damage(error) => LogError::Damaged { log, why: seen(error) },
        Some(ErrorCode::CannotOpen) => {
            away("the file's folder must be there, and both be readable and writable")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            away("winback must be allowed to write the file and in its folder")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            away("another program holds the file in a long transaction: end it")
        }
        Some(ErrorCode::DiskFull) => away("make room on the disk"),
        _ => away("look at the disk and the file"),
    }
}

/// Whether the error says that the file does not hold what was written. The tables are strict and the statements fixed, so
/// that values of another type, rows that are missing and statements that fail say so, too.
pub(super) fn is_damage(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(failure, _) => matches!(
            failure.code,
            ErrorCode::DatabaseCorrupt
                | ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::TooBig
                | ErrorCode::Unknown
        ),
        Error::SqlInputError { .. } | Error::QueryReturnedNoRows => true,
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => true,
        _ => false,
    }
}
