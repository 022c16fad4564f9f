//! The Kafka client's own statistics, one set a lane.

use super::list::{self, Def, Gauge};
use super::{GaugePart, Metrics};

static BY_NAME: &[(&str, &Def<Gauge, 1>)] = &[
    ("rx_bytes", &list::KAFKA_RX_BYTES),
    ("tx_bytes", &list::KAFKA_TX_BYTES),
    ("rx_messages", &list::KAFKA_RX_MESSAGES),
    ("tx_messages", &list::KAFKA_TX_MESSAGES),
    ("fetch_queue_messages", &list::KAFKA_FETCH_QUEUE_MESSAGES),
    ("fetch_queue_bytes", &list::KAFKA_FETCH_QUEUE_BYTES),
    ("send_queue_messages", &list::KAFKA_SEND_QUEUE_MESSAGES),
    ("send_queue_bytes", &list::KAFKA_SEND_QUEUE_BYTES),
    ("rtt_seconds", &list::KAFKA_RTT_SECONDS),
    ("throttle_seconds", &list::KAFKA_THROTTLE_SECONDS),
];

/// A lane's parts of the client gauges; withdrawn when dropped.
pub struct KafkaStatistics(Vec<(&'static str, GaugePart)>);

impl KafkaStatistics {
    /// For a lane of `role`.
    pub fn new(metrics: &Metrics, role: &str) -> Self {
        Self(BY_NAME.iter().map(|(name, def)| (*name, metrics.gauge(def, [role]))).collect())
    }

    /// The names that are exported; a log's statistics use these.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BY_NAME.iter().map(|(name, _)| *name)
    }

    /// Takes what a session reports; a name that is not in [`Self::names`] is left out.
    pub fn record(&self, statistics: &[(&'static str, f64)]) {
        for (name, value) in statistics {
            if let Some((_, part)) = self.0.iter().find(|(known, _)| known == name) {
                part.set(*value);
            }
        }
    }
}
