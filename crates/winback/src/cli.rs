//! The command line, with help that a stranger understands.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// What to do.
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

/// What to do.
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
    /// What fired.
    Triggers(TriggersArgs),
    /// What became of every matched signal and every burst.
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
    /// Let held triggers go again. What ended meanwhile stays gated, so that nothing comes twice.
    Release(HoldArgs),
    /// What is held, since when, by whom and why.
    Holds,
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

/// A role of the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum RoleName {
    /// Takes accounts in.
    Registrar,
    /// Decodes signals and finds whose they are.
    Matcher,
    /// Decides.
    Detector,
    /// Acts.
    Worker,
}

impl RoleName {
    /// The name in groups, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registrar => "registrar",
            Self::Matcher => "matcher",
            Self::Detector => "detector",
            Self::Worker => "worker",
        }
    }
}

/// Arguments of `run`.
#[derive(Args, Clone, Debug, Default)]
pub struct RunArgs {
    /// Only these roles, separated by commas; all without it.
    #[arg(long, value_delimiter = ',', value_name = "ROLE")]
    pub role: Vec<RoleName>,
    /// Only these of the matcher's sources, separated by commas; all without it.
    #[arg(long, value_delimiter = ',', value_name = "SOURCE")]
    pub source: Vec<String>,
    /// End when everything there is was read, decided and acted on.
    #[arg(long)]
    pub until_idle: bool,
    /// Begin on an empty Kafka though the deployment's state lies in a file in this folder.
    #[arg(long)]
    pub fresh: bool,
    /// Which position holds where the state and the group differ: state or group. Without it the run refuses.
    #[arg(long, value_name = "WHICH")]
    pub positions: Option<PositionsArg>,
}

/// Which position holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PositionsArg {
    /// The one in the detector's changelog.
    State,
    /// The one that the group committed.
    Group,
}

/// Arguments of `demo`.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// The seed of the accounts and signals.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// How many accounts.
    #[arg(long, default_value_t = 1_000)]
    pub accounts: u64,
    /// How many signals in the day.
    #[arg(long, default_value_t = 20_000)]
    pub signals: u64,
    /// In how many seconds the day is played.
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// End when the day is over instead of staying up.
    #[arg(long)]
    pub once: bool,
}

/// Arguments of `ingest`.
#[derive(Args, Clone, Debug)]
pub struct IngestArgs {
    /// The topic of a configured source, or the source's name.
    pub topic: String,
    /// The file; `-` or nothing is standard input.
    pub file: Option<PathBuf>,
    /// What the file holds; by its ending without it.
    #[arg(long)]
    pub format: Option<FileFormat>,
    /// Write even what is too old to count in a log that is already running.
    #[arg(long)]
    pub yes: bool,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// One JSON value a line.
    Jsonl,
    /// A header line and rows.
    Csv,
    /// A web server's combined access log.
    CombinedLog,
}

/// `accounts`.
#[derive(Debug, Subcommand)]
pub enum AccountsCommand {
    /// Add and change accounts from a file with a row an account (JSON lines or CSV).
    Import {
        /// The file; `-` is standard input.
        file: PathBuf,
        /// What it holds; by its ending without it.
        #[arg(long)]
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
}

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

/// `dead-letters`.
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// Each with its reason and where it came from.
    List {
        /// Which.
        #[command(flatten)]
        filter: DeadLetterFilter,
        /// How many there are of each role, source and reason, and since when, instead of each one.
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

/// Which dead letters.
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

/// `topics`.
#[derive(Debug, Subcommand)]
pub enum TopicsCommand {
    /// What is there, what is missing and what is wrong.
    Plan,
    /// Make what is missing.
    Apply,
}

/// `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the config, the policies and the plays.
    Check,
    /// The config in force, without secrets.
    Show,
}

/// `policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Put the policy files into force, from the next record of the inbox on.
    Apply {
        /// Put this file in shadow instead: it decides beside the policy of its name, and nobody acts on its triggers.
        #[arg(long, value_name = "FILE")]
        shadow: Option<PathBuf>,
    },
    /// End the shadow of a policy.
    EndShadow {
        /// The policy's name.
        name: String,
    },
    /// The policies in force and in shadow.
    List,
    /// What the policy files say otherwise than what is in force; exit code 4 where they differ.
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
    /// Who asks for it; the user of this shell without it.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Why, for the others.
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
}

/// `source`.
#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// What comes of each record of a file, and why. Nothing is written; exit code 4 when there would be dead letters.
    Test(SourceTestArgs),
    /// The formats that are built in.
    Presets,
}

/// Arguments of `source test`.
#[derive(Args, Clone, Debug)]
pub struct SourceTestArgs {
    /// The file; `-` or nothing is standard input.
    pub file: Option<PathBuf>,
    /// A source of the config.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// A format that is built in, without a source of the config.
    #[arg(long, value_name = "PRESET", conflicts_with = "source")]
    pub preset: Option<String>,
    /// What the file holds; by its ending without it.
    #[arg(long)]
    pub format: Option<FileFormat>,
    /// Look each signal up in these accounts, too: a file of rows, or `log` for those in the log.
    #[arg(long, value_name = "FILE")]
    pub accounts: Option<PathBuf>,
    /// Only what came to this; all is counted.
    #[arg(long, value_name = "OUTCOME")]
    pub only: Option<TestedOutcome>,
    /// Show no more than this many; all are counted.
    #[arg(long)]
    pub limit: Option<usize>,
}

/// What may come of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestedOutcome {
    /// A signal.
    Signal,
    /// What somebody answered.
    Answer,
    /// What is told to every account that it concerns.
    FanOut,
    /// Dropped, with the reason.
    Dropped,
    /// A dead letter.
    Dead,
}

impl TestedOutcome {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Answer => "answer",
            Self::FanOut => "fan_out",
            Self::Dropped => "dropped",
            Self::Dead => "dead",
        }
    }
}

/// Arguments of `generate`.
#[derive(Args, Clone, Debug)]
pub struct GenerateArgs {
    /// The seed.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// How many accounts.
    #[arg(long, default_value_t = 1_000)]
    pub accounts: u64,
    /// How many signals, over all sources.
    #[arg(long, default_value_t = 20_000)]
    pub signals: u64,
    /// When the last signal happens, RFC 3339; now without it.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// How long before it the first happens.
    #[arg(long, default_value = "24h", value_name = "SPAN")]
    pub over: String,
    /// Write to files in this folder instead of the log.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
