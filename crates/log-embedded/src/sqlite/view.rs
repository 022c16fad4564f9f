//! Reading through a connection of one's own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, params};
use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::{LogError, Record};

use super::checksum::Stored;
use super::damage::{self, damaged};
use super::headers;
use crate::storage::{Bounds, Limit, Slot, View, weight};

/// A file up to this size is checked, once a process, where records of a compacted topic are missing: a moment's reading.
const COMPACTED_UP_TO: u64 = 256 << 20;

pub(super) struct SqliteView {
    connection: Connection,
    path: PathBuf,
    /// The pages were checked by somebody.
    checked: Arc<AtomicBool>,
}

impl SqliteView {
    pub(super) const fn new(connection: Connection, path: PathBuf, checked: Arc<AtomicBool>) -> Self {
        Self { connection, path, checked }
    }

    fn ask<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LogError> {
        ask(&self.connection).map_err(|error| damage::explain(&self.path, &error))
    }
}

impl View for SqliteView {
    fn version(&mut self) -> Result<i64, LogError> {
        self.ask(|connection| {
            connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
        })
    }

    fn bounds(&mut self, slot: Slot) -> Result<Bounds, LogError> {
        self.ask(|connection| {
            connection
                .prepare_cached(
                    r#"SELECT beginning, "end" FROM partitions WHERE topic = ?1 AND partition = ?2"#,
                )?
                .query_row(params![slot.topic, slot.partition.0], |row| {
                    let (beginning, end): (i64, i64) = (row.get(0)?, row.get(1)?);
                    if !(0..=end).contains(&beginning) {
                        return Err(damaged(format!("a partition goes from {beginning} to {end}")));
                    }
                    Ok(Bounds { beginning: Offset(beginning), end: Offset(end) })
                })
        })
    }

    fn fetch(
        &mut self,
        slot: Slot,
        from: Offset,
        limit: Limit,
        visit: &mut dyn FnMut(Offset, Time, Record),
    ) -> Result<bool, LogError> {
        self.ask(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT offset, timestamp, key, value, headers, checksum FROM records \
                 WHERE topic = ?1 AND partition = ?2 AND offset >= ?3 ORDER BY offset",
            )?;
            let mut rows = statement.query(params![slot.topic, slot.partition.0, from.0])?;
            let (mut records, mut bytes, mut next) = (0, 0, from.0);
            while records < limit.records && bytes < limit.bytes {
                let Some(row) = rows.next()? else { return Ok(true) };
                let (offset, timestamp, record) = record(row, slot)?;
                // A damaged page can give rows in any order: whoever went back with them would never end.
                if offset.0 < next {
                    return Err(damaged(format!("offset {offset} comes where {next} or later must")));
                }
                next = offset.0.saturating_add(1);
                records += 1;
                bytes += weight(&record);
                visit(offset, timestamp, record);
            }
            Ok(false)
        })
    }

    /// Records are missing where they were compacted, where an account was erased, or where a page lost them. Of a compacted
    /// topic that is the rule, and a large file is left to those who run lanes.
    fn missed(&mut self, slot: Slot) -> Result<(), LogError> {
        if self.checked.load(Ordering::Relaxed) {
            return Ok(());
        }
        let checked = self.ask(|connection| {
            let cleanup: String = connection
                .prepare_cached("SELECT cleanup FROM topics WHERE id = ?1")?
                .query_row([slot.topic], |row| row.get(0))?;
            let size = self.path.metadata().map_or(0, |file| file.len());
            if cleanup == "compact" && size > COMPACTED_UP_TO {
                return Ok(false);
            }
            damage::check_pages(connection).map(|()| true)
        })?;
        self.checked.fetch_or(checked, Ordering::Relaxed);
        Ok(())
    }

    fn committed(&mut self, group: &str, slot: Slot) -> Result<Option<Offset>, LogError> {
        self.ask(|connection| {
            connection
                .prepare_cached(
                    r#"SELECT offset FROM positions WHERE "group" = ?1 AND topic = ?2 AND partition = ?3"#,
                )?
                .query_row(params![group, slot.topic, slot.partition.0], |row| row.get(0).map(Offset))
                .optional()
        })
    }

    fn offset_at(&mut self, slot: Slot, time: Time) -> Result<Option<Offset>, LogError> {
        self.ask(|connection| {
            connection
                .prepare_cached(
                    "SELECT offset FROM records WHERE topic = ?1 AND partition = ?2 AND timestamp >= ?3 \
                     ORDER BY offset LIMIT 1",
                )?
                .query_row(params![slot.topic, slot.partition.0, time.millis()], |row| row.get(0).map(Offset))
                .optional()
        })
    }
}

fn record(row: &Row<'_>, slot: Slot) -> rusqlite::Result<(Offset, Time, Record)> {
    let (key, value) = (row.get_ref(2)?.as_blob_or_null()?, row.get_ref(3)?.as_blob_or_null()?);
    let text = row.get_ref(4)?.as_str_or_null()?;
    let (offset, timestamp): (i64, i64) = (row.get(0)?, row.get(1)?);
    let checksum: Option<i64> = row.get(5)?;
    let (topic, partition) = (slot.topic, slot.partition.0);
    let stored = Stored { topic, partition, offset, timestamp, key, value, headers: text };
    if checksum.is_some_and(|checksum| checksum != stored.checksum()) {
        return Err(damaged(format!(
            "the record at offset {offset} of partition {partition} has another checksum"
        )));
    }
    let bytes = |part: Option<&[u8]>| part.map(Bytes::copy_from_slice);
    let headers = text.map(headers::decode).unwrap_or_default();
    let record = Record { key: bytes(key), value: bytes(value), headers };
    Ok((Offset(offset), Time::from_millis(timestamp), record))
}
