//! A few figures of librdkafka's statistics, for metrics.

use serde_json::Value;

/// The newest figures of a session's clients.
#[derive(Debug, Default)]
pub(super) struct Latest {
    consumer: Vec<(&'static str, f64)>,
    producer: Vec<(&'static str, f64)>,
}

/// A figure's name and where it stands.
type Figures = [(&'static str, &'static str)];

const CONSUMER: &Figures = &[
    ("consumer_received_bytes", "/rx_bytes"),
    ("consumer_sent_bytes", "/tx_bytes"),
    ("consumer_received_records", "/rxmsgs"),
    ("consumer_operations_waiting", "/replyq"),
    ("consumer_rebalances", "/cgrp/rebalance_cnt"),
    ("consumer_assigned_partitions", "/cgrp/assignment_size"),
];

const PRODUCER: &Figures = &[
    ("producer_received_bytes", "/rx_bytes"),
    ("producer_sent_bytes", "/tx_bytes"),
    ("producer_sent_records", "/txmsgs"),
    ("producer_queue_records", "/msg_cnt"),
    ("producer_queue_bytes", "/msg_size"),
    ("producer_epochs", "/eos/epoch_cnt"),
];

impl Latest {
    /// Takes newer statistics, where there are any, and gives the newest.
    pub(super) fn update(&mut self, consumer: &[u8], producer: &[u8]) -> Vec<(&'static str, f64)> {
        if let Ok(json) = serde_json::from_slice(consumer) {
            self.consumer = figures(&json, CONSUMER);
            self.consumer.push(("consumer_queue_records", over_partitions(&json, "fetchq_cnt")));
            self.consumer.push(("consumer_queue_bytes", over_partitions(&json, "fetchq_size")));
            self.consumer
                .extend(round_trips(&json, ["consumer_rtt_avg_seconds", "consumer_rtt_p99_seconds"]));
        }
        if let Ok(json) = serde_json::from_slice(producer) {
            self.producer = figures(&json, PRODUCER);
            self.producer.push(("producer_in_transaction", in_transaction(&json)));
            self.producer
                .extend(round_trips(&json, ["producer_rtt_avg_seconds", "producer_rtt_p99_seconds"]));
        }
        self.consumer.iter().chain(&self.producer).copied().collect()
    }
}

fn figures(json: &Value, which: &Figures) -> Vec<(&'static str, f64)> {
    which.iter().filter_map(|(name, at)| Some((*name, json.pointer(at)?.as_f64()?))).collect()
}

fn over_partitions(json: &Value, figure: &str) -> f64 {
    children(&json["topics"])
        .flat_map(|topic| children(&topic["partitions"]))
        .filter_map(|partition| partition[figure].as_f64())
        .sum()
}

/// The worst broker's.
fn round_trips(json: &Value, names: [&'static str; 2]) -> [(&'static str, f64); 2] {
    let worst = |figure: &str| {
        let micros = children(&json["brokers"]).filter_map(|broker| broker["rtt"][figure].as_f64());
        micros.fold(0.0, f64::max) / 1e6
    };
    [(names[0], worst("avg")), (names[1], worst("p99"))]
}

fn in_transaction(json: &Value) -> f64 {
    let state = json["eos"]["txn_state"].as_str().unwrap_or_default();
    f64::from(u8::from(!matches!(state, "" | "Init" | "Ready")))
}

fn children(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_object().into_iter().flat_map(serde_json::Map::values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_figures_stay_until_newer_ones_come() {
        let consumer = br#"{"rx_bytes":7,"brokers":{"a":{"rtt":{"avg":500,"p99":2000}},"b":{"rtt":{"avg":100,"p99":90}}},
            "topics":{"t":{"partitions":{"0":{"fetchq_cnt":3},"1":{"fetchq_cnt":4}}}}}"#;
        let producer = br#"{"msg_cnt":5,"eos":{"txn_state":"InTransaction"}}"#;
        let mut latest = Latest::default();
        latest.update(consumer, producer);
        let figures = latest.update(b"", b"");
        for (name, value) in [
            ("consumer_received_bytes", 7.0),
            ("consumer_queue_records", 7.0),
            ("consumer_rtt_avg_seconds", 0.0005),
            ("consumer_rtt_p99_seconds", 0.002),
            ("producer_queue_records", 5.0),
            ("producer_in_transaction", 1.0),
        ] {
            assert!(figures.contains(&(name, value)), "{name} {value}: {figures:?}");
        }
    }
}
