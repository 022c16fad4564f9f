//! `releases reach`: who hears of a release or of a competitor's event, who nearly does, and what keeps them apart.

use std::ops::ControlFlow;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use winback_core::account::Account;
use winback_core::debounce::{Body, Event, Near, Reach, Reaches};
use winback_core::ids::Offset;
use winback_deployment::{Context, scan};
use winback_log::Log;
use winback_proto::{WireMessage as _, inbox, v1};
use winback_show::{backtest, words};
use winback_terminal::{EXIT_PARTLY, Out, until_closed};

/// `releases`.
#[derive(Debug, Subcommand)]
pub(crate) enum ReleasesCommand {
    /// Show who hears of a release, who nearly does, and the words that keep them apart.
    Reach {
        /// The id of a release or of a competitor's event, or its title.
        release: String,
    },
}

pub(crate) fn run(context: &Context, command: &ReleasesCommand) -> anyhow::Result<ExitCode> {
    let ReleasesCommand::Reach { release } = command;
    until_closed(reach(context, release))
}

fn reach(context: &Context, release: &str) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let Some(event) = find(context, &*log, release)? else {
        winback_terminal::note!(
            "no release or competitor's event of the id or title `{}` is in the inbox: `winback ingest` it, and run",
            words::safe(release)
        );
        return Ok(ExitCode::from(EXIT_PARTLY));
    };
    let mut reaches = Reaches::new(&event);
    let mut found: Vec<(Account, Reach)> = Vec::new();
    for partition in scan::partitions(&*log, &context.topics.accounts)? {
        for account in backtest::accounts(&*log, &partition)? {
            found.extend(reaches.of(&account).map(|reach| (account, reach)));
        }
    }
    found.sort_by(|(left, _), (right, _)| left.id.cmp(&right.id));
    let mut out = Out::new();
    if context.json {
        found.iter().try_for_each(|(account, reach)| out.json(&of(account, reach)))?;
    } else {
        tell(&mut out, &event, &found)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The newest event of that id or title; every partition has each.
fn find(context: &Context, log: &dyn Log, release: &str) -> anyhow::Result<Option<Event>> {
    let mut found = None;
    let Some(partition) = scan::partitions(log, &context.topics.inbox)?.into_iter().next() else {
        return Ok(None);
    };
    scan::each(log, &partition, Offset::ZERO, |message| {
        let record = message.value().map(v1::InboxRecord::from_bytes);
        if let Some(Ok(record)) = record
            && let Ok(Body::Event(event)) = inbox::from_wire(record)
            && (event.id == release || event.title.eq_ignore_ascii_case(release))
        {
            found = Some(*event);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

fn of(account: &Account, reach: &Reach) -> serde_json::Value {
    let (id, name) = (account.id.as_str(), &account.name);
    match reach {
        Reach::Hears(why) => json!({ "account": id, "name": name, "reach": "hears", "why": why }),
        Reach::LeftLater(why) => json!({ "account": id, "name": name, "reach": "left_later", "why": why }),
        Reach::Nearly(Near { theirs, ours, apart }) => json!({
            "account": id, "name": name, "reach": "nearly", "missing": theirs, "feature": ours, "apart": apart,
        }),
    }
}

fn tell(out: &mut Out, event: &Event, found: &[(Account, Reach)]) -> std::io::Result<()> {
    let count = |is: fn(&Reach) -> bool| found.iter().filter(|(_, reach)| is(reach)).count();
    out.line(&format!(
        "{} ({}, {}): {} hear of it, {} nearly, {} left on its day or later",
        words::safe(&event.title),
        words::safe(&event.id),
        event.event_time,
        count(|reach| matches!(reach, Reach::Hears(_))),
        count(|reach| matches!(reach, Reach::Nearly(_))),
        count(|reach| matches!(reach, Reach::LeftLater(_))),
    ))?;
    for (account, reach) in found {
        let said = match reach {
            Reach::Hears(why) => format!("hears: {why}"),
            Reach::LeftLater(why) => format!("left on its day or later: {why}"),
            Reach::Nearly(Near { theirs, ours, apart }) => {
                format!(
                    "nearly: it missed `{theirs}`, and this is `{ours}`; kept apart by {}",
                    apart.join(", ")
                )
            }
        };
        let who = words::short(&words::safe(account.id.as_str()), 20);
        out.line(&format!(
            "  {who:<20} {:<30} {}",
            words::short(&words::safe(&account.name), 30),
            words::safe(&said)
        ))?;
    }
    Ok(())
}
