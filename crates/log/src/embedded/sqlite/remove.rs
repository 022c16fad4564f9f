//! Records that somebody asked to be gone: removed one by one, and overwritten, so that nothing of them is left in the file.

use rusqlite::{Connection, params};
use winback_core::ids::Offset;

use crate::embedded::storage::Slot;

/// How many records go in one transaction, so that no lane waits long.
pub(super) const SLICE: usize = 200;

/// Removes these within the open transaction; how many there were. Their pages are overwritten with zeros.
pub(super) fn slice(connection: &Connection, slot: Slot, offsets: &[Offset]) -> rusqlite::Result<u64> {
    // It holds for the connection, and costs later deletions a little: that it is needed once says that it is wanted.
    connection.query_row("PRAGMA secure_delete = ON", [], |_| Ok(()))?;
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

/// Empties the write-ahead log into the file, where it kept what the pages were; `whole` writes the file anew, too, since
/// earlier compaction leaves what it removed in free pages. False where a reader holds the log.
pub(super) fn scrub(connection: &Connection, whole: bool) -> rusqlite::Result<bool> {
    if whole {
        connection.execute_batch("VACUUM")?;
    }
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
        .map(|busy| busy == 0)
}
