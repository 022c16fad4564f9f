//! The database as the ledger sees it: statements with numbered values, one transaction at a time.

use crate::LedgerError;

/// A value of a statement or a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// None.
    Null,
    /// A number: counts, Unix milliseconds, minor units of money.
    Int(i64),
    /// A word.
    Text(String),
}

impl Value {
    /// The number; 0 where there is none.
    pub const fn int(&self) -> i64 {
        match self {
            Self::Int(number) => *number,
            Self::Null | Self::Text(_) => 0,
        }
    }

    /// The number, when there is one.
    pub const fn number(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Null | Self::Text(_) => None,
        }
    }

    /// The word; empty where there is none.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Null | Self::Int(_) => "",
        }
    }

    /// The word, when there is one.
    pub fn word(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Null | Self::Int(_) => None,
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Int(i64::from(is))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of an answer.
pub(crate) type Values = Vec<Value>;

/// A SQL database. Statements are those that SQLite and PostgreSQL share; values stand as `?1`, `?2`.
pub trait Database: Send {
    /// The name for people.
    fn name(&self) -> String;

    /// Begins a transaction that writes.
    ///
    /// # Errors
    /// If the database cannot be written.
    fn begin(&mut self) -> Result<(), LedgerError>;

    /// Makes what was written durable.
    ///
    /// # Errors
    /// If it is not.
    fn commit(&mut self) -> Result<(), LedgerError>;

    /// Drops what was written.
    fn rollback(&mut self);

    /// Runs a statement; the number of changed rows.
    ///
    /// # Errors
    /// If it fails.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<usize, LedgerError>;

    /// Asks; all rows.
    ///
    /// # Errors
    /// If it fails.
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Values>, LedgerError>;

    /// Runs several statements of a migration.
    ///
    /// # Errors
    /// If one fails.
    fn run(&mut self, script: &str) -> Result<(), LedgerError>;

    /// Has removed values gone from the files, too.
    ///
    /// # Errors
    /// If the files cannot be written.
    fn scrub(&mut self) -> Result<(), LedgerError>;
}

/// Runs `work` in one transaction; rolls it back when it fails.
pub(crate) fn transact<T>(
    database: &mut dyn Database,
    work: impl FnOnce(&mut dyn Database) -> Result<T, LedgerError>,
) -> Result<T, LedgerError> {
    database.begin()?;
    let done = work(database).and_then(|value| database.commit().map(|()| value));
    if done.is_err() {
        database.rollback();
    }
    done
}

/// A macro for the values of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::Value::from($value)),*] };
}
pub(crate) use values;
