//! Arguments of the commands that print decisions and verify them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `triggers`.
#[derive(Args, Clone, Debug)]
pub struct TriggersArgs {
    /// Stay, and show each as it fires.
    #[arg(long)]
    pub follow: bool,
    /// Only this account's.
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// Only the newest so many.
    #[arg(long)]
    pub limit: Option<usize>,
    /// Those of policies in shadow instead, which nobody acts on.
    #[arg(long)]
    pub shadow: bool,
    /// What would have fired, but came of a backlog: its records were read too late to act on.
    #[arg(long, conflicts_with = "follow")]
    pub stale: bool,
}

/// Arguments of `decisions`.
#[derive(Args, Clone, Debug)]
pub struct DecisionsArgs {
    /// Stay, and show each as it is made.
    #[arg(long)]
    pub follow: bool,
    /// Only this account's.
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// Only those with this outcome, such as `gated`.
    #[arg(long)]
    pub outcome: Option<String>,
    /// Only the newest so many.
    #[arg(long)]
    pub limit: Option<usize>,
}

/// Arguments of `verify`.
#[derive(Args, Clone, Debug)]
pub struct VerifyArgs {
    /// Begin where this file says that the last comparison ended, and renew it when nothing differs. An inbox that its
    /// retention cuts needs one: run this more often than records expire.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
}

/// `dead-letters`.
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// Each with its reason and where it came from.
    List {
        /// Which.
        #[command(flatten)]
        filter: DeadLetterFilter,
        /// Count dead letters by role, source and reason, with the first time of each, instead of listing them.
        #[arg(long)]
        summary: bool,
    },
    /// One, whole: reason, position, headers, the original bytes.
    Show {
        /// Its offset in the dead-letter topic, as `list` shows it.
        offset: i64,
        /// Only the original bytes, as they are.
        #[arg(long)]
        raw: bool,
    },
    /// Send them through again, under their original source and position.
    Replay {
        /// Which.
        #[command(flatten)]
        filter: DeadLetterFilter,
        /// Only say what would be sent.
        #[arg(long)]
        dry_run: bool,
    },
}

/// The choice of dead letters.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// Only those with this reason.
    #[arg(long)]
    pub reason: Option<String>,
    /// Only those of this source.
    #[arg(long)]
    pub source: Option<String>,
    /// Only those that failed since then: RFC 3339, or a time ago such as 2h.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
}
