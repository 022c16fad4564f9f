//! Records that somebody asked to be gone, and what is left of removed records in the file: pages are overwritten when they
//! are freed, the write-ahead log is emptied, and a file that was not always treated so is written anew.

use rusqlite::{Connection, params};
use winback_core::ids::Offset;

use crate::storage::Slot;

/// The number of records in a transaction, so that no lane waits long.
pub(super) const SLICE: usize = 200;

/// Removes these within the open transaction; how many there were.
pub(super) fn slice(connection: &Connection, slot: Slot, offsets: &[Offset]) -> rusqlite::Result<u64> {
    let mut gone = 0;
    for offset in offsets {
        let at = params![slot.topic, slot.partition.0, offset.0];
        gone += connection
            .prepare_cached("DELETE FROM records WHERE topic = ?1 AND partition = ?2 AND offset = ?3")?
            .execute(at)?;
        connection
            .prepare_cached("DELETE FROM newest WHERE topic = ?1 AND partition = ?2 AND offset = ?3")?
            .execute(at)?;
    }
    Ok(u64::try_from(gone).unwrap_or(u64::MAX))
}

/// A file up to this size is written anew in memory, a larger one beside the system's other temporary files.
const IN_MEMORY: i64 = 256 << 20;

/// Empties the write-ahead log into the file, where it kept what the pages were. False where a reader holds the log for
/// longer than the connection waits.
pub(super) fn empty_wal(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        .map(|busy| busy == 0)
}

/// Writes the file anew, without what lies in its free pages.
pub(super) fn rewrite(connection: &Connection) -> rusqlite::Result<()> {
    let size: i64 = connection.query_row(
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        [],
        |row| row.get(0),
    )?;
    if size > IN_MEMORY {
        connection.execute_batch("PRAGMA temp_store = FILE")?;
    }
    let written = connection.execute_batch("VACUUM");
    connection.execute_batch("PRAGMA temp_store = MEMORY")?;
    written
}
