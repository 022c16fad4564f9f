//! Erased accounts: one random token stands in place of the id, in every table and for every later record.
//!
//! The log tells an erasure by a keyed hash of the id. Hash and token are kept, so that a record that comes later, or
//! comes again, is found to be of the same account.

use std::collections::HashMap;
use std::io::Read as _;

use winback_core::time::Time;
use winback_registrar::SuppressionKey;

use crate::store::values;
use crate::write::{BY_ACCOUNT, accounts};
use crate::{Database, LedgerError};

/// The way to the deployment's key, which may come later.
pub type KeySource = Box<dyn Fn() -> Option<SuppressionKey> + Send>;

/// Tokens by keyed hash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Erased(HashMap<String, String>);

/// The keyed hash of an account's id, as the ledger keeps it.
pub(crate) fn hash_of(key: &SuppressionKey, account: &str) -> String {
    hex::encode(key.account(account).record_key())
}

impl Erased {
    /// Those that the database knows.
    pub(crate) fn load(database: &mut dyn Database) -> Result<Self, LedgerError> {
        let rows = database.query("SELECT hash, token FROM erased", &[])?;
        let pair = |row: &Vec<crate::Value>| match row.as_slice() {
            [hash, token] => Some((hash.text().to_owned(), token.text().to_owned())),
            _ => None,
        };
        Ok(Self(rows.iter().filter_map(pair).collect()))
    }

    /// The name under which the ledger keeps facts of the account.
    ///
    /// # Errors
    /// If somebody was erased, and the key is not known.
    pub(crate) fn name(&self, key: &KeySource, account: &str) -> Result<String, LedgerError> {
        if self.0.is_empty() {
            return Ok(account.to_owned());
        }
        let key = key().ok_or(LedgerError::NoKey)?;
        Ok(self.0.get(&hash_of(&key, account)).cloned().unwrap_or_else(|| account.to_owned()))
    }

    /// Takes new erasures in: the facts that are there get the token. True if an id was replaced.
    pub(crate) fn erase(
        &mut self,
        database: &mut dyn Database,
        key: &KeySource,
        new: &[(String, Time)],
    ) -> Result<bool, LedgerError> {
        let mut found = HashMap::new();
        for (hash, at) in new.iter().filter(|(hash, _)| !self.0.contains_key(hash)) {
            let token = token(database)?;
            let sql = "INSERT INTO erased (hash, token, at) VALUES (?1, ?2, ?3)";
            database.execute(sql, values![hash, &token, at.millis()])?;
            found.insert(hash.clone(), token);
        }
        if found.is_empty() {
            return Ok(false);
        }
        let key = key().ok_or(LedgerError::NoKey)?;
        let mut replaced = false;
        for account in accounts(database)? {
            let Some(token) = found.get(&hash_of(&key, &account)) else { continue };
            for table in BY_ACCOUNT {
                let sql = format!("UPDATE {table} SET account = ?2 WHERE account = ?1");
                database.execute(&sql, values![&account, token])?;
            }
            replaced = true;
        }
        self.0.extend(found);
        Ok(replaced)
    }
}

/// A random word that says nothing.
fn token(database: &dyn Database) -> Result<String, LedgerError> {
    let mut bytes = [0; 16];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|error| LedgerError::Unavailable {
        path: database.name(),
        fault: format!("/dev/urandom cannot be read ({error})"),
        fix: "let winback read it: a token for an erased account needs it".to_owned(),
    })?;
    Ok(format!("erased-{}", hex::encode(bytes)))
}
