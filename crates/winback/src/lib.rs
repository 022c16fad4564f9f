//! The command line and the wiring: arguments and config become a log, roles and lanes. Nothing is decided here.

pub mod accounts;
pub mod cli;
pub mod config;
pub mod context;
pub mod generate;
pub mod ingest;
pub mod schema_registry;
pub mod topics;
mod trigger_limit;

mod backtest;
mod commands;
mod demo;
mod doctor;
mod erase;
mod explain;
mod holds;
mod migrate;
mod policies;
mod reading;
mod run;
mod show;
mod source_test;
mod standing;
mod talk;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::CommandFactory as _;
use winback_core::privacy::masked;
use winback_lane::LaneError;
use winback_log::LogError;

pub use context::Context;

/// Wrong use or a wrong config; the text names the key or flag and the fix.
pub const EXIT_USAGE: u8 = 2;
/// The log is away, full, damaged, locked or lacks a topic.
pub const EXIT_LOG: u8 = 3;
/// It worked, but something was found or left out, such as rows that could not be taken.
pub const EXIT_PARTLY: u8 = 4;
/// A defect of winback: something panicked.
pub const EXIT_DEFECT: u8 = 5;
/// Anything else.
pub const EXIT_FAILED: u8 = 1;

/// Runs one command. A panic in it is an error, too.
///
/// # Errors
/// With what was attempted; [`exit_code`] says what the process ends with.
pub fn execute(cli: cli::Cli) -> anyhow::Result<ExitCode> {
    catch_unwind(AssertUnwindSafe(|| commands::execute(cli))).unwrap_or_else(|panic| {
        let why = winback_lane::panic_text(&*panic);
        Err(run::Panicked { thread: "main".to_owned(), why }.into())
    })
}

/// Tells the person at the terminal why a command failed, in one line whatever the error quotes. The value of a setting is shown
/// as it was written. All other texts may quote a record, so that mail addresses in them are masked.
pub fn report(error: &anyhow::Error) {
    let text = format!("{error:#}");
    let is_of_a_setting = exit_code(error) == EXIT_USAGE;
    let text = if is_of_a_setting { text.as_str().into() } else { masked(&text) };
    talk::note!("winback: {}", show::words::safe(&text));
}

/// The exit code that an error ends the process with.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    let of = |cause: &(dyn std::error::Error + 'static)| {
        if cause.is::<config::ConfigError>() || cause.is::<winback_sources::SourceError>() {
            return Some(EXIT_USAGE);
        }
        if cause.is::<run::Panicked>() {
            return Some(EXIT_DEFECT);
        }
        if let Some(error) = cause.downcast_ref::<LaneError>() {
            return of_lane(error);
        }
        cause.downcast_ref::<LogError>().map(of_log)
    };
    error.chain().find_map(of).unwrap_or(EXIT_FAILED)
}

const fn of_log(error: &LogError) -> u8 {
    match error {
        LogError::Config(_) => EXIT_USAGE,
        LogError::Unavailable { .. }
        | LogError::NoTopic(_)
        | LogError::Locked(_)
        | LogError::Damaged { .. }
        | LogError::OutOfRange { .. }
        | LogError::Fatal(_) => EXIT_LOG,
    }
}

/// Where the log took no transaction or did not answer it is the log's; anything else is the lane's own.
const fn of_lane(error: &LaneError) -> Option<u8> {
    match error {
        LaneError::Log(error) => Some(of_log(error)),
        LaneError::Unavailable { .. } | LaneError::CannotCommit(_) | LaneError::Fatal(_) => Some(EXIT_LOG),
        LaneError::Panicked { .. } => Some(EXIT_DEFECT),
        LaneError::Fenced { .. }
        | LaneError::Positions { .. }
        | LaneError::Truncated { .. }
        | LaneError::Restore { .. }
        | LaneError::State(_)
        | LaneError::Drain { .. } => None,
    }
}

/// The whole command line as clap knows it, for documentation and tests.
pub fn command() -> clap::Command {
    cli::Cli::command()
}
