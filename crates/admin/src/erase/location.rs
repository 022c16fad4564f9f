//! The places where data of an account was found, and the fate of each.

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_deployment::topics::TOMBSTONES;
use winback_log::{Cleanup, TopicPartition, TopicSpec};

/// The fate of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It can be removed where the log removes single records, and goes with retention elsewhere.
    Removable,
    /// It goes with retention: what is decided is a function of it.
    Retained,
    /// A later record of its key replaced it.
    Replaced,
    /// It says that its key is gone, or that the account was erased.
    Marker,
    /// The registrar has not read it yet.
    Unread,
}

/// A record that was found.
#[derive(Clone, Debug)]
pub struct Found {
    pub partition: TopicPartition,
    pub offset: Offset,
    pub at: Time,
    pub fate: Fate,
}

/// One topic, and what was found in it.
#[derive(Clone, Debug)]
pub struct Location {
    /// Its name.
    pub topic: String,
    /// The topic's settings, if it exists.
    pub spec: Option<TopicSpec>,
    /// The time that the row of the erased account stays before its tombstone.
    pub kept: Span,
    /// True if it was searched: other teams' topics on Kafka are not.
    pub searched: bool,
    /// The records that were found.
    pub found: Vec<Found>,
    /// The number of them that are gone now.
    pub removed: u64,
}

impl Location {
    /// Records that are still there.
    pub fn left(&self) -> u64 {
        (self.found.len() as u64).saturating_sub(self.removed)
    }

    /// The number of records of that fate.
    pub fn count(&self, fate: Fate) -> usize {
        self.found.iter().filter(|found| found.fate == fate).count()
    }

    /// By when what is left is gone, where that is known.
    pub fn gone_by(&self, shared: bool) -> Option<Time> {
        // Kafka deletes and compacts whole segments: one a day at most, and compaction after a week at most.
        let day = if shared { Span::from_days(1) } else { Span::ZERO };
        let week = if shared { Span::from_days(7) } else { Span::ZERO };
        let newest = self.found.iter().map(|found| found.at).max()?;
        match self.spec.as_ref()?.cleanup {
            Cleanup::Delete(Some(span)) => Some(newest + span + day),
            Cleanup::Delete(None) => None,
            Cleanup::Compact { tombstones } => Some(newest + self.kept + tombstones.max(TOMBSTONES) + week),
        }
    }
}
