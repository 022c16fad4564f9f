//! `winback generate`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use winback_core::time::{Span, Time};
use winback_deployment::config::{ConfigError, RESPONSES};
use winback_deployment::{Context, topic_plan};
use winback_generate::{GenerateSpec, sources_of, write};
use winback_terminal as terminal;

/// Arguments of `generate`.
#[derive(Args, Clone, Debug)]
pub(crate) struct GenerateArgs {
    /// The seed.
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// Set the number of accounts.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) accounts: u64,
    /// Set the number of signals, over all sources.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) signals: u64,
    /// Set the time of the last signal, RFC 3339. Default: now.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Set how long before the last signal the first one happens.
    #[arg(long, default_value = "24h", value_name = "SPAN")]
    pub(crate) over: String,
    /// Write to files in this folder instead of the log.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

pub(crate) fn run(context: &Context, args: &GenerateArgs) -> anyhow::Result<ExitCode> {
    let spec = spec(context, args)?;
    let bar = terminal::bar(args.accounts.saturating_add(args.signals));
    let (counts, what) = match &args.out {
        Some(dir) => (write::to_files(dir, &spec, &bar)?, "file"),
        None => {
            let log = context.log()?;
            topic_plan::apply(&*log, &context.config, true)?;
            (write::to_log(&*log, &context.config.accounts.topic, &spec, &bar)?, "topic")
        }
    };
    for (name, records) in counts {
        let value = serde_json::json!({ what: name, "records": records });
        terminal::print(context.json, &value, &format!("{:>12}  {name}", terminal::grouped(records)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn spec(context: &Context, args: &GenerateArgs) -> Result<GenerateSpec, ConfigError> {
    let (sources, skipped) = sources_of(&context.config.sources);
    for name in skipped.into_iter().filter(|name| *name != RESPONSES) {
        winback_terminal::note!(
            "no signals for source `{name}`: its format is its own, and nothing generates it"
        );
    }
    let until = match &args.until {
        None => context.clock.now(),
        Some(text) => moment(text)?,
    };
    let over: Span = args.over.parse().map_err(|error| wrong(format!("--over: {error}")))?;
    if over <= Span::ZERO || over > Span::from_days(3_650) {
        return Err(wrong(format!("--over {}: write a time between 1s and 3650d", args.over)));
    }
    Ok(GenerateSpec::new(args.seed, (args.accounts, args.signals), until, over, sources))
}

fn moment(text: &str) -> Result<Time, ConfigError> {
    let parsed = text.parse::<jiff::Timestamp>().map(|time| Time::from_millis(time.as_millisecond()));
    let least = Time::from_millis(946_684_800_000);
    match parsed {
        Ok(time) if time >= least => Ok(time),
        _ => Err(wrong(format!("--until {text}: write a time since 2000 such as 2026-01-31T09:00:00Z"))),
    }
}

fn wrong(text: String) -> ConfigError {
    ConfigError::Wrong { path: "command line".to_owned(), text }
}
