//! The largest trigger that a policy allows, held against what its topic takes: a trigger that the topic refused would
//! stop its partition.

use std::collections::BTreeMap;

use winback_core::debounce::shadow;
use winback_log::{Log, LogError};

use crate::topics::{RECORD_BYTES, Topics};

/// The room for a record's headers beside its key and value.
const ROOM: usize = 4 << 10;

/// A policy whose triggers may be larger than their topic takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooSmall {
    /// The topic.
    pub topic: String,
    /// Both numbers and the fix.
    pub text: String,
}

/// The topic that takes too little for the policy of that text, where it does; `takes` is the size of records that a topic
/// takes. A text that is no policy has no triggers.
pub fn too_small(topics: &Topics, toml: &str, takes: impl Fn(&str) -> usize) -> Option<TooSmall> {
    let policy = winback_policy::parse(toml, 1).ok()?;
    let in_shadow = shadow::is_shadow(policy.name.as_str());
    let topic = if in_shadow { &topics.shadow_triggers } else { &topics.triggers };
    let (most, takes) = (usize::try_from(policy.max_trigger_bytes).unwrap_or(usize::MAX), takes(topic));
    (most.saturating_add(ROOM) > takes).then(|| TooSmall {
        topic: topic.to_string(),
        text: format!(
            "takes records of {takes} bytes, and policy `{}` allows triggers of {most} (max_trigger_bytes): set \
             max_trigger_bytes to {} at most and apply the policy, or alter the topic's max.message.bytes to {} at least",
            policy.name,
            takes.saturating_sub(ROOM),
            most.saturating_add(ROOM)
        ),
    })
}

/// What each topic of triggers takes; one that is not there takes what winback makes it for.
pub fn takes(log: &dyn Log, topics: &Topics) -> Result<BTreeMap<String, usize>, LogError> {
    let names = [&*topics.triggers, &*topics.shadow_triggers];
    let there = log.describe(&names)?;
    let size = |(name, there): (&&str, Option<winback_log::TopicInfo>)| {
        ((*name).to_owned(), there.map_or(RECORD_BYTES, |there| there.spec.max_record_bytes))
    };
    Ok(names.iter().zip(there).map(size).collect())
}

/// Refuses a policy that does not fit its topic.
///
/// # Errors
/// Names both numbers and the fix.
pub fn check(log: &dyn Log, topics: &Topics, toml: &str) -> anyhow::Result<()> {
    let takes = takes(log, topics)?;
    match too_small(topics, toml, |topic| takes.get(topic).copied().unwrap_or(RECORD_BYTES)) {
        Some(TooSmall { topic, text, .. }) => anyhow::bail!("topic `{topic}` {text}"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_and_its_topic_are_compared_with_both_numbers_and_the_fix() {
        let topics = Topics::of("w");
        let checked = |toml: &str, takes: usize| too_small(&topics, toml, |_| takes);
        assert_eq!(checked("name = \"p\"", 1 << 20), None, "the default fits");
        assert_eq!(checked("name = \"p\"\nmax_trigger_bytes = 1044480", 1 << 20), None, "to the byte");
        let found = checked("name = \"p\"\nmax_trigger_bytes = 1044481", 1 << 20).unwrap();
        assert_eq!(found.topic, "w.triggers");
        for part in ["`p`", "1048576", "1044481", "1044480 at most", "1048577 at least", "max_trigger_bytes"]
        {
            assert!(found.text.contains(part), "{}", found.text);
        }
        let found = checked("name = \"p\"\nshadow = true", 100_000).unwrap();
        assert_eq!(found.topic, "w.shadow-triggers");
        assert_eq!(checked("", 0), None);
    }
}
