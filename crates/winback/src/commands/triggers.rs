//! `triggers`: what fired.

use std::process::ExitCode;

use winback_proto::v1;

use crate::cli::TriggersArgs;
use crate::context::Context;
use crate::show;
use crate::show::listing::Listing;
use crate::topics::Topics;

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
