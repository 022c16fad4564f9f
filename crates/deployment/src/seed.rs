//! The policies and holds of a deployment at the start of a process.

use anyhow::Context as _;
use winback_log::Log;

use crate::config::Config;
use crate::topics::Topics;
use crate::{holds, policies, policy_files};

/// At the start of a deployment that never had a policy: applies the files. Otherwise the policies in force stay, an inbox
/// that was made anew gets them and the holds again, and files that differ are told.
///
/// # Errors
/// As [`policies::apply`].
pub fn seed(log: &dyn Log, config: &Config, topics: &Topics) -> anyhow::Result<()> {
    // Holds come first, so that nothing fires between.
    for hold in holds::put_again(log, config, topics, false)? {
        tracing::warn!(policy = %hold.policy, "nothing said that this inbox has the hold: it was put there again");
    }
    let before = policies::applied(log, topics)?;
    if before.is_empty() {
        policies::apply(log, config, topics).context("cannot apply the policies of a fresh deployment")?;
        return Ok(());
    }
    for (policy, version) in policies::put_again(log, config, topics, false)? {
        tracing::warn!(%policy, version, "nothing said that this inbox has the policy: it was put there again");
    }
    let files = policy_files::files(config)?;
    let differs =
        |(name, toml): &(&String, &String)| before.get(*name).is_none_or(|known| *known.text != ***toml);
    for (name, _) in files.iter().filter(differs) {
        tracing::warn!(policy = %name, "the file differs from the policy in force: `winback policy apply` puts it into force");
    }
    Ok(())
}
