//! The messages of librdkafka to its clients: logs, errors, statistics, rebalances, delivery reports.
//!
//! They are only noted here. The lane answers a rebalance later, on its own thread, after the end of its transaction;
//! librdkafka waits for that answer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Message, TopicPartitionList};
use winback_log::{GroupEvent, TopicPartition};

use super::classify::code_of;
use super::logs::Logs;

/// The notes of every client.
#[derive(Debug, Default)]
struct Notes {
    logs: Logs,
    statistics: Mutex<Vec<u8>>,
}

impl Notes {
    fn error(&self, error: &KafkaError, reason: &str) {
        self.logs.take(RDKafkaLogLevel::Warning, "error", &format!("{error}: {reason}"));
    }

    fn statistics(&self, json: &[u8]) {
        let mut kept = self.statistics.lock();
        kept.clear();
        kept.extend_from_slice(json);
    }
}

/// A consumer's.
#[derive(Debug, Default)]
pub(crate) struct GroupContext {
    notes: Notes,
    events: Mutex<VecDeque<GroupEvent>>,
    /// The rebalance that librdkafka waits for the answer to.
    unanswered: Mutex<Option<GroupEvent>>,
    closing: AtomicBool,
}

impl GroupContext {
    /// The oldest rebalance that was not taken yet.
    pub(super) fn next_event(&self) -> Option<GroupEvent> {
        self.events.lock().pop_front()
    }

    /// True if librdkafka waits for the lane's answer.
    pub(super) fn is_unanswered(&self) -> bool {
        self.unanswered.lock().is_some()
    }

    /// The lane answered the last rebalance.
    pub(super) fn answered(&self) {
        *self.unanswered.lock() = None;
    }

    /// From here on rebalances are answered at once: nobody works on the partitions any more. A close would wait for
    /// the answer to an earlier one, so that is given here.
    pub(super) fn close(&self, consumer: &BaseConsumer<Self>) {
        self.closing.store(true, Ordering::Relaxed);
        let unanswered = self.unanswered.lock().take();
        match unanswered {
            None => {}
            Some(GroupEvent::Assigned(_)) => answer(consumer, true, &TopicPartitionList::new()),
            Some(GroupEvent::Revoked(partitions) | GroupEvent::Lost(partitions)) => {
                let mut gone = TopicPartitionList::new();
                for partition in &partitions {
                    gone.add_partition(&partition.topic, partition.partition.0);
                }
                answer(consumer, false, &gone);
            }
        }
    }

    /// The newest statistics, as JSON.
    pub(super) fn take_statistics(&self) -> Vec<u8> {
        std::mem::take(&mut self.notes.statistics.lock())
    }
}

impl ClientContext for GroupContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.notes.logs.take(level, facility, message);
    }

    fn stats_raw(&self, json: &[u8]) {
        self.notes.statistics(json);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.notes.error(&error, reason);
    }
}

impl ConsumerContext for GroupContext {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        if self.closing.load(Ordering::Relaxed) {
            let assigned = what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
            let none = TopicPartitionList::new();
            return answer(consumer, assigned, if assigned { &none } else { partitions });
        }
        let partitions: Vec<_> = partitions
            .elements()
            .iter()
            .map(|element| TopicPartition::new(element.topic(), element.partition()))
            .collect();
        let event = if what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            GroupEvent::Assigned(partitions)
        } else if consumer.assignment_lost() {
            GroupEvent::Lost(partitions)
        } else {
            GroupEvent::Revoked(partitions)
        };
        *self.unanswered.lock() = Some(event.clone());
        self.events.lock().push_back(event);
    }
}

/// Answers a rebalance for who is leaving. An answer that is refused leaves the membership to its time-out; there is
/// nobody to tell.
fn answer(consumer: &BaseConsumer<GroupContext>, assigned: bool, partitions: &TopicPartitionList) {
    let answered = match (consumer.rebalance_protocol(), assigned) {
        (RebalanceProtocol::Cooperative, true) => consumer.incremental_assign(partitions),
        (RebalanceProtocol::Cooperative, false) => consumer.incremental_unassign(partitions),
        (RebalanceProtocol::Eager | RebalanceProtocol::None, _) => consumer.unassign(),
    };
    if let Err(error) = answered {
        tracing::debug!(%error, "a rebalance could not be answered while leaving");
    }
}

/// A producer's.
#[derive(Debug, Default)]
pub(super) struct WriteContext {
    notes: Notes,
    failed: AtomicU64,
    first: Mutex<Option<(RDKafkaErrorCode, String)>>,
    needs_new_epoch: AtomicBool,
}

impl WriteContext {
    /// The number of unwritten records since the last call, and the error of the first.
    pub(super) fn take_failures(&self) -> Option<(u64, RDKafkaErrorCode, String)> {
        let count = self.failed.swap(0, Ordering::Relaxed);
        let (code, text) = self.first.lock().take()?;
        Some((count, code, text))
    }

    /// A request of before may still be on its way.
    pub(super) fn need_new_epoch(&self) {
        self.needs_new_epoch.store(true, Ordering::Relaxed);
    }

    /// True if a connection broke or a request timed out since the last call: an earlier request may still be on its
    /// way.
    pub(super) fn take_needs_new_epoch(&self) -> bool {
        self.needs_new_epoch.swap(false, Ordering::Relaxed)
    }

    /// The newest statistics, as JSON.
    pub(super) fn take_statistics(&self) -> Vec<u8> {
        std::mem::take(&mut self.notes.statistics.lock())
    }
}

/// librdkafka raises an error for a connection that failed, but not for one that the other side closed, nor for a request
/// that timed out; these lines it writes for all of them. See [`super::options::KafkaOptions::transactional`].
const CONNECTION_FAILURES: [&str; 2] = ["FAIL", "REQTMOUT"];

impl ClientContext for WriteContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if CONNECTION_FAILURES.contains(&facility) {
            self.need_new_epoch();
        }
        if !matches!(level, RDKafkaLogLevel::Debug) {
            self.notes.logs.take(level, facility, message);
        }
    }

    fn stats_raw(&self, json: &[u8]) {
        self.notes.statistics(json);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.need_new_epoch();
        self.notes.error(&error, reason);
    }
}

impl ProducerContext for WriteContext {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let Err((error, record)) = result else { return };
        self.failed.fetch_add(1, Ordering::Relaxed);
        let code = code_of(error);
        self.first.lock().get_or_insert_with(|| (code, format!("{}: {code}", record.topic())));
    }
}

/// A client's that only asks.
#[derive(Debug, Default)]
pub(super) struct RequestContext {
    notes: Notes,
}

impl ClientContext for RequestContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.notes.logs.take(level, facility, message);
    }

    fn stats_raw(&self, _: &[u8]) {}

    fn error(&self, error: KafkaError, reason: &str) {
        self.notes.error(&error, reason);
    }
}
