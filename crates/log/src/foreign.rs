//! Records of winback's own compacted topics that cannot be read: what is wrong with one, and which of them no later
//! record of their key replaced.
//!
//! A compacted topic says something by the newest record of each key. So a record that cannot be read is an error only
//! while it is the newest of its key: a tombstone or a good record behind it mends it, also before compaction runs.

use std::collections::BTreeMap;
use std::fmt;

use winback_core::ids::Offset;
use winback_core::unreadable::escaped;

use crate::TopicPartition;

pub use winback_core::unreadable::{Defect, Unreadable};

/// No more of a key is shown.
const LONGEST_KEY: usize = 48;

/// A record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignRecord {
    /// Its partition.
    pub partition: TopicPartition,
    /// Its offset.
    pub offset: Offset,
    /// Earlier records of its key that cannot be read either.
    pub earlier: Vec<Offset>,
    /// Its key; empty also where it has none.
    pub key: Vec<u8>,
    /// What is wrong with it.
    pub unreadable: Unreadable,
}

impl fmt::Display for ForeignRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, offset, unreadable, .. } = self;
        write!(f, "{partition}@{offset}, key `{}`: {unreadable}", self.shown_key())
    }
}

impl ForeignRecord {
    /// The key for a person: escaped and bounded.
    pub fn shown_key(&self) -> String {
        let shown = &self.key[..self.key.len().min(LONGEST_KEY)];
        let more = if shown.len() < self.key.len() { "…" } else { "" };
        let text = std::str::from_utf8(shown).map_or_else(|_| shown.escape_ascii().to_string(), escaped);
        format!("{text}{more}")
    }
}

/// The records of a topic, read in order, that cannot be read and are the newest of their keys.
#[derive(Clone, Debug, Default)]
pub struct ForeignRecords(BTreeMap<(TopicPartition, Vec<u8>), ForeignRecord>);

impl ForeignRecords {
    /// Takes the outcome of reading the next record of a partition; true when it is a record that cannot be read.
    pub fn see<T>(
        &mut self,
        partition: &TopicPartition,
        offset: Offset,
        key: &[u8],
        read: &Result<T, Unreadable>,
    ) -> bool {
        if read.is_ok() && self.0.is_empty() {
            return false;
        }
        let place = (partition.clone(), key.to_vec());
        let Err(unreadable) = read else {
            self.0.remove(&place);
            return false;
        };
        let (partition, unreadable) = (partition.clone(), unreadable.clone());
        let mut earlier = Vec::new();
        if let Some(before) = self.0.get_mut(&place) {
            earlier = std::mem::take(&mut before.earlier);
            earlier.push(before.offset);
        }
        let found = ForeignRecord { partition, offset, earlier, key: key.to_vec(), unreadable };
        self.0.insert(place, found);
        true
    }

    /// All of them, by partition and key.
    pub fn iter(&self) -> impl Iterator<Item = &ForeignRecord> {
        self.0.values()
    }

    /// The first by its place that has one of these defects.
    pub fn first(&self, defects: &[Defect]) -> Option<&ForeignRecord> {
        let found = self.0.values().filter(|found| defects.contains(&found.unreadable.defect));
        found.min_by_key(|found| (found.partition.clone(), found.offset))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether everything could be read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets those of a partition that is not read any more.
    pub fn forget(&mut self, partition: &TopicPartition) {
        self.0.retain(|(found, _), _| found != partition);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(records: &[(&[u8], bool)]) -> ForeignRecords {
        let (partition, mut found) = (TopicPartition::new("t", 3), ForeignRecords::default());
        for (offset, (key, good)) in (0..).zip(records) {
            let read = if *good { Ok(()) } else { Err(Unreadable::value("no")) };
            found.see(&partition, Offset(offset), key, &read);
        }
        found
    }

    #[test]
    fn a_record_is_foreign_until_a_good_one_of_its_key_follows() {
        assert!(seen(&[(b"a", true)]).is_empty());
        let found = seen(&[(b"a", true), (b"a", false), (b"b", true), (b"a", false)]);
        let one = found.first(&[Defect::Value]).unwrap();
        assert_eq!((one.offset, &one.earlier[..]), (Offset(3), &[Offset(1)][..]));
        assert_eq!(one.to_string(), "t/3@3, key `a`: no");
        assert!(found.first(&[Defect::Key, Defect::Partition]).is_none());
        assert!(seen(&[(b"a", false), (b"b", false), (b"a", true), (b"b", true)]).is_empty());
    }

    #[test]
    fn a_huge_record_has_a_short_text_without_control_characters() {
        let (key, value) = ([0x1b; 4_096], "\u{1b}[31m".repeat(4_096));
        let (partition, mut found) = (TopicPartition::new("t", 0), ForeignRecords::default());
        found.see(&partition, Offset(0), &key, &Err::<(), _>(Unreadable::value(value)));
        let text = found.first(&[Defect::Value]).unwrap().to_string();
        assert!(text.len() < 1_000 && !text.contains('\u{1b}'), "{text}");
    }
}
