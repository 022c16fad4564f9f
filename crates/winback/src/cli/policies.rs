//! Policies, what they would have decided, and holds.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `backtest`.
#[derive(Args, Clone, Debug)]
pub struct BacktestArgs {
    /// The policy file to try, in the place of the policy of its name.
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// The new policy holds from then on, and only triggers from then on are compared: RFC 3339, a day, or a time ago
    /// such as 30d. From the policy's first version without it.
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Only triggers before then are compared.
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Read the sources in the order of event time instead of the inbox, with accounts and policies as they are now.
    /// An estimate: what arrived late, who answered and what the list was then are not known.
    #[arg(long)]
    pub raw: bool,
    /// Write a page with the counts, the picture and the changes.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the picture of starting triggers a day.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// Name no more than this many changes.
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
}

/// `policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Put the policy files into force, from the next record of the inbox on.
    Apply {
        /// Put this file in shadow instead: it decides beside the policy of its name, and nobody acts on its triggers.
        #[arg(long, value_name = "FILE")]
        shadow: Option<PathBuf>,
        /// Put everything that is in force, in shadow and held into the inbox again, whether it changed or not: for an inbox
        /// that no longer has it. What the detector knows it takes no second time.
        #[arg(long, conflicts_with = "shadow")]
        again: bool,
    },
    /// End the shadow of a policy.
    EndShadow {
        /// The policy's name.
        name: String,
    },
    /// The policies in force and in shadow.
    List,
    /// Show differences between the policy files and the policies in force. Exit code 4 if they differ.
    Diff,
    /// Run the tests in policy files; exit code 1 when one fails.
    Test {
        /// A policy file; those in policies_dir without it.
        file: Option<PathBuf>,
    },
    /// The JSON schema of a policy file, for editors.
    Schema,
}

/// Arguments of `hold` and `release`.
#[derive(Args, Clone, Debug)]
pub struct HoldArgs {
    /// Only this policy; all of them without it.
    #[arg(long, value_name = "NAME")]
    pub policy: Option<String>,
    /// Name the person who asks. Default: the user of this shell.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Give the reason, for others to read.
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
}
