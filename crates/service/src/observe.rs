//! A lane's doings as metrics.

use winback_core::time::Span;
use winback_lane::{Committed, Observer, Rebalanced};
use winback_log::ClientFigure;
use winback_telemetry::Metrics;
use winback_telemetry::metrics::{Counter, Counters, Histogram, list};

use crate::client_statistics::ClientStatistics;

/// Counts what the lanes of one role do.
pub(super) struct LaneMetrics {
    metrics: Metrics,
    role: &'static str,
    commits: Counter,
    aborts: Counter,
    unknown: Counter,
    rebalances: Counters<Rebalanced>,
    seconds: Histogram,
    kafka: ClientStatistics,
}

impl LaneMetrics {
    pub(super) fn new(metrics: &Metrics, role: &'static str) -> Self {
        Self {
            commits: metrics.counter(&list::COMMITS, [role]),
            aborts: metrics.counter(&list::ABORTS, [role]),
            unknown: metrics.counter(&list::UNKNOWN_OUTCOMES, [role]),
            rebalances: Counters::new(
                Rebalanced::ALL,
                |how| how as usize,
                |how| metrics.counter(&list::REBALANCES, [role, how.as_str()]),
            ),
            seconds: metrics.histogram(&list::COMMIT_SECONDS, [role]),
            kafka: ClientStatistics::new(metrics, role),
            metrics: metrics.clone(),
            role,
        }
    }
}

impl Observer for LaneMetrics {
    fn committed(&self, commit: &Committed) {
        self.commits.increment(1);
        #[expect(clippy::cast_precision_loss, reason = "a span in a float, as Prometheus has them")]
        self.seconds.record(commit.took.millis() as f64 / 1e3);
    }

    fn rebalanced(&self, how: Rebalanced) {
        self.rebalances.add(how, 1);
    }

    fn failed(&self, kind: &'static str) {
        let counter = if kind == "unknown" { &self.unknown } else { &self.aborts };
        counter.increment(1);
    }

    fn restored(&self, partition: &winback_log::TopicPartition, records: u64, took: Span) {
        tracing::info!(role = self.role, %partition, records, %took, "a partition is restored");
    }

    fn dead_letters(&self, source: &str, reason: &'static str, count: u64) {
        tracing::debug!(role = self.role, source, reason, count, "dead letters");
        self.metrics.counter(&list::DEAD_LETTERS, [self.role, reason]).increment(count);
    }

    fn left_out(&self, source: &str, count: u64) {
        tracing::warn!(
            role = self.role,
            source,
            count,
            "dead letters are left out: the source is over its limit"
        );
        self.metrics.counter(&list::DEAD_LETTERS_LEFT_OUT, [self.role, source]).increment(count);
    }

    fn statistics(&self, statistics: &[(ClientFigure, f64)]) {
        self.kafka.record(statistics);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_are_left_out_are_counted_by_source() {
        let metrics = Metrics::new();
        let lane = LaneMetrics::new(&metrics, "matcher");
        lane.left_out("web", 3);
        lane.left_out("web", 4);
        let counted = "winback_dead_letters_left_out_total{role=\"matcher\",source=\"web\"} 7";
        assert!(metrics.render().contains(counted), "{}", metrics.render());
    }
}
