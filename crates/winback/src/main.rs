//! `winback`: see `winback --help`.

use std::process::ExitCode;

use clap::Parser;
use winback::cli::Cli;
use winback_core::privacy::masked;

// See docs/adr/0005-allocator.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match winback::execute(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            let (code, text) = (winback::exit_code(&error), format!("{error:#}"));
            // What is wrong with a setting is shown as it was written; all else may quote what came in.
            let text = if code == winback::EXIT_USAGE { text.into() } else { masked(&text) };
            anstream::eprintln!("winback: {text}");
            ExitCode::from(code)
        }
    }
}
