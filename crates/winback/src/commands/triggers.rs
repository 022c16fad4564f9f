//! `triggers`: what fired.

use std::process::ExitCode;

use clap::Args;
use winback_deployment::Context;
use winback_deployment::topics::Topics;
use winback_proto::v1;
use winback_show as show;
use winback_show::listing::Listing;

/// Arguments of `triggers`.
#[derive(Args, Clone, Debug)]
pub(crate) struct TriggersArgs {
    /// Stay, and show each as it fires.
    #[arg(long)]
    pub(crate) follow: bool,
    /// Only this account's.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Only the newest so many.
    #[arg(long)]
    pub(crate) limit: Option<usize>,
    /// Those of policies in shadow instead, which nobody acts on.
    #[arg(long)]
    pub(crate) shadow: bool,
}

pub(crate) fn run(context: &Context, args: &TriggersArgs) -> anyhow::Result<ExitCode> {
    let account = args.account.as_deref();
    let Topics { triggers, shadow_triggers, .. } = &context.topics;
    let topic = if args.shadow { shadow_triggers } else { triggers };
    let listing = Listing { topic, account, limit: args.limit, follow: args.follow };
    let own = |trigger: &v1::Trigger| {
        account.is_none_or(|account| trigger.account.as_ref().is_some_and(|snapshot| snapshot.id == account))
    };
    listing.print::<v1::Trigger>(context, own, |trigger| format!("{}\n", show::trigger(trigger, None)))
}
