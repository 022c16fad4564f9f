//! The registrar's lane: a row's version comes from where and when it stands, and all that it remembers is who was erased.

use std::cell::{OnceCell, RefCell};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use winback_core::debounce::AccountChange;
use winback_core::ids::AccountId;
use winback_core::privacy::masked;
use winback_core::time::Time;
use winback_lane::{
    At, DeadLetter, Input, Output, Readiness, RestoreError, Role, Start, Step, StoredPosition, Urgency,
};
use winback_log::{Append, Defect, ForeignRecords, Message, TopicPartition};
use winback_proto::envelope::Envelope;
use winback_proto::{Encoding, WireMessage, account, inbox, v1};
use winback_sources::{Dead, EachHeader, Incoming, RowFormat, RowReader, SourceRow};

use crate::error::RowError;
use crate::known::{KnownAccounts, ListReader, NoList};
use crate::named::UnknownColumn;
use crate::note::Note;
use crate::row::{Row, RowRules, requested, version_of};
use crate::stated::{Statement, prohibitions};
use crate::suppression::{Admission, REQUEST_HEADER, Request, SuppressionKey, Suppressions};

const ACCOUNT_TYPE: &str = "winback.account.v1";
/// The time a record waits before the schema registry is asked again.
const SCHEMA_AWAY: Duration = Duration::from_secs(2);
/// The time a row waits before the privacy key is looked for again.
const KEY_AWAY: Duration = Duration::from_secs(1);
/// The time a row waits for the list.
const LIST_AWAY: Duration = Duration::from_millis(50);
/// Names of unknown columns that are told; a row can have any number.
const TOLD: usize = 200;

/// The target topics of a registrar.
#[derive(Clone, Debug)]
pub struct RegistrarTopics {
    /// The compacted list of accounts.
    pub accounts: Arc<str>,
    /// The inbox.
    pub inbox: Arc<str>,
    /// The erased accounts.
    pub suppressions: Arc<str>,
    /// The encoding of records.
    pub encoding: Encoding,
    /// The writer's name, as in `ce_source`.
    pub source: String,
}

/// The key and the hashes that a registrar holds rows against.
pub struct Guard {
    /// The deployment's key, asked for when somebody was erased and it is not known yet: it may have been made meanwhile.
    pub key: Box<dyn Fn() -> Option<SuppressionKey> + Send>,
    /// Told how many rows were refused.
    pub refused: Box<dyn Fn(u64) + Send>,
}

impl Guard {
    /// A guard for where nobody was erased.
    pub fn none() -> Self {
        Self { key: Box::new(|| None), refused: Box::new(|_| {}) }
    }
}

/// The role of a registrar lane.
pub struct RegistrarRole {
    topics: RegistrarTopics,
    guard: Guard,
    key: OnceCell<SuppressionKey>,
    suppressions: Suppressions,
    /// Records of who was erased that cannot be read.
    foreign: ForeignRecords,
    rows: RowReader,
    rules: RowRules,
    known: RefCell<KnownAccounts>,
    /// Unknown columns that were told.
    told: HashSet<String>,
    refused: u64,
    effects: bool,
}

impl RegistrarRole {
    /// A lane that writes to those topics, of rows as they are.
    pub fn new(topics: RegistrarTopics, guard: Guard) -> Self {
        let (key, suppressions) = (OnceCell::new(), Suppressions::default());
        let rows = RowReader::new(RowFormat::default(), None);
        let foreign = ForeignRecords::default();
        let known = RefCell::new(KnownAccounts::new(Box::new(NoList)));
        let (rules, told) = (RowRules::default(), HashSet::new());
        Self {
            topics,
            guard,
            key,
            suppressions,
            foreign,
            rows,
            rules,
            known,
            told,
            refused: 0,
            effects: false,
        }
    }

    /// The lane, reading columns by those rules.
    #[must_use]
    pub fn under(self, rules: RowRules) -> Self {
        Self { rules, ..self }
    }

    /// The lane, with a reader of the list as it is.
    #[must_use]
    pub fn knowing(self, reader: Box<dyn ListReader>) -> Self {
        Self { known: RefCell::new(KnownAccounts::new(reader)), ..self }
    }

    /// The lane, of rows that are written so.
    #[must_use]
    pub fn reading(self, rows: RowReader) -> Self {
        Self { rows, ..self }
    }

