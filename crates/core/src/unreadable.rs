//! The reason why a record of a topic of winback's own cannot be read.

use std::fmt;

use crate::ids::Partition;
use crate::partitioner::partition_of;

/// No text about a record is longer: the record may be of any size.
const LONGEST_WHY: usize = 400;

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

/// A text without control characters.
pub fn escaped(text: &str) -> String {
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

    #[test]
    fn a_key_in_a_partition_that_it_does_not_hash_to_names_the_right_one() {
        let right = partition_of(b"acme", 4);
        assert_eq!(Unreadable::check_partition(b"acme", right, 4), Ok(()));
        let wrong = Partition((right.0 + 1) % 4);
        let error = Unreadable::check_partition(b"acme", wrong, 4).unwrap_err();
        assert!(error.why.contains(&format!("partition {right}")), "{error}");
    }
}
