//! The legal changes of a partition's state. The table below is complete, and no other place knows it. A change
//! outside of it is an error and never a panic: lane and log disagree about ownership.

use std::fmt;

use winback_core::closed_enum;
use winback_log::TopicPartition;

closed_enum! {
    /// The state of a partition in its lane.
    PartitionState {
        /// The group gave it, or what is known of it is not to be trusted any more: its position is asked for, and nothing of
        /// it is read before.
        Assigned = "assigned",
        /// Its state is read from the changelog; its own records are paused.
        Restoring = "restoring",
        /// Its records are stepped.
        Running = "running",
        /// No record is stepped any more; what was is being committed.
        Draining = "draining",
        /// Given back.
        Released = "released",
        /// Taken away; its work was dropped.
        Lost = "lost",
    }
}

use PartitionState::{Assigned, Draining, Lost, Released, Restoring, Running};

/// Every legal change.
pub const CHANGES: &[(PartitionState, PartitionState)] = &[
    (Assigned, Assigned), // reloaded after an unknown outcome
    (Assigned, Restoring),
    (Assigned, Running), // no changelog
    (Assigned, Released),
    (Assigned, Lost),
    (Restoring, Assigned), // reloaded
    (Restoring, Running),
    (Restoring, Released),
    (Restoring, Lost),
    (Running, Assigned), // reloaded
    (Running, Draining),
    (Running, Lost),
    (Draining, Assigned), // the outcome of its last transaction is unknown
    (Draining, Released),
    (Draining, Lost),
];

/// A change that is not in [`CHANGES`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{partition} cannot become {to}: it is {from}")]
pub struct IllegalChange {
    /// The partition.
    pub partition: TopicPartition,
    /// The state before, or `unassigned`.
    pub from: StateName,
    /// The state that it should have reached.
    pub to: PartitionState,
}

/// The name of a state, or that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateName(pub Option<PartitionState>);

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.map_or("unassigned", PartitionState::as_str))
    }
}

/// The state behind `from`, when the change is legal.
pub(crate) fn change(
    partition: &TopicPartition,
    from: PartitionState,
    to: PartitionState,
) -> Result<PartitionState, IllegalChange> {
    if CHANGES.contains(&(from, to)) {
        return Ok(to);
    }
    Err(IllegalChange { partition: partition.clone(), from: StateName(Some(from)), to })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_released_or_lost_never_comes_back() {
        for (from, _) in CHANGES {
            assert!(!matches!(from, Released | Lost), "{from}");
        }
    }

    #[test]
    fn every_state_but_the_first_can_be_reached_and_every_living_one_can_be_lost() {
        for state in PartitionState::ALL {
            assert!(*state == Assigned || CHANGES.iter().any(|(_, to)| to == state), "{state}");
            let ended = matches!(state, Released | Lost);
            assert_eq!(CHANGES.contains(&(*state, Lost)), !ended, "{state}");
        }
    }

    #[test]
    fn a_running_partition_is_not_released_before_it_was_drained() {
        let error = change(&TopicPartition::new("visits", 3), Running, Released).unwrap_err();
        assert_eq!(error.to_string(), "visits/3 cannot become released: it is running");
    }
}
