//! Arguments of `accounts`.

use std::path::PathBuf;

use clap::Subcommand;
use winback_ingest::FileFormat;

use crate::values::file_format;

/// `accounts`.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountsCommand {
    /// Add and change accounts from a file with a row an account (JSON lines or CSV).
    Import {
        /// The file; `-` is standard input.
        file: PathBuf,
        /// Set the file format. Default: from the file extension.
        #[arg(long, value_parser = file_format())]
        format: Option<FileFormat>,
        /// Take accounts that are not in the file off the list; shows the difference and asks.
        #[arg(long)]
        replace: bool,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// One account as the log has it; exit code 4 when there is none of that id.
    Show {
        /// Its id.
        id: String,
    },
    /// All accounts.
    List {
        /// No more than this many.
        #[arg(long)]
        limit: Option<usize>,
    },
}
