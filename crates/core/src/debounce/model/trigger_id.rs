//! The names of bursts and triggers (R11): hashes, the same under replay.

use std::fmt;

use sha2::{Digest, Sha256};

use super::input::MatchedSignal;
use super::outcome::Edge;
use crate::ids::{AccountId, PolicyName};

macro_rules! hash_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 32];
                hex::encode_to_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
                f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

hash_id!(
    /// A burst: hash(source, id, te) of the signal that arrived first.
    BurstId
);
hash_id!(
    /// A trigger: hash(policy, churn number, account, burst, edge, strength); the idempotency key.
    TriggerId
);

impl BurstId {
    /// The burst that this signal opens.
    pub fn of(signal: &MatchedSignal) -> Self {
        let time = signal.event_time.millis().to_be_bytes();
        Self(hash(&[b"burst", signal.source.as_bytes(), signal.id.as_bytes(), &time]))
    }
}

impl TriggerId {
    /// The same under replay.
    pub fn of(
        policy: &PolicyName,
        churn: u32,
        account: &AccountId,
        burst: BurstId,
        edge: Edge,
        strength: u8,
    ) -> Self {
        Self(hash(&[
            b"trigger",
            policy.as_str().as_bytes(),
            &churn.to_be_bytes(),
            account.as_str().as_bytes(),
            &burst.0,
            edge.as_str().as_bytes(),
            &[strength],
        ]))
    }
}

/// The first 16 bytes of SHA-256 over the parts, each behind its length so that no two lists collide.
fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize()[..16]);
    id
}
