//! The tables: migrations in order, and which files are refused.

use crate::store::{transact, values};
use crate::{Database, LedgerError};

/// The migrations, in order; a ledger has the first so many.
const MIGRATIONS: [&str; 2] = [include_str!("../migrations/1.sql"), include_str!("../migrations/2.sql")];

/// The newest version that this program knows.
pub(crate) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// The version of the database; 0 where it is empty.
pub(crate) fn version(database: &mut dyn Database) -> Result<i64, LedgerError> {
    let count = |database: &mut dyn Database, sql: &str| -> Result<i64, LedgerError> {
        Ok(database.query(sql, &[])?.first().and_then(|row| row.first()).map_or(0, crate::Value::int))
    };
    let all = count(database, "SELECT count(*) FROM sqlite_master")?;
    let ours = count(
        database,
        "SELECT count(*) FROM sqlite_master WHERE name IN ('ledger_migrations', 'positions') AND type = 'table'",
    )?;
    match (all, ours) {
        (0, _) => Ok(0),
        (_, 2) => count(database, "SELECT max(version) FROM ledger_migrations"),
        _ => Err(LedgerError::Foreign { path: database.name() }),
    }
}

/// Refuses what a newer version wrote.
pub(crate) fn check(database: &mut dyn Database) -> Result<i64, LedgerError> {
    let (found, known) = (version(database)?, newest());
    if found > known {
        return Err(LedgerError::Newer { path: database.name(), found, known });
    }
    Ok(found)
}

/// Brings the tables up to this version, each migration in a transaction of its own.
pub(crate) fn migrate(database: &mut dyn Database) -> Result<(), LedgerError> {
    let found = check(database)?;
    for (version, script) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        transact(database, |database| {
            database.run(script)?;
            let sql = "INSERT INTO ledger_migrations (version) VALUES (?1)";
            database.execute(sql, values![version])?;
            Ok(())
        })?;
    }
    Ok(())
}
