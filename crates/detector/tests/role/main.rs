//! The detector's role, called as its lane calls it, without a log.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

mod delays;
mod left_out;
mod policies;
mod size;
mod upgrade;

use std::sync::Arc;

use winback_detector::{DetectorMetrics, DetectorRole, DetectorTopics};
use winback_lane::{Input, Role};
use winback_log::TopicPartition;
use winback_proto::Encoding;
use winback_telemetry::Metrics;

/// A role that has the only partition of an inbox.
fn role() -> (DetectorRole, Input) {
    counted(&Metrics::new())
}

/// The same, counting there.
fn counted(metrics: &Metrics) -> (DetectorRole, Input) {
    let topics = DetectorTopics {
        triggers: Arc::from("triggers"),
        shadow_triggers: Arc::from("shadow-triggers"),
        decisions: Arc::from("decisions"),
        changelog: Arc::from("changelog"),
        inbox_partitions: 1,
        encoding: Encoding::Protobuf,
        source: "winback/detector".to_owned(),
    };
    let mut role = DetectorRole::new(topics, DetectorMetrics::new(metrics));
    let input = Input { slot: 0, topic: 0, partition: TopicPartition::new("inbox", 0) };
    role.assigned(&input);
    (role, input)
}
