//! `murmur2_random`, the partitioner of the Java client: the same key goes to the same partition whoever writes it.
//!
//! A record in a partition that its key does not hash to would be decided on by the wrong owner, so every log uses
//! this one, and librdkafka is told to use its own copy of it.

use winback_core::ids::Partition;

const SEED: u32 = 0x9747_b28c;
const MULTIPLIER: u32 = 0x5bd1_e995;
const SHIFT: u32 = 24;

/// The Java client's 32-bit Murmur2 of `data`.
pub const fn murmur2(data: &[u8]) -> u32 {
    let mut hash = SEED ^ low_32(data.len());
    let mut rest = data;
    while let [a, b, c, d, tail @ ..] = rest {
        let mut word = u32::from_le_bytes([*a, *b, *c, *d]).wrapping_mul(MULTIPLIER);
        word ^= word >> SHIFT;
        hash = hash.wrapping_mul(MULTIPLIER) ^ word.wrapping_mul(MULTIPLIER);
        rest = tail;
    }
    if !rest.is_empty() {
        let mut at = rest.len();
        while at > 0 {
            at -= 1;
            hash ^= (rest[at] as u32) << (8 * at);
        }
        hash = hash.wrapping_mul(MULTIPLIER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MULTIPLIER);
    hash ^ (hash >> 15)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the hash takes the low 32 bits of the length by definition"
)]
const fn low_32(len: usize) -> u32 {
    len as u32
}

/// The partition of `key` among `partitions`; 0 when there is none to choose from.
pub fn partition_of(key: &[u8], partitions: i32) -> Partition {
    let positive = i32::try_from(murmur2(key) & 0x7fff_ffff).unwrap_or(0);
    Partition(positive.checked_rem(partitions).unwrap_or(0))
}

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
    fn hashes_are_those_of_the_java_client() {
        for (data, expected) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(data.as_bytes()), expected.cast_unsigned(), "{data}");
        }
    }

    #[test]
    fn a_partition_is_never_negative_and_always_there() {
        for partitions in [1, 2, 3, 7, 128] {
            for key in 0..2_000_u32 {
                let partition = partition_of(&key.to_be_bytes(), partitions);
                assert!((0..partitions).contains(&partition.0));
            }
        }
    }

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
