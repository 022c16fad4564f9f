//! Effects and changed rows as records.

use std::sync::Arc;

use winback_core::debounce::{Decision, Partition, StateKey, StateRow, Trigger, shadow};
use winback_core::ids::{Offset, Partition as Number};
use winback_core::time::Time;
use winback_lane::Output;
use winback_log::Append;
use winback_proto::envelope::{Envelope, INBOX_POSITION, TRACEPARENT};
use winback_proto::{Encoding, WireMessage, decision, state, trigger};

const TRIGGER_TYPE: &str = "winback.trigger.v1";
const DECISION_TYPE: &str = "winback.decision.v1";

/// The target topics of a detector.
#[derive(Clone, Debug)]
pub struct DetectorTopics {
    /// Triggers.
    pub triggers: Arc<str>,
    /// Triggers of policies in shadow, which nobody acts on.
    pub shadow_triggers: Arc<str>,
    /// Decisions.
    pub decisions: Arc<str>,
    /// The state, a partition for each of the inbox.
    pub changelog: Arc<str>,
    /// The number of partitions of the inbox.
    pub inbox_partitions: i32,
    /// The encoding of triggers and decisions; the state is always protobuf.
    pub encoding: Encoding,
    /// The writer's name, as in `ce_source`.
    pub source: String,
}

/// The inbox record that an effect comes from.
pub(crate) struct Cause {
    pub(crate) partition: Number,
    pub(crate) offset: Offset,
    pub(crate) trace: Option<String>,
}

impl DetectorTopics {
    pub(crate) fn trigger(&self, fired: &Trigger, cause: &Cause, out: &mut Output) {
        let wire = trigger::to_wire(fired);
        let position = format!("{}/{}", cause.partition, cause.offset);
        let envelope = self
            .envelope(TRIGGER_TYPE, wire.id.clone(), fired.fired_at, cause)
            .with(INBOX_POSITION, position);
        let in_shadow = shadow::is_shadow(fired.policy.as_str());
        let topic = if in_shadow { &self.shadow_triggers } else { &self.triggers };
        self.append(topic, fired.account.id.as_str(), &envelope, &wire, out);
    }

    pub(crate) fn decision(&self, made: &Decision, cause: &Cause, out: &mut Output) {
        let wire = decision::to_wire(made, cause.partition, cause.offset);
        let id = format!("{}/{}/{}/{}", cause.partition, cause.offset, made.policy, out.len());
        let envelope = self.envelope(DECISION_TYPE, id, made.at, cause);
        self.append(&self.decisions, made.account.as_str(), &envelope, &wire, out);
    }

    fn envelope(&self, kind: &'static str, id: String, at: Time, cause: &Cause) -> Envelope {
        let envelope = Envelope::new(kind, id, &self.source, at, self.encoding);
        match &cause.trace {
            Some(trace) => envelope.with(TRACEPARENT, trace.clone()),
            None => envelope,
        }
    }

    fn append(&self, topic: &str, key: &str, envelope: &Envelope, wire: &impl WireMessage, out: &mut Output) {
        envelope.headers(|headers| {
            let key = Some(key.as_bytes());
            let append = Append { topic, partition: None, key, value: None, headers, timestamp: None };
            out.append_with(&append, |bytes| wire.write(self.encoding, bytes));
        });
    }

    /// The rows that changed, into the changelog's partition of the same number.
    pub(crate) fn changes(&self, partition: &Partition, number: Number, out: &mut Output) {
        partition.changes(|key, row| self.row(number, &key, row.as_ref(), out));
    }

    fn row(&self, number: Number, key: &StateKey, row: Option<&StateRow>, out: &mut Output) {
        let key = state::key_to_bytes(key);
        let append = Append {
            topic: &self.changelog,
            partition: Some(number),
            key: Some(&key),
            value: None,
            headers: &[],
            timestamp: None,
        };
        match row {
            Some(row) => {
                out.append_with(&append, |bytes| state::row_to_wire(row).write(Encoding::Protobuf, bytes));
            }
            None => out.append(&append),
        }
    }
}
