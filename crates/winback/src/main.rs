//! `winback`: see `winback --help`.

use std::process::ExitCode;

use clap::Parser;
use winback::cli::Cli;

// See docs/adr/0005-allocator.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // An error quotes what was typed, help and version do not.
        Err(error) if error.use_stderr() => {
            winback::report_usage(error);
            return ExitCode::from(winback_terminal::EXIT_USAGE);
        }
        Err(help) => help.exit(),
    };
    match winback::execute(cli) {
        Ok(code) => code,
        Err(error) => {
            winback::report(&error);
            ExitCode::from(winback::exit_code(&error))
        }
    }
}
