//! Records in one SQLite file.
//!
//! One connection writes, under a lock of this process and `BEGIN IMMEDIATE` against the others; every session and
//! reader reads through a connection of its own, which WAL never blocks. After a failure whose outcome is unknown the
//! writing connection is dropped: what a new one finds in the file is the truth.

mod clean;
mod headers;
mod lock;
mod remove;
mod schema;
mod view;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};
use winback_core::ids::Offset;
use winback_core::time::{Span, Time};

use self::lock::LaneLock;
use super::storage::{Pending, Positions, Slot, Storage, Topic, View, WriteError};
use crate::{Cleanup, LogError, TimestampKind, TopicInfo, TopicSpec};

/// How often a waiting poll looks for what other processes wrote.
const PATIENCE: Duration = Duration::from_millis(25);

pub(super) struct Sqlite {
    path: PathBuf,
    /// The writing connection; `None` after an unknown outcome.
    writer: Mutex<Option<Connection>>,
    lanes: Mutex<Option<LaneLock>>,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, LogError> {
        let writer = schema::open(path)?;
        Ok(Self { path: path.to_owned(), writer: Mutex::new(Some(writer)), lanes: Mutex::new(None) })
    }

    fn connection(&self) -> Result<Writing<'_>, LogError> {
        let mut writer = self.writer.lock();
        if writer.is_none() {
            *writer = Some(schema::open(&self.path)?);
        }
        Ok(Writing(writer))
    }
}

/// The writing connection, held.
struct Writing<'a>(MutexGuard<'a, Option<Connection>>);

impl Writing<'_> {
    /// Runs `work` in a transaction that no other writer is in; rolls it back when it fails. The connection is
    /// dropped after a failure that leaves the outcome open.
    fn transact<T>(
        mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, rusqlite::Error> {
        let Some(connection) = self.0.as_ref() else { return Err(rusqlite::Error::InvalidQuery) };
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let done = work(connection).and_then(|value| {
            connection.execute_batch("COMMIT")?;
            Ok(value)
        });
        if done.is_err() && (connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_err()) {
            *self.0 = None;
        }
        done
    }

    fn forget(mut self) {
        *self.0 = None;
    }
}

impl Storage for Sqlite {
    fn name(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }

    fn view(&self) -> Result<Box<dyn View>, LogError> {
        Ok(Box::new(view::SqliteView::new(schema::connect(&self.path)?, self.name())))
    }

    fn topics(&self) -> Result<Vec<Topic>, LogError> {
        let writing = self.connection()?;
        let Some(connection) = writing.0.as_ref() else { return Ok(Vec::new()) };
        let list = || -> rusqlite::Result<Vec<Topic>> {
            let mut statement = connection.prepare_cached(
                "SELECT id, name, incarnation, partitions, cleanup, retention_ms, timestamps, max_record_bytes \
                 FROM topics ORDER BY name",
            )?;
            let rows = statement.query_map([], topic)?;
            rows.collect()
        };
        list().map_err(|error| schema::explain(&self.path, &error))
    }

    fn create(&self, spec: &TopicSpec) -> Result<(), LogError> {
        let (cleanup, retention) = match spec.cleanup {
            Cleanup::Delete(span) => ("delete", span.map(Span::millis)),
            Cleanup::Compact { tombstones } => ("compact", Some(tombstones.millis())),
        };
        let timestamps = match spec.timestamps {
            TimestampKind::Create => "create",
            TimestampKind::Append => "append",
        };
        let insert = |connection: &Connection| {
            let made = connection.query_row(
                "INSERT INTO topics (name, incarnation, partitions, cleanup, retention_ms, timestamps, max_record_bytes) \
                 VALUES (?1, lower(hex(randomblob(8))), ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING RETURNING id",
                params![spec.name, spec.partitions, cleanup, retention, timestamps, spec.max_record_bytes],
                |row| row.get::<_, i64>(0),
            );
            let Some(id) = made.optional()? else { return Ok(()) };
            for partition in 0..spec.partitions {
                connection
                    .prepare_cached("INSERT INTO partitions (topic, partition) VALUES (?1, ?2)")?
                    .execute([id, i64::from(partition)])?;
            }
            Ok(())
        };
        self.connection()?.transact(insert).map_err(|error| schema::explain(&self.path, &error))
    }

    fn write(
        &self,
        records: &mut Vec<Pending>,
        positions: &Positions<'_>,
        now: Time,
        limit: Option<Duration>,
    ) -> Result<(), WriteError> {
        let writing = self.connection().map_err(|error| WriteError::Refused(error.to_string()))?;
        let written = writing.transact(|connection| write::write(connection, records, positions, now, limit));
        match written {
            Ok(count) => {
                records.drain(..count);
                Ok(())
            }
            Err(error) => {
                let error = self.outcome(&error);
                if matches!(error, WriteError::Unknown(_)) {
                    *self.writer.lock() = None;
                }
                Err(error)
            }
        }
    }

    fn claim_lanes(&self) -> Result<(), LogError> {
        let mut lanes = self.lanes.lock();
        if lanes.is_none() {
            *lanes = Some(LaneLock::take(&self.path)?);
        }
        Ok(())
    }

    fn reopen(&self) -> Result<(), LogError> {
        Writing(self.writer.lock()).forget();
        self.connection().map(drop)
    }

    fn clean(&self, now: Time) -> Result<bool, LogError> {
        let cleaned = self.connection()?.transact(|connection| clean::slice(connection, now));
        cleaned.map_err(|error| schema::explain(&self.path, &error))
    }

    fn remove(&self, slot: Slot, offsets: &[Offset]) -> Result<u64, LogError> {
        let mut gone = 0;
        for some in offsets.chunks(remove::SLICE) {
            let removed = self.connection()?.transact(|connection| remove::slice(connection, slot, some));
            gone += removed.map_err(|error| schema::explain(&self.path, &error))?;
        }
        Ok(gone)
    }

    fn scrub(&self, whole: bool) -> Result<bool, LogError> {
        let writing = self.connection()?;
        let Some(connection) = writing.0.as_ref() else { return Ok(false) };
        remove::scrub(connection, whole).map_err(|error| schema::explain(&self.path, &error))
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }
}

impl Sqlite {
    /// What a failed transaction leaves behind.
    fn outcome(&self, error: &rusqlite::Error) -> WriteError {
        let text = format!("{}: {error}", self.name());
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => WriteError::Refused(text),
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => WriteError::Unknown(text),
            _ => WriteError::Fatal(text),
        }
    }
}

fn topic(row: &Row<'_>) -> rusqlite::Result<Topic> {
    let retention = row.get::<_, Option<i64>>(5)?.map(Span::from_millis);
    let cleanup = match row.get_ref(4)?.as_str()? {
        "compact" => Cleanup::Compact { tombstones: retention.unwrap_or(Span::ZERO) },
        _ => Cleanup::Delete(retention),
    };
    let timestamps = match row.get_ref(6)?.as_str()? {
        "create" => TimestampKind::Create,
        _ => TimestampKind::Append,
    };
    let spec = TopicSpec {
        name: row.get(1)?,
        partitions: row.get(3)?,
        replication: 1,
        cleanup,
        timestamps,
        max_record_bytes: row.get(7)?,
    };
    Ok(Topic { id: row.get(0)?, info: TopicInfo { spec, id: row.get(2)? } })
}
