//! `decisions`: what became of every matched signal and every burst.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use winback_core::debounce::{BurstOutcome, SignalOutcome};
use winback_core::text::nearest;
use winback_deployment::Context;
use winback_deployment::config::ConfigError;
use winback_proto::v1;
use winback_show as show;
use winback_show::listing::Listing;

/// Arguments of `decisions`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DecisionsArgs {
    /// Stay, and show each as it is made.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Only this account's.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Only those with this outcome, such as `gated`.
    #[arg(long)]
    pub(crate) outcome: Option<String>,
    /// Only the newest so many.
    #[arg(long)]
    pub(crate) limit: Option<usize>,
}

pub(crate) fn run(context: &Context, args: &DecisionsArgs) -> anyhow::Result<ExitCode> {
    let (account, outcome) = (args.account.as_deref(), args.outcome.as_deref());
    if let Some(outcome) = outcome {
        known(outcome)?;
    }
    let listing =
        Listing { topic: &context.topics.decisions, account, limit: args.limit, follow: args.follow };
    let asked = |decision: &v1::Decision| {
        account.is_none_or(|account| decision.account_id == account)
            && outcome.is_none_or(|outcome| decision.outcome == outcome)
    };
    listing.print::<v1::Decision>(context, asked, show::decision)
}

/// An outcome that no decision can have would list nothing for ever.
fn known(outcome: &str) -> anyhow::Result<()> {
    if SignalOutcome::parse(outcome).is_some() || BurstOutcome::parse(outcome).is_some() {
        return Ok(());
    }
    let signals = SignalOutcome::ALL.iter().map(|outcome| outcome.as_str());
    let bursts = BurstOutcome::ALL.iter().map(|outcome| outcome.as_str());
    let mut names: Vec<&str> = signals.chain(bursts).collect();
    names.sort_unstable();
    names.dedup();
    let text = format!("--outcome {outcome} is none{}", nearest(outcome, &names));
    bail!(ConfigError::Wrong { path: "decisions".to_owned(), text })
}
