//! The public state of a lane: readiness, metrics and `--until-idle` read it, and the lane writes it once a turn.

use std::sync::{Mutex, MutexGuard, PoisonError};

use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::TopicPartition;

use crate::error::LaneError;
use crate::partition::PartitionState;

/// One partition of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionStatus {
    /// Which.
    pub partition: TopicPartition,
    /// The state.
    pub state: PartitionState,
    /// Everything delivered before this offset was stepped and committed.
    pub committed: Option<Offset>,
    /// The largest end that the lane knows of.
    pub end: Option<Offset>,
    /// An end was seen then, and all before it is committed, with the heartbeat that tells it where the role has one.
    pub caught_up_at: Option<Time>,
}

/// A lane at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneSnapshot {
    /// Its partitions, by topic and number.
    pub partitions: Vec<PartitionStatus>,
    /// The thing that the role waits for, if it waits.
    pub waiting_for: Option<String>,
    /// The missing prerequisite while the role goes on.
    pub missing: Option<String>,
    /// The reason why the log is unavailable, while it is.
    pub unavailable: Option<String>,
    /// The reason of the breaker's stop, while it is stopped.
    pub stopped: Option<String>,
    /// Changelog offsets read of how many, while partitions are being restored.
    pub restoring: Option<(u64, u64)>,
    /// Why records became dead letters though others may have been at fault; it stays until the process ends.
    pub quarantined: Option<String>,
    /// The time of the last turn.
    pub turned_at: Option<Time>,
    /// Since when records wait and none is stepped.
    pub waiting_since: Option<Time>,
    /// Records stepped.
    pub records: u64,
    /// Transactions committed.
    pub commits: u64,
    /// Transactions aborted.
    pub aborts: u64,
    /// Transactions of unknown outcome, each followed by a reload.
    pub unknown: u64,
    /// Dead letters committed.
    pub dead_letters: u64,
    /// The last failure, whether mended or not.
    pub last_error: Option<String>,
    /// The reason of the lane's end, if it ended by itself.
    pub ended: Option<String>,
}

impl LaneSnapshot {
    /// Since when all partitions are caught up: the earliest of their times. `None` while one is not, and without any.
    pub fn caught_up_at(&self) -> Option<Time> {
        let times = self.partitions.iter().map(|partition| partition.caught_up_at);
        times.collect::<Option<Vec<_>>>()?.into_iter().min()
    }
}

/// Shared between a lane and whoever watches it.
#[derive(Debug, Default)]
pub struct LaneStatus {
    name: String,
    inner: Mutex<LaneSnapshot>,
}

impl LaneStatus {
    pub(crate) fn new(name: String) -> Self {
        Self { name, inner: Mutex::default() }
    }

    /// The lane's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The lane now.
    pub fn snapshot(&self) -> LaneSnapshot {
        self.lock().clone()
    }

    /// The lane ended by itself.
    pub(crate) fn end(&self, error: &LaneError) {
        let mut status = self.lock();
        status.last_error = Some(error.to_string());
        status.ended = Some(error.to_string());
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, LaneSnapshot> {
        // A snapshot is whole at every moment; a panic elsewhere does not make it wrong.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_caught_up_when_each_of_its_partitions_is() {
        let partition = |number, caught_up_at: Option<i64>| PartitionStatus {
            partition: TopicPartition::new("visits", number),
            state: PartitionState::Running,
            committed: None,
            end: None,
            caught_up_at: caught_up_at.map(Time::from_millis),
        };
        let of = |partitions| LaneSnapshot { partitions, ..LaneSnapshot::default() }.caught_up_at();
        assert_eq!(of(vec![]), None);
        assert_eq!(of(vec![partition(0, Some(5)), partition(1, None)]), None);
        assert_eq!(of(vec![partition(0, Some(5)), partition(1, Some(3))]), Some(Time::from_millis(3)));
    }
}
