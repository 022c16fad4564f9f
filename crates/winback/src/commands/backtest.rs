//! `backtest`: what another policy would have done.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use winback_core::debounce::{PolicyRecord, shadow};
use winback_core::time::{Span, Time};
use winback_deployment::config::ConfigError;
use winback_deployment::{Context, policies, policy_files};
use winback_oracle::backtest::{Candidate, Question};
use winback_show::backtest::{Report, html, inbox, raw, svg, text};
use winback_terminal::{Out, grouped, until_closed};

/// Arguments of `backtest`.
#[derive(Args, Clone, Debug)]
pub(crate) struct BacktestArgs {
    /// The policy file to try, in the place of the policy of its name.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
    /// The new policy holds from then on, and only triggers from then on are compared: RFC 3339, a day, or a time ago
    /// such as 30d. From the policy's first version without it.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Only triggers before then are compared.
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Read the sources in the order of event time instead of the inbox, with accounts and policies as they are now.
    /// An estimate: what arrived late, who answered and what the list was then are not known.
    #[arg(long)]
    pub(crate) raw: bool,
    /// Write a page with the counts, the picture and the changes.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write the picture of starting triggers a day.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Name no more than this many changes.
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: usize,
}

pub(crate) fn run(context: &Context, args: &BacktestArgs) -> anyhow::Result<ExitCode> {
    until_closed(backtest(context, args))
}

fn backtest(context: &Context, args: &BacktestArgs) -> anyhow::Result<ExitCode> {
    let candidate = candidate(&args.policy)?;
    let time = |flag, text: &Option<String>| {
        text.as_ref().map(|text| time(flag, text, context.clock.now())).transpose()
    };
    let (from, to) = (time("--from", &args.from)?, time("--to", &args.to)?);
    let log = context.log()?;
    let mut applied = policies::applied(&*log, &context.topics)?;
    applied.retain(|name, _| !shadow::is_shadow(name));
    let is_known = applied.contains_key(&candidate.name);
    let policies: Vec<PolicyRecord> = applied.into_values().collect();
    let question = Question { candidate, is_known, from, to };
    let begun = Instant::now();
    let decide = if args.raw { raw } else { inbox };
    let (outcome, estimate) = decide(context, &*log, &question, &policies)?;
    let report = Report {
        policy: question.candidate.name,
        file: args.policy.display().to_string(),
        asked: asked(from, to),
        estimate,
        outcome,
        took: begun.elapsed(),
    };
    show(context, args, &report)?;
    Ok(ExitCode::SUCCESS)
}

fn candidate(path: &Path) -> Result<Candidate, ConfigError> {
    let toml = std::fs::read_to_string(path)
        .map_err(|why| ConfigError::Unreadable { path: path.to_path_buf(), why })?;
    policy_files::parse(path, &toml)?;
    Candidate::new(&toml).map_err(|error| {
        let (path, text) = error.located(&path.display().to_string(), &toml);
        ConfigError::Wrong { path, text }
    })
}

fn asked(from: Option<Time>, to: Option<Time>) -> String {
    let from = from.map_or_else(String::new, |from| format!(" from {from}"));
    let to = to.map_or_else(String::new, |to| format!(" to {to}"));
    from + &to
}

/// A time, a day, or a length of time before now.
fn time(flag: &str, text: &str, now: Time) -> Result<Time, ConfigError> {
    if let Ok(ago) = text.parse::<Span>() {
        return Ok(now - ago);
    }
    let day = format!("{text}T00:00:00Z");
    let parsed = text.parse::<jiff::Timestamp>().or_else(|_| day.parse());
    parsed.map(|at| Time::from_millis(at.as_millisecond())).map_err(|_| ConfigError::Wrong {
        path: "backtest".to_owned(),
        text: format!("{flag} {text}: write a time such as 2026-11-22T14:00:00Z, a day such as 2026-11-22, or one ago such as 30d"),
    })
}

fn show(context: &Context, args: &BacktestArgs, report: &Report) -> anyhow::Result<()> {
    for (path, made) in [(&args.svg, svg as fn(&Report) -> String), (&args.html, html)] {
        if let Some(path) = path {
            std::fs::write(path, made(report))
                .map_err(|why| anyhow::anyhow!("cannot write {}: {why}", path.display()))?;
        }
    }
    let mut out = Out::new();
    if context.json {
        report.outcome.changes.iter().try_for_each(|change| out.json(change))?;
        out.json(&report.json())?;
    } else {
        out.line(&text(report, args.limit))?;
    }
    out.flush()?;
    if let Some(estimate) = &report.estimate {
        winback_terminal::note!("winback: an estimate: {estimate}");
    }
    let (records, speed) = (grouped(report.outcome.tally.records), grouped(report.speed()));
    winback_terminal::note!("{records} records decided twice, {speed} a second");
    Ok(())
}
