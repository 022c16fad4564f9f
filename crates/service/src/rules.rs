//! New rules: the inbox is told from which record on they hold, before a detector of this version steps one.

use winback_deployment::config::Config;
use winback_deployment::topics::Topics;
use winback_log::Log;
use winback_oracle::Deployment;

/// Marks the partitions whose state an older version made.
///
/// # Errors
/// When the log is away, or the state is not understood.
pub(super) fn mark(log: &dyn Log, config: &Config, topics: &Topics) -> anyhow::Result<()> {
    let topics = topics.clone();
    let deployment = Deployment {
        name: config.deployment.clone(),
        inbox: topics.inbox,
        triggers: topics.triggers,
        shadow_triggers: topics.shadow_triggers,
        decisions: topics.decisions,
        changelog: topics.changelog,
        dead_letters: topics.dead_letters,
        group: format!("{}.detector", config.deployment),
    };
    for (partition, from) in winback_oracle::mark(log, &deployment, config.encoding.into())? {
        winback_terminal::note!(
            "the rules of this version hold from inbox offset {from} of partition {partition} on; the state as it was \
             stands in the inbox, and `verify` and `backtest` begin there"
        );
    }
    Ok(())
}
