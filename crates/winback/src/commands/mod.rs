//! A file a command.

mod accounts;
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
mod ingest;
mod migrate;
mod policy;
mod releases;
mod run;
mod source;
mod topics;
mod triggers;
mod verify;

use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::context::Context;

pub(crate) fn execute(cli: Cli) -> anyhow::Result<ExitCode> {
    let context = Context::new(&cli.global)?;
    match cli.command {
        Command::Run(args) => run::run(&context, &args),
        Command::Demo(args) => demo::run(context, &args),
        Command::Ingest(args) => ingest::run(&context, &args),
        Command::Accounts(command) => accounts::run(&context, command),
        Command::Triggers(args) => triggers::run(&context, &args),
        Command::Decisions(args) => decisions::run(&context, &args),
        Command::Explain { subject } => explain::run(&context, &subject),
        Command::Verify(args) => verify::run(&context, args),
        Command::Backtest(args) => backtest::run(&context, &args),
        Command::DeadLetters(command) => dead_letters::run(&context, command),
        Command::Topics(command) => topics::run(&context, &command),
        Command::Config(command) => config::run(&context, &command),
        Command::Policy(command) => policy::run(&context, command),
        Command::Hold(args) => holds::put(&context, &args, true),
        Command::Release(args) => holds::put(&context, &args, false),
        Command::Holds => holds::list(&context),
        Command::Releases(command) => releases::run(&context, &command),
        Command::Migrate(args) => migrate::run(&context, &args),
        Command::Erase(args) => erase::run(&context, &args),
        Command::Source(command) => source::run(&context, &command),
        Command::Generate(args) => generate::run(&context, &args),
    }
}
