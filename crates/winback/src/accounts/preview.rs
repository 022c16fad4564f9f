//! The preview of an import: the first rows as they are understood, and what many accounts share.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use serde_json::{Value, json};
use winback_core::account::Account;
use winback_proto::account;
use winback_registrar::{Read, Statement};

use super::shown;
use winback_terminal::grouped;
use winback_terminal::safe;

/// Rows that are shown.
const SHOWN: usize = 3;
/// Ids that are named of those that share a value.
const NAMED: usize = 3;
/// Shared values that are named.
const REPEATED: usize = 10;
/// With fewer rows one value in all of them says little.
const FEW: u64 = 10;

/// A key that may be several accounts'.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key {
    Domain(String),
    Contact([u8; 32]),
    Name(String),
    Range(String),
}

impl Key {
    fn words(&self) -> (&'static str, String) {
        match self {
            Self::Domain(domain) => ("domain", safe(domain)),
            Self::Name(name) => ("name", safe(name)),
            Self::Range(range) => ("range", range.clone()),
            Self::Contact(hash) => {
                let head: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
                ("contact", format!("{head}…"))
            }
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    accounts: u64,
    first: Vec<String>,
    last: String,
}

/// The preview of a file.
#[derive(Debug, Default)]
pub(crate) struct Preview {
    first: Vec<Account>,
    accounts: u64,
    gone: u64,
    keys: HashMap<Key, Shared>,
    dates: HashMap<i64, u64>,
    amounts: HashMap<u64, u64>,
    reasons: HashMap<&'static str, u64>,
}

impl Preview {
    /// Takes a row that would be written.
    pub(crate) fn take(&mut self, read: &Read) {
        match &read.statement {
            Ok(Statement::Put(stated)) => {
                if let Ok((account, _)) = stated.as_ref().clone().onto(None, 0) {
                    self.account(account);
                }
            }
            Ok(Statement::Gone(_)) => self.gone += 1,
            Ok(Statement::Nothing) | Err(_) => {}
        }
    }

    fn account(&mut self, account: Account) {
        self.accounts += 1;
        *self.dates.entry(account.churned_at.millis()).or_default() += 1;
        *self.amounts.entry(account.arr_usd).or_default() += 1;
        *self.reasons.entry(account.reason.as_str()).or_default() += 1;
        let domains = account.domains.iter().cloned().map(Key::Domain);
        let contacts = account.contacts.iter().map(|contact| Key::Contact(contact.email_sha256));
        let ranges = account.ranges.iter().map(|range| Key::Range(range.to_string()));
        let names = [Key::Name(account.name.trim().to_lowercase())];
        let keys: BTreeSet<Key> = domains.chain(contacts).chain(ranges).chain(names).collect();
        for key in keys {
            let shared = self.keys.entry(key).or_default();
            // A row that is read again, because its account is there twice, is the same account.
            if shared.last == account.id.as_str() {
                continue;
            }
            shared.accounts += 1;
            shared.last = account.id.to_string();
            if shared.first.len() < NAMED {
                shared.first.push(account.id.to_string());
            }
        }
        if self.first.len() < SHOWN && self.first.iter().all(|own| own.id != account.id) {
            self.first.push(account);
        }
    }

    /// Keys of more than one account, the most shared first.
    fn repeated(&self) -> Vec<(&Key, &Shared)> {
        let mut repeated: Vec<_> = self.keys.iter().filter(|(_, shared)| shared.accounts > 1).collect();
        repeated.sort_by(|(left, a), (right, b)| b.accounts.cmp(&a.accounts).then_with(|| left.cmp(right)));
        repeated
    }

    /// Columns that have one value in nearly all rows.
    fn constant(&self) -> Vec<(&'static str, String, u64)> {
        if self.accounts < FEW {
            return Vec::new();
        }
        let date = |millis: &i64| {
            winback_core::time::Time::from_millis(*millis).to_string().chars().take(10).collect()
        };
        let found = [
            ("churned_at", most(&self.dates).map(|(value, rows)| (date(value), rows))),
            ("arr_usd", most(&self.amounts).map(|(value, rows)| (value.to_string(), rows))),
            ("reason", most(&self.reasons).map(|(value, rows)| ((*value).to_owned(), rows))),
        ];
        let found =
            found.into_iter().filter_map(|(column, most)| most.map(|(value, rows)| (column, value, rows)));
        found.filter(|(.., rows)| *rows * 10 >= self.accounts * 9).collect()
    }

    /// For a person.
    pub(crate) fn text(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for account in &self.first {
            lines.push(shown::text(&shown::masked(account::to_wire(account))));
            lines.push(String::new());
        }
        let repeated = self.repeated();
        for (key, shared) in repeated.iter().take(REPEATED) {
            let (what, value) = key.words();
            let (ids, more) =
                (safe(&shared.first.join(", ")), if shared.accounts > NAMED as u64 { ", …" } else { "" });
            lines.push(format!(
                "the {what} {value} is that of {} accounts ({ids}{more}): what names it alone is nobody's",
                grouped(shared.accounts)
            ));
        }
        if repeated.len() > REPEATED {
            lines.push(format!("… and {} more keys of several accounts", repeated.len() - REPEATED));
        }
        for (column, value, rows) in self.constant() {
            lines.push(format!(
                "`{column}` is {value} in {} of {} rows: is it the right column?",
                grouped(rows),
                grouped(self.accounts)
            ));
        }
        lines.join("\n")
    }

    /// For a program.
    pub(crate) fn json(&self) -> Value {
        let first = self.first.iter().map(|account| shown::masked(account::to_wire(account)));
        let repeated = self.repeated().into_iter().map(|(key, shared)| {
            let (what, value) = key.words();
            json!({ "column": what, "value": value, "accounts": shared.accounts, "first": shared.first })
        });
        let constant = self.constant().into_iter();
        let constant =
            constant.map(|(column, value, rows)| json!({ "column": column, "value": value, "rows": rows }));
        json!({
            "accounts": self.accounts, "deleted": self.gone,
            "first": first.filter_map(|account| serde_json::to_value(&account).ok()).collect::<Vec<_>>(),
            "repeated": repeated.take(1_000).collect::<Vec<_>>(), "constant": constant.collect::<Vec<_>>(),
        })
    }
}

fn most<K: Eq + Hash + Ord>(counts: &HashMap<K, u64>) -> Option<(&K, u64)> {
    counts
        .iter()
        .max_by(|(left, a), (right, b)| a.cmp(b).then_with(|| right.cmp(left)))
        .map(|(value, rows)| (value, *rows))
}
