//! `decisions`: what became of every matched signal and every burst, one by one or counted.

use std::ops::ControlFlow;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use winback_core::debounce::{BurstOutcome, SignalOutcome};
use winback_core::text::nearest;
use winback_core::time::Time;
use winback_deployment::config::ConfigError;
use winback_deployment::scan::Timed as _;
use winback_deployment::{Context, accounts, scan};
use winback_proto::v1;
use winback_show as show;
use winback_show::listing::Listing;
use winback_show::tally::{By, Tally};
use winback_terminal::{EXIT_PARTLY, Out, until_closed};

use crate::values::{by, since};

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
    /// Only those made since then: RFC 3339, or a time ago such as 7d.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Count them instead.
    #[arg(long, conflicts_with_all = ["follow", "limit"])]
    pub(crate) summary: bool,
    /// Count by the gate or cap that kept a trigger back, by churn reason, or by policy.
    #[arg(long, value_parser = by(), default_value = "gate", requires = "summary")]
    pub(crate) by: By,
}

pub(crate) fn run(context: &Context, args: &DecisionsArgs) -> anyhow::Result<ExitCode> {
    let (account, outcome) = (args.account.as_deref(), args.outcome.as_deref());
    if let Some(outcome) = outcome {
        known(outcome)?;
    }
    let from = args.since.as_deref().map(|text| since("decisions", text, context.clock.now())).transpose()?;
    let asked = |decision: &v1::Decision| is_asked(args, from, decision);
    if args.summary {
        return until_closed(summary(context, account, args.by, asked));
    }
    let listing =
        Listing { topic: &context.topics.decisions, account, limit: args.limit, follow: args.follow };
    listing.print::<v1::Decision>(context, asked, show::decision)
}

fn is_asked(args: &DecisionsArgs, from: Option<Time>, decision: &v1::Decision) -> bool {
    args.account.as_ref().is_none_or(|account| decision.account_id == *account)
        && args.outcome.as_ref().is_none_or(|outcome| decision.outcome == *outcome)
        && from.is_none_or(|from| decision.at() >= from)
}

fn summary(
    context: &Context,
    account: Option<&str>,
    by: By,
    asked: impl Fn(&v1::Decision) -> bool,
) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    // Only this grouping asks for the reason, and a list may be long.
    let reasons = match by {
        By::Reason => accounts::known(&*log, &context.topics.accounts, |account| Some(account.reason))?,
        By::Gate | By::Policy => accounts::Known::new(),
    };
    let mut tally = Tally::new(by);
    let partitions = scan::partitions_of(&*log, &context.topics.decisions, account)?;
    let ends = scan::merged::<v1::Decision>(&*log, &partitions, |found| {
        if asked(&found.value) {
            tally.add(&found.value, reasons.get(&found.value.account_id).map(String::as_str));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut out = Out::new();
    if context.json {
        tally.rows().iter().try_for_each(|row| out.json(row))?;
    } else {
        out.line(&tally.text())?;
    }
    out.flush()?;
    Ok(if ends.unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
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
