//! The topics of a deployment: their names and how each must be kept.

use std::sync::Arc;

use winback_core::time::Span;
use winback_log::{Cleanup, TimestampKind, TopicSpec};

use crate::config::{Config, RESPONSES};

/// Compacted topics keep tombstones for a week, so that snapshots may be days old.
pub const TOMBSTONES: Span = Span::from_days(7);
/// The largest ordinary record.
pub const RECORD_BYTES: usize = 1 << 20;
/// Room for a dead letter's own fields beside the record.
const DEAD_LETTER_ROOM: usize = 64 << 10;

/// The names of a deployment's topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    /// The compacted list of churned accounts.
    pub accounts: Arc<str>,
    /// The log of record.
    pub inbox: Arc<str>,
    /// Triggers.
    pub triggers: Arc<str>,
    /// Triggers of policies in shadow, which nobody acts on.
    pub shadow_triggers: Arc<str>,
    /// Decisions.
    pub decisions: Arc<str>,
    /// The detector's state.
    pub changelog: Arc<str>,
    /// Actions.
    pub actions: Arc<str>,
    /// Dead letters.
    pub dead_letters: Arc<str>,
    /// Dead letters on their way back, under their original source and position.
    pub retries: Arc<str>,
    /// The positions of the matchers.
    pub positions: Arc<str>,
    /// The policies that were applied, by name.
    pub policies: Arc<str>,
    /// The last word about each hold.
    pub holds: Arc<str>,
    /// The answers of accounts, as others write them.
    pub responses: Arc<str>,
    /// The answers, for senders: compacted.
    pub answers: Arc<str>,
    /// The erased accounts, as keyed hashes.
    pub suppressions: Arc<str>,
}

impl Topics {
    /// The topics of that deployment.
    pub fn of(deployment: &str) -> Self {
        let name = |topic: &str| Arc::from(format!("{deployment}.{topic}"));
        Self {
            accounts: name("accounts"),
            inbox: name("inbox"),
            triggers: name("triggers"),
            shadow_triggers: name("shadow-triggers"),
            decisions: name("decisions"),
            changelog: name("detector-changelog"),
            actions: name("actions"),
            dead_letters: name("dead-letters"),
            retries: name("retries"),
            positions: name("matcher-positions"),
            policies: name("policies"),
            holds: name("holds"),
            responses: name(RESPONSES),
            answers: name("answers"),
            suppressions: name("suppressions"),
        }
    }

    /// The required settings of winback's own topics.
    pub fn specs(&self, config: &Config) -> Vec<TopicSpec> {
        let compact = Cleanup::Compact { tombstones: TOMBSTONES };
        let largest = config.sources.values().map(|source| source.max_bytes).max().unwrap_or(RECORD_BYTES);
        let spec = |name: &Arc<str>, partitions, cleanup, max_record_bytes| TopicSpec {
            name: name.to_string(),
            partitions,
            replication: config.topics.replication,
            cleanup,
            timestamps: TimestampKind::Append,
            max_record_bytes,
        };
        let many = config.topics.partitions;
        let kept = Cleanup::Delete(Some(config.topics.keep));
        vec![
            spec(&self.accounts, many, compact, RECORD_BYTES),
            spec(&self.inbox, many, kept, RECORD_BYTES),
            spec(&self.triggers, many, kept, RECORD_BYTES),
            spec(&self.shadow_triggers, many, kept, RECORD_BYTES),
            spec(&self.decisions, many, kept, RECORD_BYTES),
            spec(&self.changelog, many, compact, RECORD_BYTES),
            spec(&self.actions, many, kept, RECORD_BYTES),
            spec(&self.dead_letters, 1, kept, largest.max(RECORD_BYTES) + DEAD_LETTER_ROOM),
            spec(&self.retries, many, kept, largest.max(RECORD_BYTES) + DEAD_LETTER_ROOM),
            spec(&self.positions, 1, compact, RECORD_BYTES),
            spec(&self.policies, 1, compact, RECORD_BYTES),
            spec(&self.holds, 1, compact, RECORD_BYTES),
            TopicSpec {
                timestamps: TimestampKind::Create,
                ..spec(&self.responses, 1, kept, largest.max(10 << 20) + DEAD_LETTER_ROOM)
            },
            spec(&self.answers, many, compact, RECORD_BYTES),
            spec(&self.suppressions, 1, compact, RECORD_BYTES),
        ]
    }

    /// The topics that others write and winback reads, as it would make them: kept for ever, stamped by the producer.
    pub fn input_specs(config: &Config) -> Vec<TopicSpec> {
        let names = config.sources.values().map(|source| (source.topic.as_str(), source.max_bytes));
        let mut names: Vec<_> = names.chain([(config.accounts.topic.as_str(), RECORD_BYTES)]).collect();
        names.sort_unstable();
        names.dedup_by_key(|(name, _)| *name);
        let own = Topics::of(&config.deployment).responses;
        names.retain(|(name, _)| *name != &*own);
        let spec = |(name, bytes): (&str, usize)| TopicSpec {
            name: name.to_owned(),
            partitions: config.topics.source_partitions,
            replication: config.topics.replication,
            cleanup: Cleanup::Delete(None),
            timestamps: TimestampKind::Create,
            // One more than what a source takes, so that a record that is too large becomes a dead letter.
            max_record_bytes: bytes.max(10 << 20) + DEAD_LETTER_ROOM,
        };
        names.into_iter().map(spec).collect()
    }
}
