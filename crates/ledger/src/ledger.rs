//! The ledger: batches of facts, each in one SQL transaction with the positions that it reaches.

use std::collections::BTreeSet;
use std::path::Path;

use winback_core::time::{Span, Time};
use winback_log::Message;

use crate::erasure::{Erased, KeySource};
use crate::lock::KeeperLock;
use crate::store::{transact, values};
use crate::{Database, Fact, Feed, LedgerError, Sqlite, Value, derive, read, schema, write};

/// The longest reason that is kept of a refused record: it quotes no value of it.
const REASON_BYTES: usize = 200;
/// The first byte of the key of an erased account's record.
const ERASED_ACCOUNT: u8 = b'a';

/// A record that holds no fact that this version understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The record.
    pub position: i64,
    /// The fault.
    pub why: String,
    /// The record's time.
    pub at: Time,
}

/// A move of the ledger's position in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The position that was read from.
    pub from: i64,
    /// The record that is read next.
    pub to: i64,
}

/// The facts of some records, with the moves of positions over them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    facts: Vec<(String, Fact, Time)>,
    erased: Vec<(String, Time)>,
    refused: Vec<Refused>,
    moves: Vec<Move>,
}

impl Batch {
    /// Takes a record of the topic in. Positions are moved by [`Batch::moved`].
    pub fn take(&mut self, feed: Feed, topic: &str, message: &Message) {
        let at = message.timestamp;
        if feed == Feed::Suppressions {
            let key = message.key().unwrap_or_default();
            if message.value().is_some() && key.first() == Some(&ERASED_ACCOUNT) {
                self.erased.push((hex::encode(key), at));
            }
            return;
        }
        match read(feed, message) {
            Ok(Some((account, fact))) => self.facts.push((account, fact, at)),
            Ok(None) => {}
            Err(why) => self.refused.push(Refused {
                topic: topic.to_owned(),
                partition: message.partition.0,
                position: message.offset.0,
                why: winback_core::privacy::words(&why, REASON_BYTES).into_owned(),
                at,
            }),
        }
    }

    /// The batch has read the partition up to there.
    pub fn moved(&mut self, step: Move) {
        self.moves.push(step);
    }

    /// True if there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty()
    }

    /// The number of facts.
    pub fn len(&self) -> usize {
        self.facts.len() + self.erased.len()
    }

    /// The number of records that hold no fact that this version understands.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }
}

/// A ledger that is kept by this member.
pub struct Ledger {
    database: Box<dyn Database>,
    window: Span,
    key: KeySource,
    epoch: i64,
    erased: Erased,
    _lock: Option<KeeperLock>,
}

impl Ledger {
    /// Opens the file; makes it where it is not there. It has one keeper.
    ///
    /// # Errors
    /// Names the file, the fault and the fix.
    pub fn open(path: &Path, window: Span, key: KeySource) -> Result<Self, LedgerError> {
        let lock = KeeperLock::take(path)?;
        let mut ledger = Self::over(Box::new(Sqlite::open(path)?), window, key)?;
        ledger._lock = Some(lock);
        Ok(ledger)
    }

    /// Begins to keep the database: every earlier member is late from here on.
    ///
    /// # Errors
    /// If it cannot be written, or a newer version wrote it.
    pub fn over(mut database: Box<dyn Database>, window: Span, key: KeySource) -> Result<Self, LedgerError> {
        schema::migrate(&mut *database)?;
        let (epoch, derived) = transact(&mut *database, |database| {
            database.execute("UPDATE keeper SET epoch = epoch + 1 WHERE id = 1", &[])?;
            let rows = database.query("SELECT epoch, attribution_ms FROM keeper WHERE id = 1", &[])?;
            let number = |column| rows.first().and_then(|row| row.get(column)).map_or(0, Value::int);
            database.execute("UPDATE positions SET epoch = ?1", values![number(0)])?;
            Ok((number(0), Span::from_millis(number(1))))
        })?;
        let erased = Erased::load(&mut *database)?;
        let mut ledger = Self { database, window, key, epoch, erased, _lock: None };
        if derived != window {
            ledger.derive_anew()?;
        }
        Ok(ledger)
    }

    /// Derives all spells: another window gives returns to other touches.
    fn derive_anew(&mut self) -> Result<(), LedgerError> {
        let window = self.window;
        transact(&mut *self.database, |database| {
            for account in write::accounts(database)? {
                derive_one(database, &account, window)?;
            }
            let sql = "UPDATE keeper SET attribution_ms = ?1 WHERE id = 1";
            database.execute(sql, values![window.millis()]).map(drop)
        })
    }

