//! Running winback, and input to try it on.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

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
    /// Choose which position wins if state and group differ: state or group. Without it the run refuses.
    #[arg(long, value_name = "WHICH")]
    pub positions: Option<PositionsArg>,
}

/// The position that wins.
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
    /// Set the number of accounts.
    #[arg(long, default_value_t = 1_000)]
    pub accounts: u64,
    /// Set the number of signals in the day.
    #[arg(long, default_value_t = 20_000)]
    pub signals: u64,
    /// In how many seconds the day is played.
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// End when the day is over instead of staying up.
    #[arg(long)]
    pub once: bool,
}

/// Arguments of `generate`.
#[derive(Args, Clone, Debug)]
pub struct GenerateArgs {
    /// The seed.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Set the number of accounts.
    #[arg(long, default_value_t = 1_000)]
    pub accounts: u64,
    /// Set the number of signals, over all sources.
    #[arg(long, default_value_t = 20_000)]
    pub signals: u64,
    /// Set the time of the last signal, RFC 3339. Default: now.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Set how long before the last signal the first one happens.
    #[arg(long, default_value = "24h", value_name = "SPAN")]
    pub over: String,
    /// Write to files in this folder instead of the log.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
