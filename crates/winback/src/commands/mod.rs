//! The commands: a file each, with its arguments and what it does.

mod accounts;
mod actions;
mod backtest;
mod config;
mod dead_letters;
mod decisions;
mod demo;
mod doctor;
mod erase;
mod explain;
mod generate;
mod holds;
pub(crate) mod ingest;
mod ledger;
mod migrate;
mod outreach;
mod policy;
mod releases;
mod report;
mod run;
mod sequence;
mod source;
mod topics;
mod triggers;
mod verify;

use std::process::ExitCode;

use clap::Subcommand;
use winback_deployment::Context;

use crate::cli::accounts::AccountsCommand;

/// The actions of a command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the roles: registrar, matcher, detector, worker.
    Run(run::RunArgs),
    /// A day of signals of generated accounts, played fast, with every trigger told. Ctrl-C ends it.
    Demo(demo::DemoArgs),
    /// Write a file into a source's topic, sorted by event time and stamped with it.
    Ingest(ingest::IngestArgs),
    /// The list of churned accounts.
    #[command(subcommand)]
    Accounts(AccountsCommand),
    /// List triggers.
    Triggers(triggers::TriggersArgs),
    /// List what the worker did about each trigger.
    Actions(actions::ActionsArgs),
    /// List the decision about each matched signal and each burst.
    Decisions(decisions::DecisionsArgs),
    /// The story of an account, a signal, a burst or a trigger: what came, how it matched, which rule decided.
    Explain(explain::ExplainArgs),
    /// Read the inbox back, decide everything again in one process, and compare: is what is committed what it must be?
    ///
    /// It reads and writes nothing in the log, and may run beside the deployment. Exit code 0: triggers, decisions and
    /// state are what one process makes of the inbox; 1: something differs, and the first differences are named; 4: the
    /// inbox was cut by its retention, and no checkpoint tells of what is gone.
    Verify(verify::VerifyArgs),
    /// Decide the inbox again, as it was and under another policy: which triggers would be gone, new, earlier or later, and
    /// why.
    ///
    /// It reads the whole inbox through the production code, and writes nothing in the log. A policy that says what the
    /// one in force says changes nothing.
    Backtest(backtest::BacktestArgs),
    /// Records that could not be processed.
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLettersCommand),
    /// The topics that the deployment needs.
    #[command(subcommand)]
    Topics(topics::TopicsCommand),
    /// The config.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// The policies.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// The sequences: whom they are for, what they send and when.
    #[command(subcommand)]
    Sequence(sequence::SequenceCommand),
    /// The outreach to an account.
    #[command(subcommand)]
    Outreach(outreach::OutreachCommand),
    /// Hold starting triggers, within a second: what would have fired is gated. Logged on every member.
    Hold(holds::HoldArgs),
    /// Let held triggers go again. What ended meanwhile stays gated, so that nothing comes twice; only what was of strength 3
    /// is told now.
    Release(holds::HoldArgs),
    /// List holds: since when, by whom and why.
    Holds,
    /// Our releases, and competitors' events.
    #[command(subcommand)]
    Releases(releases::ReleasesCommand),
    /// Move the deployment to another log with its accounts, state and policies, so that nobody is triggered again.
    ///
    /// Both are log URLs, such as sqlite:winback.db and kafka://127.0.0.1:9092; the deployment must have read everything
    /// and be stopped. What it fired so far stays readable in the old log.
    Migrate(migrate::MigrateArgs),
    /// Erase an account: what is known of it goes, and a keyed hash stays that keeps it from being imported again.
    ///
    /// Every topic, snapshot and draft is searched; the report says what is gone, and what goes by when. Where the
    /// deployment does not run and its log is a file, all that can go goes at once. Exit code 4: nobody has taken the
    /// erasure in yet; start `winback run`, then erase again.
    Erase(erase::EraseArgs),
    /// The ledger: facts of what came back, kept when the log has forgotten.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Report what came back, what it cost, and what would have come anyway.
    Report(report::ReportArgs),
    /// The sources: try one on a file before anything runs.
    #[command(subcommand)]
    Source(source::SourceCommand),
    /// Write generated accounts and signals, in the producers' own shapes. The same arguments give the same bytes.
    Generate(generate::GenerateArgs),
}

pub(crate) fn execute(context: Context, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(args) => run::run(&context, &args),
        Command::Demo(args) => demo::run(context, &args),
        Command::Ingest(args) => ingest::run(&context, &args),
        Command::Accounts(command) => accounts::run(&context, command),
        Command::Triggers(args) => triggers::run(&context, &args),
        Command::Actions(args) => actions::run(&context, &args),
        Command::Decisions(args) => decisions::run(&context, &args),
        Command::Explain(args) => explain::run(&context, &args),
        Command::Verify(args) => verify::run(&context, args),
        Command::Backtest(args) => backtest::run(&context, &args),
        Command::DeadLetters(command) => dead_letters::run(&context, command),
        Command::Topics(command) => topics::run(&context, &command),
        Command::Config(command) => config::run(&context, &command),
        Command::Policy(command) => policy::run(&context, command),
        Command::Sequence(command) => sequence::run(&context, command),
        Command::Outreach(command) => outreach::run(&context, &command),
        Command::Hold(args) => holds::put(&context, &args, true),
        Command::Release(args) => holds::put(&context, &args, false),
        Command::Holds => holds::list(&context),
        Command::Releases(command) => releases::run(&context, &command),
        Command::Ledger(command) => ledger::run(&context, &command),
        Command::Report(args) => report::run(&context, &args),
        Command::Migrate(args) => migrate::run(&context, &args),
        Command::Erase(args) => erase::run(&context, &args),
        Command::Source(command) => source::run(&context, &command),
        Command::Generate(args) => generate::run(&context, &args),
    }
}
