//! Records in one SQLite file.
//!
//! One connection writes, under a lock of this process and `BEGIN IMMEDIATE` against the others; every session and
//! reader reads through a connection of its own, which WAL never blocks. After a failure whose outcome is unknown the
//! writing connection is dropped: what a new one finds in the file is the truth.

mod checksum;
mod clean;
mod damage;
mod headers;
mod lock;
mod own;
mod remove;
mod schema;
mod view;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};
use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::{Cleanup, LogError, TimestampKind, TopicInfo, TopicSpec};

use self::lock::LaneLock;
use super::storage::{Pending, Positions, Slot, Storage, Topic, View, WriteError};

/// The interval at which a waiting poll looks for the writes of other processes.
const PATIENCE: Duration = Duration::from_millis(25);
/// How long readers are waited for when the write-ahead log is emptied beside lanes.
const EMPTIES_WITHIN: Duration = Duration::from_millis(25);
/// A file up to this size is checked page by page when lanes start: about a second of reading.
const CHECKED_UP_TO: u64 = 1 << 30;
/// A log whose newest stamp is further ahead than this has seen a clock that was wrong, or this one is.
const AHEAD: Span = Span::from_mins(5);

pub(super) struct Sqlite {
    path: PathBuf,
    /// The writing connection; `None` after an unknown outcome.
    writer: Mutex<Option<Connection>>,
    lanes: Mutex<Option<LaneLock>>,
    /// The pages were checked, or need not be.
    checked: Arc<AtomicBool>,
    /// Records were removed since the write-ahead log was last emptied.
    removed: AtomicBool,
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, LogError> {
        let writer = schema::open(path)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(Some(writer)),
            lanes: Mutex::default(),
            checked: Arc::default(),
            removed: AtomicBool::new(false),
        })
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
        Ok(Box::new(view::SqliteView::new(
            schema::connect(&self.path)?,
            self.path.clone(),
            Arc::clone(&self.checked),
        )))
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
        list().map_err(|error| damage::explain(&self.path, &error))
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
        self.connection()?.transact(insert).map_err(|error| damage::explain(&self.path, &error))
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
            let lock = LaneLock::take(&self.path)?;
            self.check_pages()?;
            self.rewrite_once();
            *lanes = Some(lock);
        }
        Ok(())
    }

    fn reopen(&self) -> Result<(), LogError> {
        Writing(self.writer.lock()).forget();
        self.connection().map(drop)
    }

    fn clean(&self, now: Time) -> Result<bool, LogError> {
        let cleaned = self.connection()?.transact(|connection| clean::slice(connection, now));
        let busy = cleaned.map_err(|error| damage::explain(&self.path, &error))?;
        self.removed.fetch_or(busy, Ordering::Relaxed);
        Ok(busy)
    }

    fn settle(&self) -> Result<bool, LogError> {
        if !self.removed.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let writing = self.connection()?;
        let Some(connection) = writing.0.as_ref() else { return Ok(false) };
        let empty = || {
            connection.busy_timeout(EMPTIES_WITHIN)?;
            let emptied = remove::empty_wal(connection);
            schema::wait_for_others(connection)?;
            emptied
        };
        let emptied = empty().map_err(|error| damage::explain(&self.path, &error))?;
        self.removed.store(!emptied, Ordering::Relaxed);
        Ok(emptied)
    }

    fn warnings(&self, now: Time) -> Result<Vec<String>, LogError> {
        let mut warnings = Vec::new();
        let newest = self.newest()?;
        if newest.since(now) > AHEAD {
            warnings.push(format!(
                "{} holds stamps up to {newest}, and the machine's clock says {now}: what is written until then gets that \
                 stamp; set the clock right, or wait",
                self.name()
            ));
        }
        if own::is_open_to_all(&self.path) {
            warnings.push(format!(
                "{path} may be read or written by everybody on this machine: chmod 600 {path}",
                path = self.path.display()
            ));
        }
        Ok(warnings)
    }

    fn remove(&self, slot: Slot, offsets: &[Offset]) -> Result<u64, LogError> {
        let mut gone = 0;
        for some in offsets.chunks(remove::SLICE) {
            let removed = self.connection()?.transact(|connection| remove::slice(connection, slot, some));
            gone += removed.map_err(|error| damage::explain(&self.path, &error))?;
        }
        Ok(gone)
    }

    fn scrub(&self, whole: bool) -> Result<bool, LogError> {
        let writing = self.connection()?;
        let Some(connection) = writing.0.as_ref() else { return Ok(false) };
        let scrub = || {
            if whole {
                remove::rewrite(connection)?;
                schema::mark_clean(connection)?;
            } else {
                // A page that was split keeps a copy: the next start has the file for itself.
                schema::mark_dirty(connection)?;
            }
            remove::empty_wal(connection)
        };
        let emptied = scrub().map_err(|error| damage::explain(&self.path, &error))?;
        // Where a reader was in the way lanes try again.
        self.removed.store(!emptied, Ordering::Relaxed);
        Ok(emptied)
    }

    fn longest_wait(&self) -> Option<Duration> {
        Some(PATIENCE)
    }
}

