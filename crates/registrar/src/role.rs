//! The registrar's lane: a row's version comes from where and when it stands, and all that it remembers is who was erased.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use winback_core::debounce::AccountChange;
use winback_core::time::Time;
use winback_lane::{At, DeadLetter, Input, Output, Readiness, RestoreError, Role, Start, Step, Urgency};
use winback_log::{Append, Defect, ForeignRecords, Message, TopicPartition};
use winback_proto::envelope::Envelope;
use winback_proto::{Encoding, WireMessage, account, inbox, v1};
use winback_sources::{Dead, EachHeader, Incoming, RowFormat, RowReader, SourceRow};

use crate::row::{Row, read_row, requested, version_of};
use crate::suppression::{Admission, REQUEST_HEADER, Request, SuppressionKey, Suppressions};

const ACCOUNT_TYPE: &str = "winback.account.v1";
/// The time a record waits before the schema registry is asked again.
const SCHEMA_AWAY: Duration = Duration::from_secs(2);
/// The time a row waits before the privacy key is looked for again.
const KEY_AWAY: Duration = Duration::from_secs(1);

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
    refused: u64,
    effects: bool,
}

impl RegistrarRole {
    /// A lane that writes to those topics, of rows as they are.
    pub fn new(topics: RegistrarTopics, guard: Guard) -> Self {
        let (key, suppressions) = (OnceCell::new(), Suppressions::default());
        let rows = RowReader::new(RowFormat::default(), None);
        let foreign = ForeignRecords::default();
        Self { topics, guard, key, suppressions, foreign, rows, refused: 0, effects: false }
    }

    /// The lane, of rows that are written so.
    #[must_use]
    pub fn reading(self, rows: RowReader) -> Self {
        Self { rows, ..self }
    }

    /// The row of a record; `None` if it is about no account.
    fn row(&self, message: &Message) -> Result<Option<Row>, DeadLetter> {
        let headers: &EachHeader<'_> = &|visit| message.each_header(visit);
        let incoming = message.value().map(|value| Incoming { value, headers });
        let read = self.rows.read(message.key(), incoming.as_ref());
        let read = read.map_err(|Dead { reason, text, .. }| letter(reason.as_str(), text))?;
        match read {
            SourceRow::Gone(id) => Ok(Some(Row::Gone(id.into()))),
            SourceRow::Nothing => Ok(None),
            SourceRow::Row(row) => {
                let version = version_of(message.timestamp, message.offset.0);
                let row = read_row(&row, version).map_err(|why| letter(why.reason(), why.to_string()))?;
                Ok(Some(row))
            }
        }
    }

    fn put(&self, topic: &str, change: &AccountChange, value: Option<&[u8]>, at: Time, out: &mut Output) {
        let id = match change {
            AccountChange::Upsert(account) => &account.id,
            AccountChange::Gone(id) | AccountChange::Erased(id) => id,
        };
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
    fn write(&self, change: &AccountChange, value: Option<&[u8]>, at: Time, out: &mut Output) {
        let record: v1::InboxRecord = inbox::change_to_wire(change);
        let bytes = record.to_bytes(self.topics.encoding);
        self.put(&self.topics.inbox, change, Some(&bytes), at, out);
        self.put(&self.topics.accounts, change, value, at, out);
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
                    notes.push(format!("{count} of its contacts were erased and are left out"));
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

    fn ready(&self) -> Readiness {
        self.waits_for_key().map_or(Readiness::Ready, Readiness::Waiting)
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
                notes.iter().for_each(
                    |note| tracing::warn!(account = %put.id, note, "a key of an account is left out"),
                );
                let value = account::to_wire(&put).to_bytes(self.topics.encoding);
                self.write(&AccountChange::Upsert(put), Some(&value), message.timestamp, out);
            }
            Row::Gone(id) => self.write(&AccountChange::Gone(id), None, message.timestamp, out),
        }
        Step::Done
    }

    fn committed(&mut self) {
        self.effects = false;
        (self.guard.refused)(std::mem::take(&mut self.refused));
    }

    fn rolled_back(&mut self) {
        (self.effects, self.refused) = (false, 0);
    }

    fn released(&mut self, _: &Input) {}

    fn urgency(&self) -> Urgency {
        if self.effects { Urgency::Soon } else { Urgency::Lazy }
    }
}