    /// The row of a record, put onto what is known; `None` if it is about no account.
    fn row(&mut self, message: &Message) -> Result<Option<Row>, DeadLetter> {
        let headers: &EachHeader<'_> = &|visit| message.each_header(visit);
        let incoming = message.value().map(|value| Incoming { value, headers });
        let read = self.rows.read(message.key(), incoming.as_ref());
        let read = read.map_err(|Dead { reason, text, .. }| letter(reason.as_str(), text))?;
        let row = match read {
            SourceRow::Gone(id) => return Ok(Some(Row::Gone(id.into()))),
            SourceRow::Nothing => return Ok(None),
            SourceRow::Row(row) => self.rules.read(&row, message.timestamp),
        };
        let refused = |why: &RowError| letter(why.reason(), why.to_string());
        if let Some(unknown) = row.unknown.iter().find(|unknown| unknown.forbids) {
            return Err(refused(&unknown.refusal()));
        }
        for unknown in row.unknown {
            if self.told.len() < TOLD && self.told.insert(unknown.name.clone()) {
                let UnknownColumn { name, nearest, .. } = unknown;
                let column = masked(&name).into_owned();
                tracing::warn!(column, nearest, "a column of accounts is not known and not read");
            }
        }
        match row.statement.map_err(|why| refused(&why))? {
            Statement::Nothing => Ok(None),
            Statement::Gone(id) => Ok(Some(Row::Gone(id))),
            Statement::Put(stated) => {
                let known = self.known.get_mut().get(stated.id()).map_err(|why| unreadable(&why))?;
                let version = version_of(message.timestamp, message.offset.0);
                let (account, notes) = stated.onto(known.as_ref(), version).map_err(|why| refused(&why))?;
                Ok(Some(Row::Put(Box::new(account), notes)))
            }
        }
    }

    fn put(&self, topic: &str, change: &AccountChange, value: Option<&[u8]>, at: Time, out: &mut Output) {
        let id = id_of(change);
        let envelope =
            Envelope::new(ACCOUNT_TYPE, id.as_str(), &self.topics.source, at, self.topics.encoding);
        envelope.headers(|headers| {
            out.append(&Append {
                topic,
                partition: None,
                key: Some(id.as_str().as_bytes()),
                value,
                headers,
                timestamp: None,
            });
        });
    }

    /// The change into the inbox, then into the list.
    fn write(&mut self, change: &AccountChange, value: Option<&[u8]>, at: Time, out: &mut Output) {
        let record: v1::InboxRecord = inbox::change_to_wire(change);
        let bytes = record.to_bytes(self.topics.encoding);
        self.put(&self.topics.inbox, change, Some(&bytes), at, out);
        self.put(&self.topics.accounts, change, value, at, out);
        self.known.get_mut().write(id_of(change), value);
    }

    /// An erasure: the hashes stay, the account goes. It stands in every partition of the topic, so all this happens more
    /// than once; the second time changes nothing.
    fn erase(&mut self, request: &Request, message: &Message, out: &mut Output) {
        for one in &request.0 {
            self.suppressions.add(*one);
            let value = one.record(message.timestamp).to_bytes(self.topics.encoding);
            out.append(&Append {
                topic: &self.topics.suppressions,
                partition: Some(winback_core::ids::Partition(0)),
                key: Some(&one.record_key()),
                value: Some(&value),
                headers: &[("content-type", self.topics.encoding.content_type().as_bytes())],
                timestamp: None,
            });
        }
        if let Some(id) = requested(message.value().unwrap_or_default()) {
            self.write(&AccountChange::Erased(id), None, message.timestamp, out);
        }
    }

    fn gone(&mut self, id: AccountId, at: Time, out: &mut Output) {
        let known = self.known.get_mut().get(&id).ok().flatten();
        let marks = known.map(|account| prohibitions(&account, at)).unwrap_or_default();
        if !marks.is_empty() {
            let marks = marks.join(", ");
            tracing::warn!(account = %id, marks, "an account leaves the list, and what it was marked with goes with it");
        }
        self.write(&AccountChange::Gone(id), None, at, out);
    }

    /// Holds a row against who was erased. False: it is not taken, and nothing of it is kept.
    fn admits(&self, row: &mut Row) -> bool {
        if self.suppressions.is_empty() {
            return true;
        }
        // Without the key no row gets here: `step` waits for it.
        let Some(key) = self.known_key() else { return false };
        let admission = match row {
            Row::Put(put, notes) => {
                let admission = self.suppressions.admit(key, put);
                if let Admission::Without(count) = admission {
                    notes.push(Note::Erased(count));
                }
                admission
            }
            Row::Gone(id) if self.suppressions.contains(&key.account(id.as_str())) => Admission::Refused,
            Row::Gone(_) => Admission::Taken,
        };
        admission != Admission::Refused
    }

    /// The reason why no row can be held against the erased accounts, if there is one.
    fn waits_for_key(&self) -> Option<String> {
        if self.suppressions.is_empty() {
            return None;
        }
        self.suppressions.refuses(self.known_key())
    }

    /// The key, asked for until there is one.
    fn known_key(&self) -> Option<&SuppressionKey> {
        if self.key.get().is_none() {
            // Set by nobody else: the cell is this thread's.
            (self.guard.key)().into_iter().for_each(|key| drop(self.key.set(key)));
        }
        self.key.get()
    }
}

