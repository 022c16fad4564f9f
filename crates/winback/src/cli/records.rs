//! Records from outside: `ingest` and `source`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Arguments of `ingest`.
#[derive(Args, Clone, Debug)]
pub struct IngestArgs {
    /// The topic of a configured source, or the source's name.
    pub topic: String,
    /// The file; `-` or nothing is standard input.
    pub file: Option<PathBuf>,
    /// Set the file format. Default: from the file extension.
    #[arg(long)]
    pub format: Option<FileFormat>,
    /// Write even what is too old to count in a log that is already running.
    #[arg(long)]
    pub yes: bool,
}

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// One JSON value a line.
    Jsonl,
    /// A header line and rows.
    Csv,
    /// A web server's combined access log.
    CombinedLog,
}

/// `source`.
#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// Show the result of each record of a file, and the reason. Writes nothing. Exit code 4 if there would be dead
    /// letters.
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
    /// Set the file format. Default: from the file extension.
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

/// The possible result of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TestedOutcome {
    /// A signal.
    Signal,
    /// An answer of somebody.
    Answer,
    /// An event for every account that it concerns.
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
