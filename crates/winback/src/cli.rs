//! The command line, with help that a stranger understands.

mod accounts;
mod policies;
mod records;
mod running;
mod told;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use accounts::{AccountsCommand, EraseArgs, MigrateArgs};
pub use policies::{BacktestArgs, HoldArgs, PolicyCommand};
pub use records::{FileFormat, IngestArgs, SourceCommand, SourceTestArgs, TestedOutcome};
pub use running::{DemoArgs, GenerateArgs, PositionsArg, RoleName, RunArgs};
pub use told::{DeadLetterFilter, DeadLettersCommand, DecisionsArgs, TriggersArgs, VerifyArgs};

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
    pub global: Global,
    /// The actions of a command.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Args, Clone, Debug, Default)]
pub struct Global {
    /// The log: sqlite:FILE or kafka://HOST:PORT[,HOST:PORT]. Overrides the config and WINBACK_LOG.
    #[arg(long, global = true, value_name = "URL")]
    pub log: Option<String>,
    /// The config file; winback.toml in this folder when it is there. Also WINBACK_CONFIG.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One JSON object a line instead of text.
    #[arg(long, global = true)]
    pub json: bool,
}

/// The actions of a command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the roles: registrar, matcher, detector, worker.
    Run(RunArgs),
    /// A day of signals of generated accounts, played fast, with every trigger told. Ctrl-C ends it.
    Demo(DemoArgs),
    /// Write a file into a source's topic, sorted by event time and stamped with it.
    Ingest(IngestArgs),
    /// The list of churned accounts.
    #[command(subcommand)]
    Accounts(AccountsCommand),
    /// List triggers.
    Triggers(TriggersArgs),
    /// List the decision about each matched signal and each burst.
    Decisions(DecisionsArgs),
    /// The story of an account, a signal, a burst or a trigger: what came, how it matched, which rule decided.
    Explain {
        /// An account's id; a signal's, alone or as `source:id`; a burst's or a trigger's; or the beginning of one.
        subject: String,
    },
    /// Read the inbox back, decide everything again in one process, and compare: is what is committed what it must be?
    ///
    /// It reads and writes nothing in the log, and may run beside the deployment. Exit code 0: triggers, decisions and
    /// state are what one process makes of the inbox; 1: something differs, and the first differences are named; 4: the
    /// inbox was cut by its retention, and no checkpoint tells of what is gone.
    Verify(VerifyArgs),
    /// Decide the inbox again, as it was and under another policy: which triggers would be gone, new, earlier or later, and
    /// why.
    ///
    /// It reads the whole inbox through the production code, and writes nothing in the log. A policy that says what the
    /// one in force says changes nothing.
    Backtest(BacktestArgs),
    /// Records that could not be processed.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// The topics that the deployment needs.
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// The config.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The policies.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Hold starting triggers, within a second: what would have fired is gated. Logged on every member.
    Hold(HoldArgs),
    /// Let held triggers go again. What ended meanwhile stays gated, so that nothing comes twice; only what was of strength 3
    /// is told now.
    Release(HoldArgs),
    /// List holds: since when, by whom and why.
    Holds,
    /// Our releases, and competitors' events.
    #[command(subcommand)]
    Releases(ReleasesCommand),
    /// Move the deployment to another log with its accounts, state and policies, so that nobody is triggered again.
    ///
    /// Both are log URLs, such as sqlite:winback.db and kafka://127.0.0.1:9092; the deployment must have read everything
    /// and be stopped. What it fired so far stays readable in the old log.
    Migrate(MigrateArgs),
    /// Erase an account: what is known of it goes, and a keyed hash stays that keeps it from being imported again.
    ///
    /// Every topic, snapshot and draft is searched; the report says what is gone, and what goes by when. Where the
    /// deployment does not run and its log is a file, all that can go goes at once. Exit code 4: nobody has taken the
    /// erasure in yet; start `winback run`, then erase again.
    Erase(EraseArgs),
    /// The sources: try one on a file before anything runs.
    #[command(subcommand)]
    Source(SourceCommand),
    /// Write generated accounts and signals, in the producers' own shapes. The same arguments give the same bytes.
    Generate(GenerateArgs),
}

/// `releases`.
#[derive(Debug, Subcommand)]
pub enum ReleasesCommand {
    /// Show who hears of a release, who nearly does, and the words that keep them apart.
    Reach {
        /// The id of a release or of a competitor's event, or its title.
        release: String,
    },
}

/// `topics`.
#[derive(Debug, Subcommand)]
pub enum TopicsCommand {
    /// Show which topics exist, which are missing and which are wrong.
    Plan,
    /// Make what is missing.
    Apply,
    /// Find records in winback's own topics that winback cannot read, and mend what they cover.
    ///
    /// Members refuse to start with such a record. With all members stopped, a key that winback never wrote is
    /// tombstoned, and for a key of winback's the value is made again: from the inbox, or from what else tells of it. What
    /// would be forgotten is said first, and asked. Exit code 0: nothing was wrong, or all is mended; 1: something was
    /// found and nothing mended; 4: mended in part.
    Doctor(DoctorArgs),
}

/// Arguments of `topics doctor`.
#[derive(Args, Clone, Debug, Default)]
pub struct DoctorArgs {
    /// Only say what is wrong and what would be done; members may run.
    #[arg(long)]
    pub dry_run: bool,
    /// Agree to what would be forgotten, and do not ask.
    #[arg(long)]
    pub yes: bool,
    /// A checkpoint of `winback verify`, for a state whose inbox was cut by its retention.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
}

/// `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the config, the policies and the plays.
    Check,
    /// The config in force, without secrets.
    Show,
}
