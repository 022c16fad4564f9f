//! The file: how it is opened, what is in it, and which files are refused.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use winback_log::LogError;

use super::damage::{self, explain};
use super::own;

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
    -- CRC-32 of all of the above; NULL where an older version wrote it
    checksum INTEGER,
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
INSERT INTO marks (name) VALUES ('overwrites');
"#;
/// What is known of the file itself. Older versions of this schema do not have it, and do not mind it.
const MARKS: &str = "CREATE TABLE IF NOT EXISTS marks (name TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID";
/// Pages have been overwritten since the file was made, or since it was written anew.
const OVERWRITES: &str = "overwrites";

/// A connection that writes, to a file that is made when it is not there.
pub(super) fn open(path: &Path) -> Result<Connection, LogError> {
    // Where it cannot be made SQLite says why.
    drop(own::make(path));
    let fresh = || -> rusqlite::Result<Connection> {
        let connection = Connection::open(path)?;
        wait_for_others(&connection)?;
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
        // What is removed is overwritten; FAST would leave it in free pages.
        connection.query_row("PRAGMA secure_delete = ON", [], |_| Ok(()))?;
        limit(&connection)?;
        create(&connection)?;
        damage::check_tables(&connection)
    };
    prepare().map_err(|error| explain(path, &error))?;
    Ok(connection)
}

/// As full as a test wants the disk to be.
fn limit(connection: &Connection) -> rusqlite::Result<()> {
    match winback_log::most_pages() {
        Some(pages) => connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())),
        None => Ok(()),
    }
}

/// A connection that reads.
pub(super) fn connect(path: &Path) -> Result<Connection, LogError> {
    let open = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        wait_for_others(&connection)?;
        tune(&connection)?;
        connection.execute_batch("PRAGMA query_only = ON")?;
        Ok(connection)
    };
    open().map_err(|error| explain(path, &error))
}

fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(32);
    connection
        .execute_batch("PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON;")
}

/// A connection that finds the file locked waits, as long as any writer may hold it.
pub(super) fn wait_for_others(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_handler(Some(look_again))
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
        connection.execute_batch(MARKS)?;
        if version == 0 {
            connection.execute_batch(SCHEMA)?;
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            connection.pragma_update(None, "user_version", VERSION)?;
        } else if !has_checksums(connection)? {
            connection.execute_batch("ALTER TABLE records ADD COLUMN checksum INTEGER")?;
        }
        connection.execute_batch("COMMIT")
    };
    let made = make();
    if made.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    made
}

fn has_checksums(connection: &Connection) -> rusqlite::Result<bool> {
    let columns = "SELECT count(*) FROM pragma_table_info('records') WHERE name = 'checksum'";
    connection.query_row(columns, [], |row| row.get(0))
}

/// True where pages may hold removed records: an older version did not overwrite them, or an erasure ran beside lanes.
pub(super) fn is_dirty(connection: &Connection) -> rusqlite::Result<bool> {
    let marks = "SELECT count(*) FROM marks WHERE name = ?1";
    connection.query_row(marks, [OVERWRITES], |row| row.get::<_, i64>(0)).map(|count| count == 0)
}

/// Notes that no page does.
pub(super) fn mark_clean(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("INSERT INTO marks (name) VALUES (?1) ON CONFLICT DO NOTHING", [OVERWRITES]).map(drop)
}

/// Notes that the file is to be written anew when lanes next start.
pub(super) fn mark_dirty(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM marks WHERE name = ?1", [OVERWRITES]).map(drop)
}
