//! The command line and the wiring: arguments and config become a log, roles and lanes. Nothing is decided here.

pub mod accounts;
pub mod cli;

mod commands;
mod demo;
mod outreach;
mod values;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::CommandFactory as _;
use winback_core::privacy::masked;
use winback_deployment::Context;
use winback_deployment::config::ConfigError;
use winback_lane::LaneError;
use winback_log::LogError;
use winback_service::Panicked;
use winback_terminal as talk;
use winback_terminal::{EXIT_DEFECT, EXIT_FAILED, EXIT_LOG, EXIT_USAGE};

/// Runs one command. A panic in it is an error, too.
///
/// # Errors
/// With what was attempted; [`exit_code`] says what the process ends with.
pub fn execute(cli: cli::Cli) -> anyhow::Result<ExitCode> {
    catch_unwind(AssertUnwindSafe(|| execute_here(cli))).unwrap_or_else(|panic| {
        let why = winback_lane::panic_text(&*panic);
        Err(Panicked { thread: "main".to_owned(), why }.into())
    })
}

fn execute_here(cli: cli::Cli) -> anyhow::Result<ExitCode> {
    let cli::Global { log, config, json } = cli.global;
    commands::execute(Context::new(config.as_deref(), log.as_deref(), json)?, cli.command)
}

/// Tells the person at the terminal why a command failed, in one line whatever the error quotes. The value of a setting is shown
/// as it was written. All other texts may quote a record, so that mail addresses in them are masked.
pub fn report(error: &anyhow::Error) {
    let text = format!("{error:#}");
    let is_of_a_setting = exit_code(error) == EXIT_USAGE;
    let text = if is_of_a_setting { text.as_str().into() } else { masked(&text) };
    winback_terminal::note!("winback: {}", winback_terminal::safe(&text));
}

/// Tells the person at the terminal what is wrong with the command line. The error quotes what was typed, so that it is made
/// again from arguments whose hidden characters are escaped.
pub fn report_usage(error: clap::Error) {
    let escaped = std::env::args_os().map(|argument| talk::safe(&argument.to_string_lossy()));
    let error = cli::Cli::command().try_get_matches_from(escaped).err().unwrap_or(error);
    talk::note!("{}", error.render().to_string().trim_end());
}

/// The exit code that an error ends the process with.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    let of = |cause: &(dyn std::error::Error + 'static)| {
        if cause.is::<ConfigError>() || cause.is::<winback_sources::SourceError>() {
            return Some(EXIT_USAGE);
        }
        if cause.is::<Panicked>() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_defect_wherever_it_was() {
        let why = || "on purpose".to_owned();
        let thread = Panicked { thread: "winback-accounts".to_owned(), why: why() };
        assert_eq!(exit_code(&anyhow::Error::from(thread).context("run")), EXIT_DEFECT);
        let lane = LaneError::Panicked { at: "outside of a step".to_owned(), why: why() };
        assert_eq!(exit_code(&anyhow::Error::from(lane).context("matcher.web-0")), EXIT_DEFECT);
    }
}
