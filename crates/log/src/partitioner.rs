//! The choice of a record's partition: by its key where it has one, in turn where it has none. librdkafka is told to use its
//! own copy of [`partition_of`].

use winback_core::ids::Partition;

pub use winback_core::partitioner::{murmur2, partition_of};

/// Chooses partitions: by key where there is one, in turn where there is none.
#[derive(Debug, Default)]
pub struct Partitioner {
    turn: i32,
}

impl Partitioner {
    /// The partition for a record with this key.
    pub fn choose(&mut self, key: Option<&[u8]>, partitions: i32) -> Partition {
        let Some(key) = key else {
            self.turn = self.turn.wrapping_add(1) & 0x7fff_ffff;
            return Partition(self.turn.checked_rem(partitions).unwrap_or(0));
        };
        partition_of(key, partitions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_without_a_key_take_turns() {
        let mut partitioner = Partitioner::default();
        let mut counts = [0; 4];
        for _ in 0..40 {
            counts[usize::try_from(partitioner.choose(None, 4).0).unwrap()] += 1;
        }
        assert_eq!(counts, [10; 4]);
    }
}
