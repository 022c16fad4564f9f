//! Reading through a connection of one's own.

use bytes::Bytes;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use winback_core::ids::Offset;
use winback_core::time::Time;

use super::headers;
use crate::embedded::storage::{Bounds, Limit, Slot, View, weight};
use crate::{LogError, Record};

pub(super) struct SqliteView {
    connection: Connection,
    log: String,
}

impl SqliteView {
    pub(super) const fn new(connection: Connection, log: String) -> Self {
        Self { connection, log }
    }

    fn ask<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LogError> {
        ask(&self.connection)
            .map_err(|error| LogError::Away { log: self.log.clone(), why: error.to_string() })
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
                    Ok(Bounds { beginning: Offset(row.get(0)?), end: Offset(row.get(1)?) })
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
                "SELECT offset, timestamp, key, value, headers FROM records \
                 WHERE topic = ?1 AND partition = ?2 AND offset >= ?3 ORDER BY offset",
            )?;
            let mut rows = statement.query(params![slot.topic, slot.partition.0, from.0])?;
            let (mut records, mut bytes) = (0, 0);
            while records < limit.records && bytes < limit.bytes {
                let Some(row) = rows.next()? else { return Ok(true) };
                let (offset, timestamp, record) = record(row)?;
                records += 1;
                bytes += weight(&record);
                visit(offset, timestamp, record);
            }
            Ok(false)
        })
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

fn record(row: &Row<'_>) -> rusqlite::Result<(Offset, Time, Record)> {
    let record = Record {
        key: bytes(row.get_ref(2)?)?,
        value: bytes(row.get_ref(3)?)?,
        headers: row.get_ref(4)?.as_str_or_null()?.map(headers::decode).unwrap_or_default(),
    };
    Ok((Offset(row.get(0)?), Time::from_millis(row.get(1)?), record))
}

fn bytes(value: ValueRef<'_>) -> rusqlite::Result<Option<Bytes>> {
    Ok(value.as_blob_or_null()?.map(Bytes::copy_from_slice))
}
