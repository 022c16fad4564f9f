//! A record's checksum, so that a byte that the disk changed is seen and not believed.

use crc32fast::Hasher;

/// What is stored of a record, and where.
pub(super) struct Stored<'a> {
    pub(super) topic: i64,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) timestamp: i64,
    pub(super) key: Option<&'a [u8]>,
    pub(super) value: Option<&'a [u8]>,
    pub(super) headers: Option<&'a str>,
}

impl Stored<'_> {
    /// CRC-32 of every column, each with its length, so that no byte can move from one to the next.
    pub(super) fn checksum(&self) -> i64 {
        let mut hasher = Hasher::new();
        for number in [self.topic, i64::from(self.partition), self.offset, self.timestamp] {
            hasher.update(&number.to_le_bytes());
        }
        for part in [self.key, self.value, self.headers.map(str::as_bytes)] {
            let length = part.map_or(u64::MAX, |part| part.len() as u64);
            hasher.update(&length.to_le_bytes());
            hasher.update(part.unwrap_or_default());
        }
        i64::from(hasher.finalize())
    }
}
