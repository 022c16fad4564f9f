//! `triggers`: what fired.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use winback_core::debounce::BurstOutcome;
use winback_core::debounce::shadow::is_shadow;
use winback_core::time::Time;
use winback_deployment::scan::Timed;
use winback_deployment::topics::Topics;
use winback_deployment::{Context, scan};
use winback_log::Log;
use winback_proto::v1;
use winback_show as show;
use winback_show::listing::Listing;
use winback_terminal::{EXIT_PARTLY, Out, until_closed};
use winback_worker::Answers;

use crate::accounts::answered;
use crate::values::{Sort, sort};

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
    /// Show only those of accounts of this owner.
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// Show only what is still to do: it started something, its account is quiet for it, and nobody there answered since.
    #[arg(long, conflicts_with_all = ["follow", "stale", "shadow"])]
    pub(crate) open: bool,
    /// Sort by the priority, the highest first, instead of by time.
    #[arg(long, value_parser = sort(), conflicts_with = "follow")]
    pub(crate) sort: Option<Sort>,
}

pub(crate) fn run(context: &Context, args: &TriggersArgs) -> anyhow::Result<ExitCode> {
    if args.stale || args.open || args.sort.is_some() {
        return until_closed(chosen(context, args));
    }
    let account = args.account.as_deref();
    let topic = topic(context, args);
    let listing = Listing { topic, account, limit: args.limit, follow: args.follow };
    listing.print::<v1::Trigger>(
        context,
        |trigger| is_asked(args, trigger),
        |trigger| format!("{}\n", show::trigger(trigger, None)),
    )
}

fn topic<'a>(context: &'a Context, args: &TriggersArgs) -> &'a Arc<str> {
    let Topics { triggers, shadow_triggers, .. } = &context.topics;
    if args.shadow { shadow_triggers } else { triggers }
}

fn is_asked(args: &TriggersArgs, trigger: &v1::Trigger) -> bool {
    let snapshot = trigger.account.as_ref();
    let has = |asked: &Option<String>, own: fn(&v1::AccountSnapshot) -> &String| {
        asked.as_ref().is_none_or(|asked| snapshot.is_some_and(|snapshot| own(snapshot) == asked))
    };
    has(&args.account, |snapshot| &snapshot.id) && has(&args.owner, |snapshot| &snapshot.owner)
}

/// The triggers that cannot be listed one by one as they are read.
fn chosen(context: &Context, args: &TriggersArgs) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let (mut found, unreadable) = if args.stale {
        stale(context, &*log, args)?
    } else {
        let partitions = scan::partitions_of(&*log, topic(context, args), args.account.as_deref())?;
        let mut found = Vec::new();
        let ends = scan::merged::<v1::Trigger>(&*log, &partitions, |trigger| {
            found.extend(Some(trigger.value).filter(|trigger| is_asked(args, trigger)));
            Ok(ControlFlow::Continue(()))
        })?;
        (found, ends.unreadable)
    };
    if args.open {
        let answers = answered::answers(context, &*log, |_| true)?;
        found = open(found, &answers, context.clock.now());
    }
    let limit = args.limit.unwrap_or(usize::MAX);
    if args.sort.is_some() {
        found.sort_by_key(|trigger| std::cmp::Reverse(rank(trigger)));
        found.truncate(limit);
    } else {
        found.drain(..found.len().saturating_sub(limit));
    }
    let mut out = Out::new();
    for trigger in &found {
        if context.json {
            out.json(trigger)?;
        } else {
            out.line(&format!("{}\n", show::trigger(trigger, None)))?;
        }
    }
    out.flush()?;
    Ok(if unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
}

/// Priority, then revenue, then the time.
fn rank(trigger: &v1::Trigger) -> (u32, u64, Time) {
    let priority = trigger.priority.as_ref().map_or(0, |priority| priority.total);
    (priority, trigger.account.as_ref().map_or(0, |snapshot| snapshot.arr_usd), trigger.at())
}

/// The triggers that are still to do: the newest start of each account that is quiet for it and did not answer since.
fn open(found: Vec<v1::Trigger>, answers: &Answers, now: Time) -> Vec<v1::Trigger> {
    let mut newest: BTreeMap<String, v1::Trigger> = BTreeMap::new();
    for trigger in found.into_iter().filter(|trigger| trigger.parent_id.is_empty()) {
        let account = trigger.account.as_ref().map_or_else(String::new, |snapshot| snapshot.id.clone());
        newest.insert(account, trigger);
    }
    let is_open = |(account, trigger): &(String, v1::Trigger)| {
        let quiet = winback_proto::time(trigger.quiet_until.as_ref());
        let answered = answers.of(account).is_some_and(|answered| answered.since(trigger.at()));
        quiet.is_some_and(|until| until > now) && !answered
    };
    let mut open: Vec<_> = newest.into_iter().filter(is_open).map(|(_, trigger)| trigger).collect();
    open.sort_by_key(Timed::at);
    open
}

/// The triggers that bursts of a backlog would have made, as their decisions have them, and the number of decisions that
/// cannot be read.
fn stale(context: &Context, log: &dyn Log, args: &TriggersArgs) -> anyhow::Result<(Vec<v1::Trigger>, u64)> {
    let partitions = scan::partitions_of(log, &context.topics.decisions, args.account.as_deref())?;
    let mut stale = Vec::new();
    let ends = scan::merged::<v1::Decision>(log, &partitions, |found| {
        let v1::Decision { policy, would_be, .. } = found.value;
        if is_shadow(&policy) == args.shadow {
            stale.extend(would_be.filter(|trigger| is_asked(args, trigger)));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok((stale, ends.unreadable))
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
