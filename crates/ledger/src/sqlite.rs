//! The ledger in a SQLite file.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, params_from_iter};

use crate::store::Values;
use crate::{Database, LedgerError, Value};

/// The longest wait for another program that writes the file.
const BUSY: Duration = Duration::from_secs(5);
/// Statements that stay prepared.
const PREPARED: usize = 64;

/// A SQLite file.
pub struct Sqlite {
    path: PathBuf,
    connection: Connection,
}

impl Sqlite {
    /// Opens the file for writing; makes it for its owner alone where it is not there.
    ///
    /// # Errors
    /// Names the file, the fault and the fix.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        if !path.exists() {
            let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
            made.map_err(|error| LedgerError::Unavailable {
                path: path.display().to_string(),
                fault: error.to_string(),
                fix: "make its folder, and let winback write there".to_owned(),
            })?;
        }
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            tune(&connection)?;
            connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
            connection.execute_batch("PRAGMA synchronous = FULL")?;
            connection.query_row("PRAGMA secure_delete = ON", [], |_| Ok(()))?;
            Ok(connection)
        };
        let connection = open().map_err(|error| explain(path, &error))?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// Opens the file for reading; nothing of it is changed.
    ///
    /// # Errors
    /// Names the file, the fault and the fix.
    pub fn read(path: &Path) -> Result<Self, LedgerError> {
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            tune(&connection)?;
            connection.execute_batch("PRAGMA query_only = ON")?;
            Ok(connection)
        };
        let connection = open().map_err(|error| explain(path, &error))?;
        Ok(Self { path: path.to_owned(), connection })
    }

    fn explain(&self, error: &Error) -> LedgerError {
        explain(&self.path, error)
    }
}

fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    connection.execute_batch("PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY")
}

impl Database for Sqlite {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn begin(&mut self) -> Result<(), LedgerError> {
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| self.explain(&error))
    }

    fn commit(&mut self) -> Result<(), LedgerError> {
        self.connection.execute_batch("COMMIT").map_err(|error| self.explain(&error))
    }

    fn rollback(&mut self) {
        if !self.connection.is_autocommit() {
            // A rollback that fails leaves a transaction that nothing commits; the next begin says so.
            drop(self.connection.execute_batch("ROLLBACK"));
        }
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<usize, LedgerError> {
        let run = || self.connection.prepare_cached(sql)?.execute(params_from_iter(values));
        run().map_err(|error| self.explain(&error))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Values>, LedgerError> {
        let ask = || -> rusqlite::Result<Vec<Values>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let columns = statement.column_count();
            let mut rows = statement.query(params_from_iter(values))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let value = |at| row.get_ref(at).and_then(|value| value_of(at, value));
                found.push((0..columns).map(value).collect::<rusqlite::Result<Values>>()?);
            }
            Ok(found)
        };
        ask().map_err(|error| self.explain(&error))
    }

    fn run(&mut self, script: &str) -> Result<(), LedgerError> {
        self.connection.execute_batch(script).map_err(|error| self.explain(&error))
    }

    fn scrub(&mut self) -> Result<(), LedgerError> {
        // A reader may keep the write-ahead log busy: then the next erasure or the last close empties it.
        let pragma = "PRAGMA wal_checkpoint(TRUNCATE)";
        self.connection.query_row(pragma, [], |_| Ok(())).map_err(|error| self.explain(&error))
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Int(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

fn value_of(at: usize, value: ValueRef<'_>) -> rusqlite::Result<Value> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Int(number)),
        ValueRef::Text(text) => Ok(Value::Text(String::from_utf8_lossy(text).into_owned())),
        ValueRef::Real(_) | ValueRef::Blob(_) => {
            Err(Error::InvalidColumnType(at, "a number or a word".to_owned(), value.data_type()))
        }
    }
}

/// The error as a person needs it.
fn explain(path: &Path, error: &Error) -> LedgerError {
    let path = path.display().to_string();
    let away = |fix: &str| LedgerError::Unavailable {
        path: path.clone(),
        fault: error.to_string(),
        fix: fix.to_owned(),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => LedgerError::Foreign { path },
        Some(ErrorCode::DatabaseCorrupt) => LedgerError::Damaged { path, why: error.to_string() },
        Some(ErrorCode::CannotOpen) => away("the file and its folder must be there, and be readable"),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            away("winback must be allowed to write the file and in its folder")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            away("another program holds the file in a long transaction: end it")
        }
        Some(ErrorCode::DiskFull) => away("make room on the disk"),
        Some(ErrorCode::SystemIoFailure) => away("look at the disk and the file"),
        _ => LedgerError::Damaged { path, why: error.to_string() },
    }
}
