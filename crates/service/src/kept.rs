//! The compacted topics that hold what winback knows, each with the decoder of its reader.

use std::sync::Arc;

use winback_core::ids::Partition;
use winback_deployment::topics::Topics;
use winback_deployment::{holds, policies};
use winback_log::{Defect, Unreadable};

/// A compacted topic of winback's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// The list of churned accounts.
    Accounts,
    /// The detector's state.
    Changelog,
    /// The positions of the matchers.
    Positions,
    /// What accounts answered.
    Answers,
    /// The policies that were applied.
    Policies,
    /// The last word about each hold.
    Holds,
    /// Who was erased.
    Suppressions,
}

impl Kept {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Accounts,
        Self::Changelog,
        Self::Positions,
        Self::Answers,
        Self::Policies,
        Self::Holds,
        Self::Suppressions,
    ];

    /// The topic's name in a deployment.
    pub const fn topic(self, topics: &Topics) -> &Arc<str> {
        match self {
            Self::Accounts => &topics.accounts,
            Self::Changelog => &topics.changelog,
            Self::Positions => &topics.positions,
            Self::Answers => &topics.answers,
            Self::Policies => &topics.policies,
            Self::Holds => &topics.holds,
            Self::Suppressions => &topics.suppressions,
        }
    }

    /// The topic's name without the deployment's, as metrics have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Changelog => "detector-changelog",
            Self::Positions => "matcher-positions",
            Self::Answers => "answers",
            Self::Policies => "policies",
            Self::Holds => "holds",
            Self::Suppressions => "suppressions",
        }
    }

    /// Reads a record as its reader does; `partitions` is how many the topic has.
    ///
    /// # Errors
    /// When winback cannot have written it there.
    pub fn check(
        self,
        key: &[u8],
        value: Option<&[u8]>,
        partition: Partition,
        partitions: i32,
    ) -> Result<(), Unreadable> {
        match self {
            Self::Accounts => winback_matcher::read_account(key, value, partition, partitions).map(drop),
            Self::Changelog => {
                winback_proto::stored::state_record(key, value, partition, partitions).map(drop)
            }
            Self::Positions => winback_matcher::read_position(key, value).map(drop),
            Self::Answers => winback_worker::read_answer(key, value, partition, partitions).map(drop),
            Self::Policies => policies::read_policy(key, value).map(drop),
            Self::Holds => holds::read_hold(key, value).map(drop),
            Self::Suppressions => winback_registrar::read_suppression(key, value).map(drop),
        }
    }

    /// Whether the topic's reader does not start with such a record. It passes a key that is none of winback's with a
    /// warning, but where a newer version may have written it.
    pub const fn refuses(self, defect: Defect) -> bool {
        match defect {
            Defect::Value => true,
            Defect::Key | Defect::Partition => matches!(self, Self::Changelog | Self::Suppressions),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;

    use super::*;

    /// Keys that begin as winback's do, and any others.
    fn keys() -> impl Strategy<Value = Vec<u8>> {
        let begins = prop::sample::select(vec![
            &b""[..],
            b"a",
            b"c",
            b"m",
            b"s",
            b"p\0\0\0\x01",
            b"h",
            b"e",
            b"k",
            b"hold ",
            b"web:visits/",
            b"acme\0web\0",
        ]);
        (begins, prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(begin, rest)| [begin, &rest].concat())
    }

    /// Any bytes, and bytes that begin like protobuf or JSON.
    fn values() -> impl Strategy<Value = Option<Vec<u8>>> {
        let json = prop::sample::select(vec![
            "{}",
            "{\"id\":\"acme\"}",
            "{\"nextOffset\":\"-1\"}",
            "{\"clock\":{}}",
            "{\"name\":\"default\"}",
        ]);
        let field = (1_u8..16, prop::collection::vec(any::<u8>(), 0..100)).prop_map(|(tag, bytes)| {
            let length = u8::try_from(bytes.len()).unwrap_or_default();
            [&[(tag << 3) | 2, length][..], &bytes].concat()
        });
        prop::option::of(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            prop::collection::vec(field, 0..6).prop_map(|fields| fields.concat()),
            json.prop_map(|text| text.as_bytes().to_vec()),
        ])
    }

    #[test]
    fn fuzz_whatever_the_bytes_are_no_reader_of_an_internal_topic_panics_and_tombstones_are_read() {
        let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
        let until = Instant::now() + Duration::from_secs(seconds);
        let config = ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() };
        let mut runner = TestRunner::new(config);
        while Instant::now() < until {
            let inputs = (keys(), values(), 0..4_i32);
            runner
                .run(&inputs, |(key, value, partition)| {
                    for kept in Kept::ALL {
                        let read = kept.check(&key, value.as_deref(), Partition(partition), 4);
                        let Err(Unreadable { why, .. }) = read else { continue };
                        prop_assert!(value.is_some(), "{kept:?} refuses a tombstone: {why}");
                        prop_assert!(
                            !why.is_empty() && why.len() < 2_000 && !why.contains(char::is_control),
                            "{why}"
                        );
                    }
                    Ok(())
                })
                .unwrap();
        }
    }
}
