//! Every signal has an id that is the same each time: the producer's, or one derived from what the event says.

use std::borrow::Cow;

use sha2::{Digest, Sha256};
use winback_core::signal::MAX_ID_BYTES;

use crate::walk::Raw;

/// Bytes of a hash that an id keeps: 128 bits are unique for ever at this scale.
const KEPT: usize = 16;

/// An id from the parts that make the event what it is. Parts are framed, so that `ab`,`c` differs from `a`,`bc`.
pub(crate) fn derived(parts: &[&[u8]]) -> Cow<'static, str> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    Cow::Owned(hex::encode(&hash.finalize()[..KEPT]))
}

/// The producer's id as it is, or its hash where it is too long to keep or has control characters in it.
pub(crate) fn bounded(id: Cow<'_, str>) -> Cow<'_, str> {
    if id.len() > MAX_ID_BYTES || id.bytes().any(|b| b.is_ascii_control()) {
        return derived(&[b"id", id.as_bytes()]);
    }
    id
}

/// An id from the whole record and the event's place in it.
pub(crate) fn from_raw(raw: Raw<'_>) -> Cow<'static, str> {
    match raw.index {
        None => derived(&[b"raw", raw.bytes]),
        Some(index) => derived(&[b"raw", raw.bytes, &index.to_le_bytes()]),
    }
}

/// The producer's id, or one derived from the whole record.
pub(crate) fn own_or_derived<'a>(own: Option<Cow<'a, str>>, raw: Raw<'_>) -> Cow<'a, str> {
    own.map_or_else(|| from_raw(raw), bounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_id_tells_its_parts_apart_and_is_the_same_each_time() {
        assert_eq!(derived(&[b"ab", b"c"]), derived(&[b"ab", b"c"]));
        assert_ne!(derived(&[b"ab", b"c"]), derived(&[b"a", b"bc"]));
    }

    #[test]
    fn an_id_too_long_to_keep_or_unprintable_is_hashed() {
        assert_eq!(bounded(Cow::Borrowed("a-1")), "a-1");
        assert_eq!(bounded(Cow::Owned("x".repeat(MAX_ID_BYTES))).len(), MAX_ID_BYTES);
        assert_eq!(bounded(Cow::Owned("x".repeat(MAX_ID_BYTES + 1))).len(), 2 * KEPT);
        assert_eq!(bounded(Cow::Borrowed("a\0b")).len(), 2 * KEPT);
    }
}
