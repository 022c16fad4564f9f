//! The topics of a deployment: their names and how each must be kept (DESIGN section 4).

use std::sync::Arc;

use winback_core::time::Span;
use winback_log::{Cleanup, Log, LogError, TimestampKind, TopicInfo, TopicSpec};

use crate::config::{Config, RESPONSES};
use crate::trigger_limit;

/// Compacted topics keep tombstones for a week, so that snapshots may be days old.
pub(crate) const TOMBSTONES: Span = Span::from_days(7);
/// The largest ordinary record.
pub(crate) const RECORD_BYTES: usize = 1 << 20;
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

/// The line of `topics plan` for one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// It is as it must be.
    Right,
    /// It is not there and will be made.
    Missing,
    /// It is there and cannot be used as it is: what is wrong and what to do.
    Wrong(Vec<String>),
}

impl Planned {
    /// One more thing that is wrong, also with a topic that would be made.
    fn add(&mut self, what: String) {
        match self {
            Self::Wrong(wrong) => wrong.push(what),
            Self::Right | Self::Missing => *self = Self::Wrong(vec![what]),
        }
    }
}

/// A month: an erasure must be through by then.
pub(crate) const MONTH: Span = Span::from_days(30);

/// The reason why a topic keeps personal data longer than a month; a compacted topic does not.
pub(crate) fn kept_too_long(there: &TopicInfo) -> Option<String> {
    let keeps = match there.spec.cleanup {
        Cleanup::Delete(Some(span)) if span <= MONTH => return None,
        Cleanup::Delete(Some(span)) => span.to_string(),
        Cleanup::Delete(None) => "everything for ever".to_owned(),
        Cleanup::Compact { .. } => return None,
    };
    let name = &there.spec.name;
    Some(format!(
        "`{name}` keeps {keeps}: what it says of an account that `winback erase` erases stays so long; 30 days or less \
         (retention.ms)"
    ))
}

/// Compares what is there with what must be.
pub fn plan(spec: &TopicSpec, there: Option<&TopicInfo>, own: bool) -> Planned {
    let Some(there) = there else { return Planned::Missing };
    let mut wrong = Vec::new();
    if own && there.spec.partitions != spec.partitions {
        wrong.push(format!(
            "has {} partitions, topics.partitions says {}: set the key to {}, partitions of winback's topics cannot change",
            there.spec.partitions, spec.partitions, there.spec.partitions
        ));
    }
    let compacted = matches!(there.spec.cleanup, Cleanup::Compact { .. });
    let must = matches!(spec.cleanup, Cleanup::Compact { .. });
    if own && compacted != must {
        let policy = if must { "compact" } else { "delete" };
        wrong.push(format!("must have cleanup.policy={policy}: alter the topic's config"));
    }
    if own && there.spec.timestamps != spec.timestamps {
        wrong.push("must have message.timestamp.type=LogAppendTime: alter the topic's config".to_owned());
    }
    if own && there.spec.max_record_bytes < spec.max_record_bytes {
        wrong.push(format!(
            "must have max.message.bytes of at least {}: alter the topic's config",
            spec.max_record_bytes
        ));
    }
    if wrong.is_empty() { Planned::Right } else { Planned::Wrong(wrong) }
}

/// Each topic of the deployment with what is to be done; winback's own first.
///
/// # Errors
/// When the log is away, or a policy in the inbox cannot be read.
pub fn plan_all(log: &dyn Log, config: &Config) -> anyhow::Result<Vec<(TopicSpec, Planned)>> {
    let own = Topics::of(&config.deployment).specs(config);
    let inputs = Topics::input_specs(config);
    let names: Vec<&str> = own.iter().chain(&inputs).map(|spec| spec.name.as_str()).collect();
    let there = log.describe(&names)?;
    let count = own.len();
    let too_small = trigger_limit::of_log(log, config)?;
    let planned = own.into_iter().chain(inputs).zip(there).enumerate().map(|(at, (spec, there))| {
        let mut planned = plan(&spec, there.as_ref(), at < count);
        let more = too_small.iter().filter(|found| found.topic == spec.name);
        more.for_each(|found| planned.add(found.text.clone()));
        (spec, planned)
    });
    Ok(planned.collect())
}

/// Makes what is missing. Topics that others write are made only in a log that no others share.
///
/// # Errors
/// When the log is away, or a topic cannot be used as it is: all that is wrong is in the text.
pub fn apply(log: &dyn Log, config: &Config, inputs_too: bool) -> anyhow::Result<Vec<String>> {
    let own = Topics::of(&config.deployment).specs(config).len();
    let planned = plan_all(log, config)?;
    let wrong: Vec<String> = planned
        .iter()
        .filter_map(|(spec, planned)| match planned {
            Planned::Wrong(what) => Some(format!("topic `{}` {}", spec.name, what.join("; "))),
            Planned::Right | Planned::Missing => None,
        })
        .collect();
    if !wrong.is_empty() {
        return Err(LogError::Fatal(wrong.join("\n")).into());
    }
    let mut made = Vec::new();
    for (at, (spec, planned)) in planned.into_iter().enumerate() {
        if planned == Planned::Missing && (at < own || inputs_too) {
            log.create(&spec)?;
            made.push(spec.name);
        }
    }
    Ok(made)
}