impl Sqlite {
    /// Before lanes write, every page of a file that is not too large for it is looked at.
    fn check_pages(&self) -> Result<(), LogError> {
        let size = self.path.metadata().map_or(0, |file| file.len());
        if size > CHECKED_UP_TO {
            tracing::info!(log = self.name(), size, "too large to be checked at the start");
            return Ok(());
        }
        let connection = schema::connect(&self.path)?;
        damage::check_pages(&connection).map_err(|error| damage::explain(&self.path, &error))?;
        self.checked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// A file whose pages may hold removed records is written anew, once, by the first that has it for its lanes. Where somebody reads it, or the disk lacks room, the next start tries again.
    fn rewrite_once(&self) {
        let rewrite = || {
            let writing = self.connection()?;
            let Some(connection) = writing.0.as_ref() else { return Ok(()) };
            let dirty = schema::is_dirty(connection);
            if !dirty.map_err(|error| damage::explain(&self.path, &error))? {
                return Ok(());
            }
            tracing::info!(log = self.name(), "the file is written anew, without what was removed earlier");
            drop(writing);
            self.scrub(true).map(drop)
        };
        rewrite().unwrap_or_else(|error: LogError| {
            tracing::warn!(%error, log = self.name(), "free pages of the file may hold what was removed");
        });
    }

    /// The newest stamp of the log's own clock.
    fn newest(&self) -> Result<Time, LogError> {
        let writing = self.connection()?;
        let Some(connection) = writing.0.as_ref() else { return Ok(Time::MIN) };
        let newest = connection.query_row(
            "SELECT max(newest) FROM partitions JOIN topics ON topics.id = topic WHERE timestamps = 'append'",
            [],
            |row| row.get::<_, Option<i64>>(0),
        );
        let newest = newest.map_err(|error| damage::explain(&self.path, &error))?;
        Ok(newest.map_or(Time::MIN, Time::from_millis))
    }

    /// The state after a failed transaction.
    fn outcome(&self, error: &rusqlite::Error) -> WriteError {
        if damage::is_damage(error) {
            return WriteError::Damaged(damage::explain(&self.path, error));
        }
        let text = damage::explain(&self.path, error).to_string();
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
        "delete" => Cleanup::Delete(retention),
        other => return Err(no_value(other)),
    };
    let timestamps = match row.get_ref(6)?.as_str()? {
        "create" => TimestampKind::Create,
        "append" => TimestampKind::Append,
        other => return Err(no_value(other)),
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

fn no_value(value: &str) -> rusqlite::Error {
    damage::damaged(format!("a topic has the setting `{}`", value.escape_debug()))
}
