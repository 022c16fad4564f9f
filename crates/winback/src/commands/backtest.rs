//! `backtest`: what another policy would have done.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use winback_core::debounce::{PolicyRecord, shadow};
use winback_core::time::{Span, Time};
use winback_oracle::backtest::{Candidate, Question};

use crate::backtest::{Report, html, inbox, raw, svg, text};
use crate::cli::BacktestArgs;
use crate::config::ConfigError;
use crate::context::Context;
use crate::policies;
use crate::show::Out;
use crate::show::out::until_closed;
use crate::talk::grouped;

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
    policies::parse(path, &toml)?;
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
        crate::talk::note!("winback: an estimate: {estimate}");
    }
    let (records, speed) = (grouped(report.outcome.tally.records), grouped(report.speed()));
    crate::talk::note!("{records} records decided twice, {speed} a second");
    Ok(())
}
