//! Arguments of `accounts`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use winback_ingest::FileFormat;

use crate::values::file_format;

/// `accounts`.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountsCommand {
    /// Add and change accounts from a file with a row an account (JSON lines or CSV, also packed with gzip).
    Import(ImportArgs),
    /// One account as the log has it; exit code 4 when there is none of that id.
    Show {
        /// Its id.
        id: String,
    },
    /// Show the features that accounts missed when they left, and what each is worth.
    Gaps,
    /// All accounts.
    List {
        /// No more than this many.
        #[arg(long)]
        limit: Option<usize>,
    },
}

/// Arguments of `accounts import`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ImportArgs {
    /// The file; `-` is standard input.
    pub(crate) file: PathBuf,
    /// Set the file format. Default: from the file extension.
    #[arg(long, value_parser = file_format())]
    pub(crate) format: Option<FileFormat>,
    /// Read a file that is not UTF-8 in this encoding, such as windows-1252.
    #[arg(long, value_name = "NAME")]
    pub(crate) encoding: Option<String>,
    /// Take accounts that are not in the file off the list; shows the difference and asks.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Ignore columns that are not known; each is named. Without it they stop the import.
    #[arg(long)]
    pub(crate) ignore_unknown: bool,
    /// Show the first rows as they are understood, the values that accounts share, and what would be refused; write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
}
