//! The command line, with help that a stranger understands.

pub(crate) mod accounts;

use std::path::PathBuf;

use clap::{Args, Parser};

use crate::commands::Command;

/// Notices when former customers come looking, and says so once, with the reasons.
///
/// winback reads the streams that a company has (web visits, mail opens, funding news, hiring), joins them against the
/// list of churned accounts, and emits one explained trigger for each burst of interest. A worker starts the outreach
/// that fits why the customer left.
#[derive(Debug, Parser)]
#[command(name = "winback", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub(crate) global: Global,
    /// The actions of a command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Global {
    /// The log: sqlite:FILE or kafka://HOST:PORT[,HOST:PORT]. Overrides the config and WINBACK_LOG.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) log: Option<String>,
    /// The config file; winback.toml in this folder when it is there. Also WINBACK_CONFIG.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One JSON object a line instead of text.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}
