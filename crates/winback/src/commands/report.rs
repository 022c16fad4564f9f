//! `report`: what came back, what it cost, and what would have come anyway.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use winback_deployment::Context;
use winback_deployment::config::ConfigError;
use winback_figures::{Asked, By, Period};
use winback_ledger::Sqlite;
use winback_terminal::{Out, until_closed};

use crate::values::breakdown;

/// Arguments of `report`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReportArgs {
    /// Report a year (2026), a quarter (2026-Q3), a month (2026-07) or two days (2026-01-01..2026-06-30). Default: this year.
    #[arg(long)]
    pub(crate) period: Option<String>,
    /// Break the returns down.
    #[arg(long, value_parser = breakdown())]
    pub(crate) by: Option<By>,
    /// Write the groups as CSV.
    #[arg(long, conflicts_with = "html")]
    pub(crate) csv: bool,
    /// Write a page into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

pub(crate) fn run(context: &Context, args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let now = context.clock.now();
    let name = args.period.clone().unwrap_or_else(|| now.to_string().chars().take(4).collect());
    let period: Period = name.parse().map_err(|error: winback_figures::PeriodError| ConfigError::Wrong {
        path: "report".to_owned(),
        text: format!("--period: {error}"),
    })?;
    super::ledger::catch_up(context)?;
    let config = &context.config.ledger;
    let mut database = Sqlite::read(&config.path)?;
    let margin = u32::from(config.margin_percent) * 10;
    let facts = winback_ledger::facts(&mut database, now, &config.currency, margin)?;
    let asked = Asked { name, period, currency: config.currency.clone(), by: args.by };
    let report = winback_figures::report(&facts, &asked)?;
    if let Some(file) = &args.html {
        std::fs::write(file, winback_figures::page(&report))
            .with_context(|| format!("cannot write {}: check the folder and its rights", file.display()))?;
        winback_terminal::note!("the report is in {}", file.display());
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = Out::new();
    until_closed((|| {
        if context.json {
            out.json(&report)?;
        } else if args.csv {
            out.line(winback_figures::csv(&report).trim_end())?;
        } else {
            out.line(&winback_figures::text(&report))?;
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    })())
}
