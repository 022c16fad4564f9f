//! `actions`: what the worker did about each trigger.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use winback_core::text::nearest;
use winback_deployment::Context;
use winback_deployment::config::ConfigError;
use winback_proto::v1;
use winback_show as show;
use winback_show::listing::Listing;
use winback_worker::Outcome;

/// Arguments of `actions`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ActionsArgs {
    /// Stay, and show each as it is taken.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Show only this account's.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Show only those with this outcome, such as `delivered`.
    #[arg(long)]
    pub(crate) outcome: Option<String>,
    /// Show only the newest so many.
    #[arg(long)]
    pub(crate) limit: Option<usize>,
}

pub(crate) fn run(context: &Context, args: &ActionsArgs) -> anyhow::Result<ExitCode> {
    let (account, outcome) = (args.account.as_deref(), args.outcome.as_deref());
    if let Some(outcome) = outcome {
        known(outcome)?;
    }
    let listing = Listing { topic: &context.topics.actions, account, limit: args.limit, follow: args.follow };
    let asked = |action: &v1::Action| {
        account.is_none_or(|account| action.account_id == account)
            && outcome.is_none_or(|outcome| action.outcome == outcome)
    };
    listing.print::<v1::Action>(context, asked, show::action_line)
}

/// An outcome that no action can have would list nothing for ever.
fn known(outcome: &str) -> anyhow::Result<()> {
    if Outcome::parse(outcome).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    let text = format!("--outcome {outcome} is none{}", nearest(outcome, &names));
    bail!(ConfigError::Wrong { path: "actions".to_owned(), text })
}
