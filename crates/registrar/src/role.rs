//! The registrar's lane: it keeps no state; a row's version comes from where and when it stands.

use std::sync::Arc;
use std::time::Duration;

use winback_core::debounce::AccountChange;
use winback_core::time::Time;
use winback_lane::{At, DeadLetter, Input, Output, Role, Start, Step, Urgency};
use winback_log::{Append, Message, TopicPartition};
use winback_proto::envelope::Envelope;
use winback_proto::{Encoding, WireMessage, account, inbox, v1};
use winback_sources::{Dead, EachHeader, Incoming, RowFormat, RowReader, SourceRow};

use crate::row::{Row, read_row, version_of};

const ACCOUNT_TYPE: &str = "winback.account.v1";
/// How long a record waits before the schema registry is asked again.
const SCHEMA_AWAY: Duration = Duration::from_secs(2);

/// Where a registrar writes.
#[derive(Clone, Debug)]
pub struct RegistrarTopics {
    /// The compacted list of accounts.
    pub accounts: Arc<str>,
    /// The inbox.
    pub inbox: Arc<str>,
    /// How records are written.
    pub encoding: Encoding,
    /// Who writes, as `ce_source` says it.
    pub source: String,
}

/// The role of a registrar lane.
pub struct RegistrarRole {
    topics: RegistrarTopics,
    rows: RowReader,
    effects: bool,
}

impl RegistrarRole {
    /// A lane that writes to those topics, of rows as they are.
    pub fn new(topics: RegistrarTopics) -> Self {
        Self { topics, rows: RowReader::new(RowFormat::default(), None), effects: false }
    }

    /// The lane, of rows that are written so.
    #[must_use]
    pub fn reading(self, rows: RowReader) -> Self {
        Self { rows, ..self }
    }

    /// What a record says; `None` where it is about no account.
    fn row(&self, message: &Message) -> Result<Option<Row>, DeadLetter> {
        let letter = |reason, text| DeadLetter { source: String::new(), element: None, reason, text };
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
}

impl Role for RegistrarRole {
    fn name(&self) -> &'static str {
        "registrar"
    }

    fn start(&mut self, _: &TopicPartition) -> Start {
        Start::Earliest
    }

    fn assigned(&mut self, _: &Input) {}

    fn step(&mut self, _: At<'_>, message: &Message, out: &mut Output) -> Step {
        if let Err(away) = self.rows.prepare(message.key(), message.value()) {
            tracing::warn!(%away, "a row waits for its schema");
            return Step::Retry { after: SCHEMA_AWAY };
        }
        self.effects = true;
        let (change, value) = match self.row(message) {
            Ok(Some(Row::Put(put, notes))) => {
                notes.iter().for_each(
                    |note| tracing::warn!(account = %put.id, note, "a key of an account is left out"),
                );
                let value = account::to_wire(&put).to_bytes(self.topics.encoding);
                (AccountChange::Upsert(put), Some(value))
            }
            Ok(Some(Row::Gone(id))) => (AccountChange::Gone(id), None),
            Ok(None) => return Step::Done,
            Err(letter) => {
                out.dead(letter);
                return Step::Done;
            }
        };
        let (accounts, inbox) = (self.topics.accounts.clone(), self.topics.inbox.clone());
        let record: v1::InboxRecord = inbox::change_to_wire(&change);
        let bytes = record.to_bytes(self.topics.encoding);
        self.put(&inbox, &change, Some(&bytes), message.timestamp, out);
        self.put(&accounts, &change, value.as_deref(), message.timestamp, out);
        Step::Done
    }

    fn committed(&mut self) {
        self.effects = false;
    }

    fn rolled_back(&mut self) {
        self.effects = false;
    }

    fn released(&mut self, _: &Input) {}

    fn urgency(&self) -> Urgency {
        if self.effects { Urgency::Soon } else { Urgency::Lazy }
    }
}
