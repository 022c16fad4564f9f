//! The list of accounts that `source test` looks signals up in: a file of rows, or the log's own list.

use std::path::Path;

use winback_core::account::Account;
use winback_core::index::{Index, Lookup};
use winback_core::privacy::masked;
use winback_core::signal::Identity;
use winback_deployment::{Context, accounts};
use winback_log::LogError;
use winback_registrar::Statement;

use crate::{FileFormat, Records, format_of, open};

/// The largest row that is read.
const LARGEST: usize = 16 << 20;

/// Accounts by their keys.
pub struct AccountList {
    index: Index,
    /// Rows that were not taken.
    pub bad: u64,
}

/// The owner of a signal.
#[derive(Debug)]
pub enum Found {
    /// One account's: its id, and the key that said so.
    Account {
        /// The account.
        id: String,
        /// The rung.
        method: &'static str,
        /// The key, and what told several claimants apart.
        by: String,
    },
    /// Several accounts claim it on that rung.
    Ambiguous(&'static str),
    /// Nobody's on the list.
    Nobody,
}

impl AccountList {
    /// Reads the file of rows, or with `log` the list in the context's log.
    ///
    /// # Errors
    /// When the file or the log cannot be read.
    pub fn open(context: &Context, named: &Path) -> anyhow::Result<Self> {
        let mut accounts = Self { index: Index::new(), bad: 0 };
        if named == Path::new("log") {
            let log = context.log()?;
            let known = accounts::known(&*log, &context.topics.accounts, |wire| {
                winback_proto::account::from_wire(wire).ok()
            });
            match known {
                Ok(known) => known.values().for_each(|account| accounts.take(account)),
                Err(error) if error.downcast_ref::<LogError>().is_none() => return Err(error),
                Err(error) => return Err(error.context("--accounts log")),
            }
            return Ok(accounts);
        }
        let format = format_of(None, Some(named), Some(FileFormat::Jsonl))?;
        let mut records = Records::new(open(Some(named))?, format, LARGEST)?;
        let (rules, now) = (context.config.accounts.rules()?, context.clock.now());
        while let Some(record) = records.next_record()? {
            let row = record.value.ok().map(|row| rules.read(&row, now));
            let statement = row.filter(|row| row.unknown.is_empty()).map(|row| row.statement);
            match statement {
                Some(Ok(Statement::Put(stated))) => match stated.onto(None, record.line) {
                    Ok((account, _)) => accounts.take(&account),
                    Err(_) => accounts.bad += 1,
                },
                Some(Ok(Statement::Gone(id))) => {
                    accounts.index.remove(id.as_str());
                }
                Some(Ok(Statement::Nothing)) => {}
                Some(Err(_)) | None => accounts.bad += 1,
            }
        }
        Ok(accounts)
    }

    fn take(&mut self, account: &Account) {
        self.index.upsert(account);
    }

    /// The number of accounts.
    pub fn count(&self) -> usize {
        self.index.len()
    }

    /// The owner.
    pub fn find(&self, who: &Identity<'_>) -> Found {
        match self.index.lookup(who) {
            Lookup::None => Found::Nobody,
            Lookup::Ambiguous(method) => Found::Ambiguous(method.as_str()),
            Lookup::Match(found) => Found::Account {
                id: found.account.id.to_owned(),
                method: found.method.as_str(),
                by: masked(&match found.narrowed_by {
                    Some(by) => format!("{}, told apart by {by}", found.key),
                    None => found.key.to_string(),
                })
                .into_owned(),
            },
        }
    }
}
