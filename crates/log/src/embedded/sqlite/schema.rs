//! The file: how it is opened, what is in it, and which files are refused.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::LogError;

/// Marks a SQLite file as ours: `WBLG`.
const APPLICATION_ID: i32 = 0x5742_4c47;
/// The version of the schema below.
pub(super) const VERSION: i32 = 1;
/// A connection that finds the file locked looks again so often...
const BUSY_PAUSE: Duration = Duration::from_millis(1);
/// ...and gives up after so many times. No writer holds it for longer than 50 ms.
const BUSY_TIMES: i32 = 10_000;

const SCHEMA: &str = r#"
CREATE TABLE topics (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- differs when a topic is deleted and made again
    incarnation TEXT NOT NULL,
    partitions INTEGER NOT NULL,
    -- delete or compact
    cleanup TEXT NOT NULL,
    -- how long records (delete) or tombstones (compact) stay; NULL is for ever
    retention_ms INTEGER,
    -- create or append
    timestamps TEXT NOT NULL,
    max_record_bytes INTEGER NOT NULL
) STRICT;
CREATE TABLE partitions (
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    -- the first offset that was not removed by age
    beginning INTEGER NOT NULL DEFAULT 0,
    -- the offset that the next record gets
    "end" INTEGER NOT NULL DEFAULT 0,
    -- the newest timestamp, Unix milliseconds
    newest INTEGER NOT NULL DEFAULT -9223372036854775808,
    -- records before this offset have been compacted
    compacted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
) STRICT, WITHOUT ROWID;
CREATE TABLE records (
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    -- Unix milliseconds
    timestamp INTEGER NOT NULL,
    key BLOB,
    -- NULL is a tombstone
    value BLOB,
    -- a line each, `name: value`, with %XX for what is not text
    headers TEXT,
    PRIMARY KEY (topic, partition, offset)
) STRICT, WITHOUT ROWID;
CREATE TABLE positions (
    "group" TEXT NOT NULL,
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    -- the offset that is read next
    offset INTEGER NOT NULL,
    PRIMARY KEY ("group", topic, partition)
) STRICT, WITHOUT ROWID;
-- the newest record of each key in the compacted part of a topic
CREATE TABLE newest (
    topic INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    key BLOB NOT NULL,
    offset INTEGER NOT NULL,
    -- when it is a tombstone: its timestamp
    tombstone INTEGER,
    PRIMARY KEY (topic, partition, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones ON newest (topic, partition, tombstone) WHERE tombstone IS NOT NULL;
"#;

/// A connection that writes, to a file that is made when it is not there.
pub(super) fn open(path: &Path) -> Result<Connection, LogError> {
    let fresh = || -> rusqlite::Result<Connection> {
        let connection = Connection::open(path)?;
        connection.busy_handler(Some(look_again))?;
        Ok(connection)
    };
    let connection = fresh().map_err(|error| explain(path, &error))?;
    check(path, &connection)?;
    let prepare = || -> rusqlite::Result<()> {
        // Pages of 16 KiB hold some 25 usual records: a third faster in and twice as fast out as the default's 6.
        connection.execute_batch("PRAGMA page_size = 16384")?;
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        tune(&connection)?;
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000;")?;
        create(&connection)
    };
    prepare().map_err(|error| explain(path, &error))?;
    Ok(connection)
}

/// A connection that reads.
pub(super) fn connect(path: &Path) -> Result<Connection, LogError> {
    let open = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_handler(Some(look_again))?;
        tune(&connection)?;
        connection.execute_batch("PRAGMA query_only = ON")?;
        Ok(connection)
    };
    open().map_err(|error| explain(path, &error))
}

fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(32);
    connection.execute_batch("PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY;")
}

fn look_again(times: i32) -> bool {
    std::thread::sleep(BUSY_PAUSE);
    times < BUSY_TIMES
}

/// Refuses what is not ours or of a later version.
fn check(path: &Path, connection: &Connection) -> Result<(), LogError> {
    let pragma = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i32>(0));
    let ask = || -> rusqlite::Result<(i32, i32, i32)> {
        let tables = pragma("SELECT count(*) FROM sqlite_schema")?;
        Ok((tables, pragma("PRAGMA application_id")?, pragma("PRAGMA user_version")?))
    };
    let (tables, id, version) = ask().map_err(|error| explain(path, &error))?;
    let path = path.display();
    if tables > 0 && id != APPLICATION_ID {
        return Err(LogError::Fatal(format!(
            "{path} is a SQLite database, but not a log of winback: name another file"
        )));
    }
    if version > VERSION {
        return Err(LogError::Fatal(format!(
            "{path} was written by a newer winback (schema {version}, this one reads up to {VERSION}): use that one"
        )));
    }
    Ok(())
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let make = || -> rusqlite::Result<()> {
        let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version == 0 {
            connection.execute_batch(SCHEMA)?;
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            connection.pragma_update(None, "user_version", VERSION)?;
        }
        connection.execute_batch("COMMIT")
    };
    let made = make();
    if made.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    made
}

/// The error as a person needs it.
pub(super) fn explain(path: &Path, error: &rusqlite::Error) -> LogError {
    let log = format!("sqlite:{}", path.display());
    let away = |hint: &str| LogError::Away { log: log.clone(), why: format!("{error}: {hint}") };
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => LogError::Fatal(format!(
            "{} is not a log of winback, nor any database: name another file",
            path.display()
        )),
        Some(ErrorCode::DatabaseCorrupt) => {
            LogError::Fatal(format!("{} is damaged ({error}): restore it from a copy", path.display()))
        }
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
