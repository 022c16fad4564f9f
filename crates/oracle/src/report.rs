//! The findings of a comparison.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use winback_core::debounce::Counts;

use crate::difference::{Difference, Kind};

/// So many differences of a kind are kept whole; the others are counted.
const KEPT_OF_A_KIND: u64 = 5;

/// One partition of the inbox and what was made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionReport {
    /// The partition.
    pub partition: i32,
    /// The offset that the comparison began with.
    pub from: i64,
    /// The offset behind its last record: what the detector has committed.
    pub to: i64,
    /// Records of the inbox that were stepped.
    pub records: u64,
    /// Records that are none of the inbox; the detector buries them, too.
    pub unreadable: u64,
    /// Matched signals among them.
    pub signals: u64,
    /// Triggers in the log that were compared.
    pub triggers: u64,
    /// Triggers of policies in shadow that were compared.
    pub in_shadow: u64,
    /// Decisions in the log that were compared.
    pub decisions: u64,
    /// Rows of the state.
    pub rows: u64,
    /// Bursts that opened, since the inbox began.
    pub opened: u64,
    /// Bursts that ended.
    pub ended: u64,
    /// Bursts that are open.
    pub open: u64,
    /// Offsets of the inbox behind `to`: not read by the detector yet.
    pub unread: i64,
    /// Erased accounts whose triggers or decisions are gone, and were skipped.
    pub erased: u64,
    /// Which.
    #[serde(skip)]
    pub skipped: BTreeSet<String>,
    /// Differences by kind.
    pub differences: BTreeMap<Kind, u64>,
    /// The first differences of each kind.
    #[serde(skip)]
    pub first: Vec<Difference>,
}

impl PartitionReport {
    pub(crate) fn differs(&mut self, difference: Difference) {
        let count = self.differences.entry(difference.kind).or_default();
        *count += 1;
        if *count <= KEPT_OF_A_KIND {
            self.first.push(difference);
        }
    }

    pub(crate) fn bursts(&mut self, counts: Counts, open: u64) {
        (self.opened, self.ended, self.open) = (counts.opened, counts.ended, open);
        if counts.opened != counts.ended + open {
            self.differs(Difference {
                kind: Kind::Bursts,
                partition: self.partition,
                offset: None,
                account: String::new(),
                id: String::new(),
                text: format!("{} bursts opened, {} ended, {open} are open", counts.opened, counts.ended),
            });
        }
    }

    /// The number of differences.
    pub fn count(&self) -> u64 {
        self.differences.values().sum()
    }
}

/// A note beside the differences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A checkpoint that could not be used, and why.
    CheckpointIgnored(String),
    /// The checkpoint stays as it was, since something differs.
    CheckpointKept,
    /// Retention cut outputs, so that those of earlier inbox records were not compared.
    OutputsCut {
        /// The topic and partition.
        topic: String,
        /// The first inbox record whose outputs were compared.
        from: i64,
    },
    /// The rules of this version hold from a record on, so that the comparison begins there, from the state as it was.
    RulesFrom {
        /// The partition of the inbox.
        partition: i32,
        /// The first record that they decide.
        from: i64,
    },
    /// Rules of an older version made the state, so that nothing of it is compared.
    OlderRules {
        /// The partition of the inbox.
        partition: i32,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CheckpointIgnored(why) => write!(f, "the checkpoint is not used: {why}"),
            Self::CheckpointKept => f.write_str("the checkpoint was not renewed, since something differs"),
            Self::OutputsCut { topic, from } => {
                write!(f, "retention has cut {topic}: compared from inbox offset {from} on")
            }
            Self::RulesFrom { partition, from } => write!(
                f,
                "partition {partition} is compared from inbox offset {from} on, from the state as it was: new rules hold from there"
            ),
            Self::OlderRules { partition } => write!(
                f,
                "partition {partition} is not compared: an older version decided it; `winback run` goes on by the rules of this one"
            ),
        }
    }
}

/// The findings of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By partition.
    pub partitions: Vec<PartitionReport>,
    /// The notes.
    pub notes: Vec<Note>,
    /// True if a new checkpoint was written.
    pub checkpoint_written: bool,
}

impl Report {
    /// True if nothing differs.
    pub fn is_equal(&self) -> bool {
        self.differences() == 0
    }

    /// The number of differences.
    pub fn differences(&self) -> u64 {
        self.sum(PartitionReport::count)
    }

    /// A count over all partitions.
    pub fn sum(&self, of: impl Fn(&PartitionReport) -> u64) -> u64 {
        self.partitions.iter().map(of).sum()
    }

    /// The first differences of each partition and kind.
    pub fn first(&self) -> impl Iterator<Item = &Difference> {
        self.partitions.iter().flat_map(|partition| &partition.first)
    }
}