const fn id_of(change: &AccountChange) -> &AccountId {
    match change {
        AccountChange::Upsert(account) => &account.id,
        AccountChange::Gone(id) | AccountChange::Erased(id) => id,
    }
}

/// The letter of a row whose account cannot be read in the list: that record may forbid.
fn unreadable(why: &str) -> DeadLetter {
    let text = format!(
        "the account's record in the list cannot be read, and may hold a prohibition: {why}; stop the members, run \
         `winback topics doctor`, and send this row again"
    );
    letter("bad_value", text)
}

fn letter(reason: &'static str, text: String) -> DeadLetter {
    DeadLetter { source: String::new(), element: None, reason, text }
}

impl Role for RegistrarRole {
    fn name(&self) -> &'static str {
        "registrar"
    }

    fn start(&mut self, _: &TopicPartition) -> Start {
        Start::Earliest
    }

    fn changelog(&self, _: &TopicPartition) -> Option<TopicPartition> {
        Some(TopicPartition::new(self.topics.suppressions.clone(), 0))
    }

    fn assigned(&mut self, _: &Input) {}

    fn restore(&mut self, _: &Input, rows: &[winback_lane::Row<'_>]) -> Result<(), RestoreError> {
        let topic = TopicPartition::new(self.topics.suppressions.clone(), 0);
        for row in rows {
            let restored = self.suppressions.restore(row.key, row.value);
            self.foreign.see(&topic, row.offset, row.key, &restored);
        }
        Ok(())
    }

    /// Of any kind: who was erased must not come back because a newer version names them by another key.
    fn unreadable(&self, _: &Input) -> Option<RestoreError> {
        let found = self.foreign.first(&[Defect::Key, Defect::Partition, Defect::Value])?;
        Some(RestoreError { offset: found.offset, why: found.unreadable.to_string() })
    }

    /// The positions are the group's; the list is read behind them.
    fn restored(&mut self, _: &Input) -> StoredPosition {
        self.known.get_mut().begin();
        StoredPosition::Unsupported
    }

    fn ready(&self) -> Readiness {
        let waits = self.waits_for_key().or_else(|| self.known.borrow_mut().waits_for());
        waits.map_or(Readiness::Ready, Readiness::Waiting)
    }

    fn step(&mut self, _: At<'_>, message: &Message, out: &mut Output) -> Step {
        if let Some(header) = message.header(REQUEST_HEADER) {
            self.effects = true;
            match Request::parse(&header) {
                Some(request) => self.erase(&request, message, out),
                None => {
                    let text =
                        "its header says that it is an erasure, and not of whom: `winback erase` writes them";
                    out.dead(letter("bad_value", text.to_owned()));
                }
            }
            return Step::Done;
        }
        // `ready` was asked before the batch; the first erasure may stand in it, in front of this row.
        if let Some(why) = self.waits_for_key() {
            tracing::warn!(why, "a row waits for the privacy key");
            return Step::Retry { after: KEY_AWAY };
        }
        if self.known.get_mut().waits_for().is_some() {
            return Step::Retry { after: LIST_AWAY };
        }
        if let Err(away) = self.rows.prepare(message.key(), message.value()) {
            tracing::warn!(%away, "a row waits for its schema");
            return Step::Retry { after: SCHEMA_AWAY };
        }
        self.effects = true;
        let mut row = match self.row(message) {
            Ok(Some(row)) => row,
            Ok(None) => return Step::Done,
            Err(letter) => {
                out.dead(letter);
                return Step::Done;
            }
        };
        if !self.admits(&mut row) {
            // No dead letter: it would keep what was asked to be gone.
            tracing::warn!("a row of an account that was erased is refused");
            self.refused += 1;
            return Step::Done;
        }
        match row {
            Row::Put(put, notes) => {
                for note in &notes {
                    tracing::warn!(account = %put.id, %note, "a row of an account is taken, but not all of it");
                }
                let value = account::to_wire(&put).to_bytes(self.topics.encoding);
                self.write(&AccountChange::Upsert(put), Some(&value), message.timestamp, out);
            }
            Row::Gone(id) => self.gone(id, message.timestamp, out),
        }
        Step::Done
    }

    fn committed(&mut self) {
        self.effects = false;
        self.known.get_mut().committed();
        (self.guard.refused)(std::mem::take(&mut self.refused));
    }

    fn rolled_back(&mut self) {
        (self.effects, self.refused) = (false, 0);
        self.known.get_mut().rolled_back();
    }

    fn released(&mut self, _: &Input) {}

    fn urgency(&self) -> Urgency {
        if self.effects { Urgency::Soon } else { Urgency::Lazy }
    }
}
