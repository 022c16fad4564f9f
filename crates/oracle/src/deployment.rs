//! The topics of a deployment that are compared.

use std::sync::Arc;

use winback_log::{Log, LogError};

/// The topics and the group of a deployment's detector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Its name.
    pub name: String,
    /// The log of record.
    pub inbox: Arc<str>,
    /// The triggers.
    pub triggers: Arc<str>,
    /// The triggers of policies in shadow.
    pub shadow_triggers: Arc<str>,
    /// Every outcome.
    pub decisions: Arc<str>,
    /// The detector's state.
    pub changelog: Arc<str>,
    /// The dead letters of records that the detector could not commit.
    pub dead_letters: Arc<str>,
    /// The detector's group.
    pub group: String,
}

impl Deployment {
    /// The number of partitions of each of the five topics, and the inbox's id.
    ///
    /// # Errors
    /// If a topic is missing, or has another number of partitions than the inbox.
    pub(crate) fn partitions(&self, log: &dyn Log) -> Result<(i32, String), LogError> {
        let names = [&self.inbox, &self.triggers, &self.shadow_triggers, &self.decisions, &self.changelog];
        let there = log.describe(&names.map(|name| &**name))?;
        let mut found = Vec::new();
        for (name, info) in names.into_iter().zip(there) {
            let info = info.ok_or_else(|| LogError::NoTopic(name.to_string()))?;
            found.push((name, info.spec.partitions, info.id));
        }
        let (inbox, partitions, id) = found.swap_remove(0);
        match found.iter().find(|(_, other, _)| *other != partitions) {
            None => Ok((partitions, id)),
            Some((topic, other, _)) => Err(LogError::Config(format!(
                "`{topic}` has {other} partitions and `{inbox}` {partitions}: `winback topics plan` says which is wrong"
            ))),
        }
    }
}
