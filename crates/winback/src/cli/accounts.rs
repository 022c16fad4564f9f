//! Accounts, moving them and forgetting them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::records::FileFormat;

/// `accounts`.
#[derive(Debug, Subcommand)]
pub enum AccountsCommand {
    /// Add and change accounts from a file with a row an account (JSON lines or CSV, also packed with gzip).
    Import(ImportArgs),
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

/// Arguments of `accounts import`.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// The file; `-` is standard input.
    pub file: PathBuf,
    /// Set the file format. Default: from the file extension.
    #[arg(long)]
    pub format: Option<FileFormat>,
    /// Read a file that is not UTF-8 in this encoding, such as windows-1252.
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<String>,
    /// Take accounts that are not in the file off the list; shows the difference and asks.
    #[arg(long)]
    pub replace: bool,
    /// Ignore columns that are not known; each is named. Without it they stop the import.
    #[arg(long)]
    pub ignore_unknown: bool,
    /// Show the first rows as they are understood, the values that accounts share, and what would be refused; write nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
}

/// Arguments of `migrate`.
#[derive(Args, Clone, Debug)]
pub struct MigrateArgs {
    /// The log that the deployment is on.
    pub from: String,
    /// The log that it moves to; empty.
    pub to: String,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// Only say what would be moved.
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `erase`.
#[derive(Args, Clone, Debug)]
pub struct EraseArgs {
    /// The account's id.
    #[arg(required_unless_present = "contact", conflicts_with = "contact")]
    pub account: Option<String>,
    /// A mail address instead: the accounts that know it are erased, and it is suppressed where none does.
    #[arg(long, value_name = "EMAIL")]
    pub contact: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// Only say what was found.
    #[arg(long)]
    pub dry_run: bool,
}
