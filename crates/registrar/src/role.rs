//! The registrar's lane: it keeps no state; a row's version comes from where and when it stands.

use std::sync::Arc;

use winback_core::debounce::AccountChange;
use winback_core::time::Time;
use winback_lane::{At, DeadLetter, Input, Output, Role, Start, Step, Urgency};
use winback_log::{Append, Message, TopicPartition};
use winback_proto::envelope::Envelope;
use winback_proto::{Encoding, WireMessage, account, inbox, v1};

use crate::row::{Row, read_row, version_of};

const ACCOUNT_TYPE: &str = "winback.account.v1";

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
    effects: bool,
}

impl RegistrarRole {
    /// A lane that writes to those topics.
    pub const fn new(topics: RegistrarTopics) -> Self {
        Self { topics, effects: false }
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
        self.effects = true;
        let version = version_of(message.timestamp, message.offset.0);
        let row = match (message.value(), message.key()) {
            (Some(value), _) => read_row(value, version),
            // A tombstone of a foreign list: its key is the account's id.
            (None, Some(key)) => Ok(Row::Gone(String::from_utf8_lossy(key).into_owned().into())),
            (None, None) => read_row(b"", version),
        };
        let (change, value) = match row {
            Ok(Row::Put(put, notes)) => {
                notes.iter().for_each(
                    |note| tracing::warn!(account = %put.id, note, "a key of an account is left out"),
                );
                let value = account::to_wire(&put).to_bytes(self.topics.encoding);
                (AccountChange::Upsert(put), Some(value))
            }
            Ok(Row::Gone(id)) => (AccountChange::Gone(id), None),
            Err(why) => {
                let text = why.to_string();
                out.dead(DeadLetter { source: String::new(), element: None, reason: why.reason(), text });
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
