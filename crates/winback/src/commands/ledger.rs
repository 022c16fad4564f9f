//! `ledger`: the facts that reports are made of.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use winback_core::time::Span;
use winback_deployment::config::ConfigError;
use winback_deployment::{Context, scan, suppression_key};
use winback_figures::ATTRIBUTION_DAYS;
use winback_ledger::{Feed, Follower, Ledger, LedgerError, Sqlite, Table};
use winback_log::TopicPartition;

use crate::values::table;

/// The time that one look at the log waits.
const WAIT: Duration = Duration::from_millis(200);

/// `ledger`.
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Take in what came since the last time. The log forgets; the ledger does not: run it more often than topics.keep.
    Update {
        /// Stay, and take in what comes.
        #[arg(long)]
        follow: bool,
    },
    /// Read the log again from its first record. What the log has forgotten stays.
    Rebuild,
    /// Take in costs, spend on new customers, or rates of currencies from a CSV file.
    Import {
        /// The content of the file.
        #[arg(value_parser = table())]
        table: Table,
        /// The file.
        file: PathBuf,
    },
}

pub(crate) fn run(context: &Context, command: &LedgerCommand) -> anyhow::Result<ExitCode> {
    match command {
        LedgerCommand::Update { follow } => update(context, *follow),
        LedgerCommand::Rebuild => rebuild(context),
        LedgerCommand::Import { table, file } => import(context, *table, file),
    }
}

fn update(context: &Context, follow: bool) -> anyhow::Result<ExitCode> {
    let stop = scan::stop_flag()?;
    let mut follower = follower(context, open(context)?)?;
    let mut records = 0_u64;
    while !stop.load(Ordering::Relaxed) && (follow || !follower.has_caught_up()) {
        records += follower.turn(WAIT)? as u64;
    }
    let counted = winback_terminal::counted(records, "record");
    winback_terminal::note!("{counted} taken into {}", context.config.ledger.path.display());
    Ok(ExitCode::SUCCESS)
}

fn rebuild(context: &Context) -> anyhow::Result<ExitCode> {
    let mut ledger = open(context)?;
    ledger.rewind()?;
    drop(ledger);
    update(context, false)
}

fn import(context: &Context, table: Table, file: &PathBuf) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read {}: write UTF-8, and check the path", file.display()))?;
    let mut database = Sqlite::open(&context.config.ledger.path)?;
    let lines = match winback_ledger::import(&mut database, table, &text, context.clock.now()) {
        Err(LedgerError::Input(text)) => {
            let text = format!("{text}\nnothing was written: mend the lines, and import the file again");
            return Err(ConfigError::Wrong { path: file.display().to_string(), text }.into());
        }
        other => other?,
    };
    winback_terminal::note!("{} of {table} taken in", winback_terminal::counted(lines as u64, "line"));
    Ok(ExitCode::SUCCESS)
}

/// Takes in what came since, unless another process keeps the ledger.
pub(super) fn catch_up(context: &Context) -> anyhow::Result<()> {
    let ledger = match open(context) {
        Err(error) if matches!(error.downcast_ref(), Some(LedgerError::Held { .. })) => return Ok(()),
        other => other?,
    };
    let mut follower = follower(context, ledger)?;
    while !follower.has_caught_up() {
        follower.turn(WAIT)?;
    }
    Ok(())
}

fn open(context: &Context) -> anyhow::Result<Ledger> {
    let config = context.config.clone();
    let key = Box::new(move || suppression_key::known(&config));
    Ok(Ledger::open(&context.config.ledger.path, Span::from_days(ATTRIBUTION_DAYS), key)?)
}

fn follower(context: &Context, ledger: Ledger) -> anyhow::Result<Follower> {
    let (log, topics) = (context.log()?, &context.topics);
    let feeds = [
        (Feed::Suppressions, &topics.suppressions),
        (Feed::Accounts, &topics.accounts),
        (Feed::Triggers, &topics.triggers),
        (Feed::Decisions, &topics.decisions),
        (Feed::Actions, &topics.actions),
        (Feed::Answers, &topics.answers),
    ];
    let mut partitions: Vec<(Feed, TopicPartition)> = Vec::new();
    for (feed, topic) in feeds {
        partitions.extend(scan::partitions(&*log, topic)?.into_iter().map(|partition| (feed, partition)));
    }
    Ok(Follower::new(ledger, &*log, partitions)?)
}
