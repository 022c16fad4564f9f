//! Events about many accounts: one record in every partition of the inbox, in the transaction of its source record.
//!
//! The detector knows which accounts it concerns, because it owns them. No look-up happens here.

use winback_core::ids::Partition;
use winback_lane::Output;
use winback_log::Append;
use winback_proto::envelope::{Envelope, TRACEPARENT, passed_on};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{WireMessage, inbox, v1};
use winback_sources::Broadcast;

use crate::door;
use crate::forward::Forward;
use crate::tally::Tally;

/// The type of its event.
const EVENT_TYPE: &str = "winback.event.v1";

impl Forward<'_> {
    /// Writes an event into every partition.
    pub(crate) fn broadcast(&self, broadcast: Broadcast, tally: &mut Tally, out: &mut Output) {
        if self.refused_as_ahead(broadcast.at, tally, out) {
            return;
        }
        tally.broadcast += 1;
        let event = door::event(broadcast, self.source, self.append_time);
        let id = format!("{}:{}", self.source, event.id);
        let mut envelope =
            Envelope::new(EVENT_TYPE, id, &self.inbox.source, self.append_time, self.inbox.encoding);
        if let Some(trace) = self.message.header(TRACEPARENT).and_then(|trace| passed_on(&trace)) {
            envelope = envelope.with(TRACEPARENT, trace);
        }
        let wire = inbox::event_to_wire(&event, self.input.as_str(), self.offset);
        let bytes = v1::InboxRecord { body: Some(Body::Event(wire)) }.to_bytes(self.inbox.encoding);
        envelope.headers(|headers| {
            for partition in 0..self.inbox.partitions {
                out.append(&Append {
                    topic: &self.inbox.topic,
                    partition: Some(Partition(partition)),
                    key: None,
                    value: Some(&bytes),
                    headers,
                    timestamp: None,
                });
            }
        });
    }
}
