//! What is there of a deployment's topics against what must be: the lines of `topics plan`, and the making of what is missing.

use std::collections::BTreeMap;

use winback_core::time::Span;
use winback_log::{Cleanup, Log, LogError, TopicInfo, TopicSpec};

use crate::config::Config;
use crate::topics::{RECORD_BYTES, Topics};
use crate::trigger_limit::{self, TooSmall};
use crate::{policies, policy_files};

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
pub const MONTH: Span = Span::from_days(30);

/// The reason why a topic keeps personal data longer than a month; a compacted topic does not.
pub fn kept_too_long(there: &TopicInfo) -> Option<String> {
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
    let limited = too_small(log, config)?;
    let planned = own.into_iter().chain(inputs).zip(there).enumerate().map(|(at, (spec, there))| {
        let mut planned = plan(&spec, there.as_ref(), at < count);
        let more = limited.iter().filter(|found| found.topic == spec.name);
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

/// The policies in force and in shadow that do not fit their topics; before the first are applied, the files.
///
/// # Errors
/// When the log is away or holds something else.
fn too_small(log: &dyn Log, config: &Config) -> anyhow::Result<Vec<TooSmall>> {
    let topics = Topics::of(&config.deployment);
    let there = log.describe(&[&topics.policies])?.into_iter().flatten().next().is_some();
    let applied = if there { policies::applied(log, &topics)? } else { BTreeMap::new() };
    let texts: Vec<String> = if applied.is_empty() {
        // What is wrong with a file is told where it is applied.
        policy_files::files(config).unwrap_or_default().into_values().collect()
    } else {
        applied.into_values().map(|policy| policy.text.to_string()).collect()
    };
    let takes = trigger_limit::takes(log, &topics)?;
    let size = |topic: &str| takes.get(topic).copied().unwrap_or(RECORD_BYTES);
    Ok(texts.iter().filter_map(|toml| trigger_limit::too_small(&topics, toml, size)).collect())
}
