//! Records of winback's own compacted topics that cannot be read: what is wrong with one, and which of them no later
//! record of their key replaced.
//!
//! A compacted topic says something by the newest record of each key. So a record that cannot be read is an error only
//! while it is the newest of its key: a tombstone or a good record behind it mends it, also before compaction runs.

use std::collections::BTreeMap;
use std::fmt;

use winback_core::ids::{Offset, Partition};

use crate::TopicPartition;
use crate::partitioner::partition_of;

/// No text about a record is longer: the record may be of any size.
const LONGEST_WHY: usize = 400;
/// No more of a key is shown.
const LONGEST_KEY: usize = 48;

/// The part of a record that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defect {
    /// Winback writes no such key into the topic.
    Key,
    /// The key hashes to another partition.
    Partition,
    /// The key is one of winback's, and its value cannot be read: what stood there is not known any more.
    Value,
}

/// The reason why a record of a topic of winback's own cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unreadable {
    /// The part that is wrong.
    pub defect: Defect,
    /// The reason, in words; bounded, and without control characters.
    pub why: String,
}

impl Unreadable {
    fn new(defect: Defect, why: &dyn fmt::Display) -> Self {
        Self { defect, why: shortened(&why.to_string(), LONGEST_WHY) }
    }

    /// A key that winback does not write.
    pub fn key(why: impl fmt::Display) -> Self {
        Self::new(Defect::Key, &why)
    }

    /// A value that cannot be read, or that is of another key.
    pub fn value(why: impl fmt::Display) -> Self {
        Self::new(Defect::Value, &why)
    }

    /// A check that `key` hashes to the partition in which it stands; `hashed` is the part of it that is hashed.
    ///
    /// # Errors
    /// When it hashes to another one.
    pub fn check_partition(hashed: &[u8], found: Partition, partitions: i32) -> Result<(), Self> {
        let right = partition_of(hashed, partitions);
        if right == found {
            return Ok(());
        }
        let why = format!("its key hashes to partition {right}, and winback writes it nowhere else");
        Err(Self::new(Defect::Partition, &why))
    }
}

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

/// A text without control characters.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(|each| if each.is_control() { each.escape_default().collect() } else { vec![each] })
        .collect()
}

fn shortened(text: &str, longest: usize) -> String {
    let text = escaped(text);
    match text.char_indices().nth(longest) {
        None => text,
        Some((at, _)) => format!("{}…", &text[..at]),
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

    #[test]
    fn a_key_in_a_partition_that_it_does_not_hash_to_names_the_right_one() {
        let right = partition_of(b"acme", 4);
        assert_eq!(Unreadable::check_partition(b"acme", right, 4), Ok(()));
        let wrong = Partition((right.0 + 1) % 4);
        let error = Unreadable::check_partition(b"acme", wrong, 4).unwrap_err();
        assert!(error.why.contains(&format!("partition {right}")), "{error}");
    }
}