    /// The positions of the partitions; a partition that is new to the ledger begins at 0.
    ///
    /// # Errors
    /// If the database cannot be written, or another member has taken over.
    pub fn positions(&mut self, partitions: &[(String, i32)]) -> Result<Vec<i64>, LedgerError> {
        let epoch = self.epoch;
        transact(&mut *self.database, |database| {
            let sql = "SELECT epoch FROM keeper WHERE id = 1 AND epoch = ?1";
            if database.query(sql, values![epoch])?.is_empty() {
                return Err(LedgerError::Late {
                    path: database.name(),
                    what: "the ledger's epoch".to_owned(),
                });
            }
            let mut positions = Vec::with_capacity(partitions.len());
            for (topic, partition) in partitions {
                let values = values![topic, i64::from(*partition), epoch];
                let sql = "INSERT INTO positions (topic, partition_number, position, epoch) VALUES (?1, ?2, 0, ?3) \
                           ON CONFLICT DO NOTHING";
                database.execute(sql, values)?;
                let sql = "SELECT position FROM positions WHERE topic = ?1 AND partition_number = ?2";
                let rows = database.query(sql, values![topic, i64::from(*partition)])?;
                positions.push(rows.first().and_then(|row| row.first()).map_or(0, Value::int));
            }
            Ok(positions)
        })
    }

    /// Writes facts and positions in one transaction; nothing of it is there after an error.
    ///
    /// # Errors
    /// If the database cannot be written, the key of an erasure is not known, or another member has taken over.
    pub fn apply(&mut self, batch: &Batch) -> Result<(), LedgerError> {
        let (window, epoch, key) = (self.window, self.epoch, &self.key);
        let mut erased = (!batch.erased.is_empty()).then(|| self.erased.clone());
        let known = &self.erased;
        let replaced = transact(&mut *self.database, |database| {
            for step in &batch.moves {
                advance(database, step, epoch)?;
            }
            let replaced = match &mut erased {
                Some(erased) => erased.erase(database, key, &batch.erased)?,
                None => false,
            };
            let names = erased.as_ref().unwrap_or(known);
            let mut touched = BTreeSet::new();
            for (account, fact, learned) in &batch.facts {
                let account = names.name(key, account)?;
                write::put(database, &account, fact, *learned)?;
                touched.insert(account);
            }
            for account in touched {
                derive_one(database, &account, window)?;
            }
            batch.refused.iter().try_for_each(|refused| refuse(database, refused))?;
            Ok(replaced)
        })?;
        if let Some(erased) = erased {
            self.erased = erased;
        }
        if replaced { self.database.scrub() } else { Ok(()) }
    }

    /// Notes that the log removed records before the ledger read them, and goes on behind them.
    ///
    /// # Errors
    /// As [`Ledger::apply`].
    pub fn skip(&mut self, step: &Move) -> Result<(), LedgerError> {
        let epoch = self.epoch;
        transact(&mut *self.database, |database| {
            advance(database, step, epoch)?;
            if step.from == 0 {
                // What was gone before the ledger began is no gap.
                return Ok(());
            }
            let sql = "INSERT INTO gaps (topic, partition_number, from_position, to_position) VALUES (?1, ?2, ?3, ?4) \
                       ON CONFLICT DO NOTHING";
            database
                .execute(sql, values![&step.topic, i64::from(step.partition), step.from, step.to])
                .map(drop)
        })
    }

    /// Has the log read again from its first record; deletes nothing.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub fn rewind(&mut self) -> Result<(), LedgerError> {
        transact(&mut *self.database, |database| {
            database.execute("UPDATE positions SET position = 0", &[]).map(drop)
        })
    }

    /// The error for a position that the log does not have.
    pub fn ahead(&self, what: &str, position: i64, end: i64) -> LedgerError {
        LedgerError::Ahead { path: self.database.name(), what: what.to_owned(), position, end }
    }
}

/// Moves a position, unless somebody else did.
fn advance(database: &mut dyn Database, step: &Move, epoch: i64) -> Result<(), LedgerError> {
    let sql = "UPDATE positions SET position = ?1 WHERE topic = ?2 AND partition_number = ?3 AND position = ?4 AND epoch = ?5";
    let values = values![step.to, &step.topic, i64::from(step.partition), step.from, epoch];
    if database.execute(sql, values)? == 1 {
        return Ok(());
    }
    let what = format!("{}/{}", step.topic, step.partition);
    Err(LedgerError::Late { path: database.name(), what })
}

fn derive_one(database: &mut dyn Database, account: &str, window: Span) -> Result<(), LedgerError> {
    let facts = write::facts(database, account, Time::MAX)?;
    write::replace(database, account, &derive::spells(&facts, window))
}

fn refuse(database: &mut dyn Database, refused: &Refused) -> Result<(), LedgerError> {
    let sql = "INSERT INTO refused (topic, partition_number, position, why, learned_at) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT DO NOTHING";
    let values = values![
        &refused.topic,
        i64::from(refused.partition),
        refused.position,
        &refused.why,
        refused.at.millis()
    ];
    database.execute(sql, values).map(drop)
}
