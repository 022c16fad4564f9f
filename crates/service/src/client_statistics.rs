//! The Kafka client's own figures as metrics, one set a lane.

use winback_log::ClientFigure;

use winback_telemetry::Metrics;
use winback_telemetry::metrics::GaugePart;
use winback_telemetry::metrics::list::{self, Def, Gauge};

const fn gauge_of(figure: ClientFigure) -> &'static Def<Gauge, 1> {
    match figure {
        ClientFigure::ReceivedBytes => &list::KAFKA_RX_BYTES,
        ClientFigure::SentBytes => &list::KAFKA_TX_BYTES,
        ClientFigure::ReceivedRecords => &list::KAFKA_RX_MESSAGES,
        ClientFigure::SentRecords => &list::KAFKA_TX_MESSAGES,
        ClientFigure::FetchQueueRecords => &list::KAFKA_FETCH_QUEUE_MESSAGES,
        ClientFigure::FetchQueueBytes => &list::KAFKA_FETCH_QUEUE_BYTES,
        ClientFigure::SendQueueRecords => &list::KAFKA_SEND_QUEUE_MESSAGES,
        ClientFigure::SendQueueBytes => &list::KAFKA_SEND_QUEUE_BYTES,
        ClientFigure::RoundTripSeconds => &list::KAFKA_RTT_SECONDS,
        ClientFigure::ThrottleSeconds => &list::KAFKA_THROTTLE_SECONDS,
    }
}

/// A lane's parts of the client gauges; withdrawn when dropped.
pub(super) struct ClientStatistics(Vec<(ClientFigure, GaugePart)>);

impl ClientStatistics {
    /// For a lane of `role`.
    pub(super) fn new(metrics: &Metrics, role: &str) -> Self {
        let part = |figure| (figure, metrics.gauge(gauge_of(figure), [role]));
        Self(ClientFigure::ALL.into_iter().map(part).collect())
    }

    /// Takes what a session reports.
    pub(super) fn record(&self, statistics: &[(ClientFigure, f64)]) {
        for (figure, value) in statistics {
            if let Some((_, part)) = self.0.iter().find(|(known, _)| known == figure) {
                part.set(*value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_a_metric_of_its_own_that_leaves_with_the_lane() {
        let metrics = Metrics::new();
        let statistics = ClientStatistics::new(&metrics, "matcher");
        let values: Vec<_> = ClientFigure::ALL.into_iter().zip((1..).map(f64::from)).collect();
        statistics.record(&values);
        let shown = |page: &str| {
            let lines = page.lines().filter(|line| line.starts_with("winback_kafka_"));
            let mut values: Vec<f64> =
                lines.filter_map(|line| line.rsplit_once(' ')?.1.parse().ok()).collect();
            values.sort_unstable_by(f64::total_cmp);
            values
        };
        assert_eq!(shown(&metrics.render()), values.iter().map(|(_, value)| *value).collect::<Vec<_>>());
        drop(statistics);
        assert!(metrics.render().contains("winback_kafka_rx_bytes{role=\"matcher\"} 0\n"));
    }
}
