//! `winback`: see `winback --help`.

use std::process::ExitCode;

use clap::Parser;
use winback::cli::Cli;

// See docs/adr/0005-allocator.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match winback::execute(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            winback::report(&error);
            ExitCode::from(winback::exit_code(&error))
        }
    }
}
