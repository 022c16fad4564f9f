//! What lanes and those who watch them share: the lanes that were started, the registrar's group, and waits.

use std::sync::Arc;
use std::time::Duration;

use winback_core::time::Span;
use winback_deployment::config::Config;
use winback_lane::LaneStatus;
use winback_log::{Clock, TopicPartition};
use winback_worker::Worker;

use crate::RoleName;

/// A lane that was started.
pub(super) struct Started {
    pub(super) role: RoleName,
    /// The source's name, or the topic's.
    pub(super) reads: String,
    /// All partitions of what it reads, also those that other lanes have.
    pub(super) partitions: Vec<TopicPartition>,
    pub(super) status: Arc<LaneStatus>,
}

/// The started parts.
pub(super) struct Built {
    pub(super) lanes: Vec<Started>,
    pub(super) worker: Option<Arc<Worker>>,
}

/// The group of the registrar.
pub(super) fn registrar_group(config: &Config) -> String {
    format!("{}.registrar", config.deployment)
}

/// A wait that is meant in the world's time, on the lanes' clock.
pub(super) fn of_world(clock: &dyn Clock, wait: Duration) -> Duration {
    let wait = Span::from_millis(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
    Duration::from_millis(clock.of_world(wait).millis().unsigned_abs())
}
