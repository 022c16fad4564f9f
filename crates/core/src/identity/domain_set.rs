//! A large set of domains in little space: the upper 40 bits of each one's hash, sorted, five bytes each. A domain that
//! is not in it is taken for one of 200,000 with a chance of one in five million.

/// The bytes of a hash that are kept.
const WIDTH: usize = 5;

/// The sorted hashes, as `tests/quality/domains.mjs` writes them.
#[derive(Clone, Copy, Debug)]
pub(super) struct DomainSet(pub(super) &'static [u8]);

impl DomainSet {
    /// True if the domain, in lower case, is in the set.
    pub(super) fn has(&self, domain: &str) -> bool {
        let (hashes, _) = self.0.as_chunks::<WIDTH>();
        hashes.binary_search(&key(domain)).is_ok()
    }
}

/// FNV-1a in 64 bits, and of that the upper 40: short texts, and nobody gains by a collision.
fn key(domain: &str) -> [u8; WIDTH] {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in domain.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    // The lower bits of FNV spread over the whole of it with one more fold.
    let [a, b, c, d, e, ..] = (hash ^ (hash >> 32)).to_be_bytes();
    [a, b, c, d, e]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_in_the_set_that_was_made_of_it() {
        let mut hashes = ["a.com", "b.com", "c.net"].map(key);
        hashes.sort_unstable();
        let set = DomainSet(hashes.concat().leak());
        let found = ["a.com", "b.com", "c.net", "d.org", ""].map(|domain| set.has(domain));
        assert_eq!(found, [true, true, true, false, false]);
    }

    #[test]
    fn the_hash_is_the_one_that_the_builder_writes() {
        assert_eq!(hex::encode(key("example.com")), "5768466319");
    }
}
