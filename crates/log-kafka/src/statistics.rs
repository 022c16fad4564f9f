//! The figures that metrics take from librdkafka's statistics.

use serde_json::Value;
use winback_log::ClientFigure;

/// The newest statistics of a session's clients.
#[derive(Debug, Default)]
pub(super) struct Latest {
    consumer: Value,
    producer: Value,
}

impl Latest {
    /// Takes newer statistics, where there are any, and gives the newest; nothing until a client told some.
    pub(super) fn update(&mut self, consumer: &[u8], producer: &[u8]) -> Vec<(ClientFigure, f64)> {
        for (kept, newer) in [(&mut self.consumer, consumer), (&mut self.producer, producer)] {
            if let Ok(json) = serde_json::from_slice(newer) {
                *kept = json;
            }
        }
        if self.consumer.is_null() && self.producer.is_null() {
            return Vec::new();
        }
        ClientFigure::ALL.into_iter().map(|figure| (figure, self.figure(figure))).collect()
    }

    fn figure(&self, figure: ClientFigure) -> f64 {
        let both = |at: &str| number(&self.consumer, at) + number(&self.producer, at);
        match figure {
            ClientFigure::ReceivedBytes => both("/rx_bytes"),
            ClientFigure::SentBytes => both("/tx_bytes"),
            ClientFigure::ReceivedRecords => number(&self.consumer, "/rxmsgs"),
            ClientFigure::SentRecords => number(&self.producer, "/txmsgs"),
            ClientFigure::FetchQueueRecords => over_partitions(&self.consumer, "fetchq_cnt"),
            ClientFigure::FetchQueueBytes => over_partitions(&self.consumer, "fetchq_size"),
            ClientFigure::SendQueueRecords => number(&self.producer, "/msg_cnt"),
            ClientFigure::SendQueueBytes => number(&self.producer, "/msg_size"),
            // Microseconds.
            ClientFigure::RoundTripSeconds => self.worst_broker("/rtt/avg") / 1e6,
            // Milliseconds.
            ClientFigure::ThrottleSeconds => self.worst_broker("/throttle/avg") / 1e3,
        }
    }

    fn worst_broker(&self, at: &str) -> f64 {
        let brokers =
            [&self.consumer, &self.producer].into_iter().flat_map(|json| children(&json["brokers"]));
        brokers.map(|broker| number(broker, at)).fold(0.0, f64::max)
    }
}

fn number(json: &Value, at: &str) -> f64 {
    json.pointer(at).and_then(Value::as_f64).unwrap_or(0.0)
}

fn over_partitions(json: &Value, figure: &str) -> f64 {
    children(&json["topics"])
        .flat_map(|topic| children(&topic["partitions"]))
        .filter_map(|partition| partition[figure].as_f64())
        .sum()
}

fn children(json: &Value) -> impl Iterator<Item = &Value> {
    json.as_object().into_iter().flat_map(serde_json::Map::values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_figures_stay_until_newer_ones_come() {
        let consumer = br#"{"rx_bytes":7,"tx_bytes":1,"rxmsgs":9,
            "brokers":{"a":{"rtt":{"avg":500},"throttle":{"avg":30}},"b":{"rtt":{"avg":100}}},
            "topics":{"t":{"partitions":{"0":{"fetchq_cnt":3,"fetchq_size":30},"1":{"fetchq_cnt":4}}}}}"#;
        let producer = br#"{"rx_bytes":2,"tx_bytes":5,"txmsgs":8,"msg_cnt":5,"msg_size":50}"#;
        let mut latest = Latest::default();
        assert_eq!(latest.update(b"", b""), []);
        latest.update(consumer, producer);
        let figures = latest.update(b"", b"");
        assert_eq!(
            figures,
            [
                (ClientFigure::ReceivedBytes, 9.0),
                (ClientFigure::SentBytes, 6.0),
                (ClientFigure::ReceivedRecords, 9.0),
                (ClientFigure::SentRecords, 8.0),
                (ClientFigure::FetchQueueRecords, 7.0),
                (ClientFigure::FetchQueueBytes, 30.0),
                (ClientFigure::SendQueueRecords, 5.0),
                (ClientFigure::SendQueueBytes, 50.0),
                (ClientFigure::RoundTripSeconds, 0.0005),
                (ClientFigure::ThrottleSeconds, 0.03),
            ]
        );
    }
}
