//! `triggers`: what fired.

use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;
use std::process::ExitCode;

use clap::Args;
use winback_core::debounce::BurstOutcome;
use winback_core::debounce::shadow::is_shadow;
use winback_deployment::topics::Topics;
use winback_deployment::{Context, scan};
use winback_proto::v1;
use winback_show as show;
use winback_show::listing::Listing;
use winback_terminal::{EXIT_PARTLY, Out, until_closed};

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
    /// Show what would have fired, but came of a backlog: its records were read too late to act on.
    #[arg(long, conflicts_with = "follow")]
    pub(crate) stale: bool,
}

pub(crate) fn run(context: &Context, args: &TriggersArgs) -> anyhow::Result<ExitCode> {
    if args.stale {
        return until_closed(stale(context, args));
    }
    let account = args.account.as_deref();
    let Topics { triggers, shadow_triggers, .. } = &context.topics;
    let topic = if args.shadow { shadow_triggers } else { triggers };
    let listing = Listing { topic, account, limit: args.limit, follow: args.follow };
    let own = |trigger: &v1::Trigger| {
        account.is_none_or(|account| trigger.account.as_ref().is_some_and(|snapshot| snapshot.id == account))
    };
    listing.print::<v1::Trigger>(context, own, |trigger| format!("{}\n", show::trigger(trigger, None)))
}

/// The triggers that bursts of a backlog would have made, as their decisions have them.
fn stale(context: &Context, args: &TriggersArgs) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let account = args.account.as_deref();
    let partitions = scan::partitions_of(&*log, &context.topics.decisions, account)?;
    let mut out = Out::new();
    let mut show = |trigger: &v1::Trigger| {
        if context.json {
            out.json(trigger)
        } else {
            out.line(&format!("{}\n", show::trigger(trigger, None)))
        }
    };
    let mut newest = VecDeque::new();
    let ends = scan::merged::<v1::Decision>(&*log, &partitions, |found| {
        let decision = found.value;
        let is_asked = account.is_none_or(|account| decision.account_id == account)
            && is_shadow(&decision.policy) == args.shadow;
        if let Some(trigger) = decision.would_be.filter(|_| is_asked) {
            match args.limit {
                None => show(&trigger)?,
                Some(limit) => {
                    newest.push_back(trigger);
                    if newest.len() > limit {
                        newest.pop_front();
                    }
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    newest.iter().try_for_each(show)?;
    out.flush()?;
    Ok(if ends.unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
}

/// The accounts that were warm when nobody read: bursts of theirs came of a backlog.
///
/// # Errors
/// When the log is away or the topic is not there.
pub(crate) fn warm_of_late(context: &Context) -> anyhow::Result<usize> {
    let log = context.log()?;
    let partitions = scan::partitions_of(&*log, &context.topics.decisions, None)?;
    let mut accounts = BTreeSet::new();
    scan::merged::<v1::Decision>(&*log, &partitions, |found| {
        if BurstOutcome::parse(&found.value.outcome) == Some(BurstOutcome::Stale)
            && !is_shadow(&found.value.policy)
        {
            accounts.insert(found.value.account_id);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(accounts.len())
}
