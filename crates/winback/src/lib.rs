//! The command line and the wiring: arguments and config become a log, roles and lanes. Nothing is decided here.

pub mod accounts;
pub mod cli;
pub mod config;
pub mod context;
pub mod generate;
pub mod ingest;
pub mod schema_registry;
pub mod topics;

mod backtest;
mod commands;
mod demo;
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

use std::process::ExitCode;

use clap::CommandFactory as _;

pub use context::Context;

/// Wrong use or a wrong config; the text names the key or flag and the fix.
pub const EXIT_USAGE: u8 = 2;
/// The log is away, locked or lacks a topic.
pub const EXIT_LOG: u8 = 3;
/// It worked, but something was found or left out, such as rows that could not be taken.
pub const EXIT_PARTLY: u8 = 4;
/// Anything else.
pub const EXIT_FAILED: u8 = 1;

/// Runs one command.
///
/// # Errors
/// With what was attempted; [`exit_code`] says what the process ends with.
pub fn execute(cli: cli::Cli) -> anyhow::Result<ExitCode> {
    commands::execute(cli)
}

/// The exit code that an error ends the process with.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    let of = |cause: &(dyn std::error::Error + 'static)| {
        if cause.is::<config::ConfigError>() || cause.is::<winback_sources::SourceError>() {
            return Some(EXIT_USAGE);
        }
        let log = cause.downcast_ref::<winback_log::LogError>();
        let log = log.or_else(|| match cause.downcast_ref::<winback_lane::LaneError>() {
            Some(winback_lane::LaneError::Log(error)) => Some(error),
            _ => None,
        });
        log.map(|error| match error {
            winback_log::LogError::Config(_) => EXIT_USAGE,
            _ => EXIT_LOG,
        })
    };
    error.chain().find_map(of).unwrap_or(EXIT_FAILED)
}

/// The whole command line as clap knows it, for documentation and tests.
pub fn command() -> clap::Command {
    cli::Cli::command()
}
