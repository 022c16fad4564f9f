//! `source`: what a source makes of a file, and the presets that there are.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use winback_core::text::nearest;
use winback_deployment::Context;
use winback_deployment::config::ConfigError;
use winback_ingest::source_test::{AccountList, Outcome, Place, Renderer, Samples, Tally};
use winback_ingest::{FileFormat, name_of};
use winback_log::{Clock as _, SystemClock};
use winback_service::schema_registry;
use winback_show::words;
use winback_sources::{Decoder, Preset, SourceConfig, Start, WireKind, presets};
use winback_terminal as terminal;
use winback_terminal::{BOLD, DIM, EXIT_PARTLY, Out, safe, styled, until_closed};

use crate::values::file_format;

/// `source`.
#[derive(Debug, Subcommand)]
pub(crate) enum SourceCommand {
    /// Show the result of each record of a file, and the reason. Writes nothing. Exit code 4 if there would be dead
    /// letters.
    Test(SourceTestArgs),
    /// The formats that are built in.
    Presets,
}

/// Arguments of `source test`.
#[derive(Args, Clone, Debug)]
pub(crate) struct SourceTestArgs {
    /// The file; `-` or nothing is standard input.
    pub(crate) file: Option<PathBuf>,
    /// A source of the config.
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// A format that is built in, without a source of the config.
    #[arg(long, value_name = "PRESET", conflicts_with = "source")]
    pub(crate) preset: Option<String>,
    /// Set the file format. Default: from the file extension.
    #[arg(long, value_parser = file_format())]
    pub(crate) format: Option<FileFormat>,
    /// Look each signal up in these accounts, too: a file of rows, or `log` for those in the log.
    #[arg(long, value_name = "FILE")]
    pub(crate) accounts: Option<PathBuf>,
    /// Only what came to this; all is counted.
    #[arg(long, value_name = "OUTCOME")]
    pub(crate) only: Option<TestedOutcome>,
    /// Show no more than this many; all are counted.
    #[arg(long)]
    pub(crate) limit: Option<usize>,
}

/// The possible result of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestedOutcome {
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
    const fn as_str(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Answer => "answer",
            Self::FanOut => "fan_out",
            Self::Dropped => "dropped",
            Self::Dead => "dead",
        }
    }
}

pub(crate) fn run(context: &Context, command: &SourceCommand) -> anyhow::Result<ExitCode> {
    until_closed(match command {
        SourceCommand::Test(args) => test(context, args),
        SourceCommand::Presets => list(context),
    })
}

fn test(context: &Context, args: &SourceTestArgs) -> anyhow::Result<ExitCode> {
    let (name, source) = chosen(context, args)?;
    let decoder = schema_registry::ready(Decoder::new(&name, &source)?, &context.config)?;
    let path = args.file.as_deref();
    let usual = (source.preset.as_deref() == Some("combined_log")).then_some(FileFormat::CombinedLog);
    let mut samples = Samples::open(path, args.format, usual, source.wire == WireKind::Confluent)?;
    let accounts = args.accounts.as_deref().map(|named| AccountList::open(context, named)).transpose()?;
    let mut test = Test {
        context,
        args,
        renderer: Renderer { file: name_of(path) },
        tally: Tally::default(),
        shown: 0,
        hidden: 0,
        out: Out::new(),
    };
    if !context.json {
        test.out.line(&headline(&name, &source, path, accounts.as_ref()))?;
    }
    let now = SystemClock.now();
    while let Some(record) = samples.next_record()? {
        test.tally.records += 1;
        let value = match record.value {
            Ok(value) => value,
            Err(why) => {
                test.record(record.line, &[Outcome::unwritable(&why)])?;
                continue;
            }
        };
        decoder.prepare(&value)?;
        let mut outcome = Vec::new();
        decoder.decode(&value, &mut |element| outcome.push(Outcome::of(&element, now, accounts.as_ref())));
        test.record(record.line, &outcome)?;
    }
    test.end(accounts.as_ref())
}

/// The source that is named, or one of a preset alone.
fn chosen(context: &Context, args: &SourceTestArgs) -> Result<(String, SourceConfig), ConfigError> {
    let sources = &context.config.sources;
    let wrong = |text: String| ConfigError::Wrong { path: "command line".to_owned(), text };
    if let Some(preset) = &args.preset {
        return Ok((preset.clone(), SourceConfig::of_preset(preset, preset, Start::Earliest)));
    }
    let known: Vec<&str> = sources.keys().map(String::as_str).collect();
    let Some(named) = &args.source else {
        return Err(wrong(format!(
            "name a source with --source ({}) or a preset with --preset",
            known.join(", ")
        )));
    };
    let found = sources.get(named).map(|source| (named.clone(), source.clone()));
    found.ok_or_else(|| {
        let hint = match Preset::parse(named) {
            Some(preset) => format!("; for the preset of that name write --preset {preset}"),
            None => nearest(named, &known),
        };
        wrong(format!("--source {named}: no such source{hint}"))
    })
}

fn headline(
    name: &str,
    source: &SourceConfig,
    path: Option<&Path>,
    accounts: Option<&AccountList>,
) -> String {
    let format = match &source.preset {
        Some(preset) if preset == name => String::new(),
        Some(preset) => format!(" (preset {preset})"),
        None if source.jq.is_some() => " (its own filter)".to_owned(),
        None => " (its own mapping)".to_owned(),
    };
    let against = accounts.map_or_else(String::new, |accounts| {
        let bad = if accounts.bad > 0 { format!(", {} rows not taken", accounts.bad) } else { String::new() };
        format!(" · {} accounts{bad}", terminal::grouped(u64::try_from(accounts.count()).unwrap_or(u64::MAX)))
    });
    format!("{}{format} · {}{against}\n", styled(BOLD, &safe(name)), safe(&name_of(path)))
}

/// The output so far.
struct Test<'a> {
    context: &'a Context,
    args: &'a SourceTestArgs,
    renderer: Renderer,
    tally: Tally,
    shown: usize,
    hidden: u64,
    out: Out,
}

impl Test<'_> {
    fn record(&mut self, line: u64, outcome: &[Outcome]) -> anyhow::Result<()> {
        for (element, outcome) in (0..).zip(outcome) {
            self.tally.add(outcome);
            let wanted = self.args.only.is_none_or(|only| only.as_str() == outcome.name());
            if !wanted || self.args.limit.is_some_and(|limit| self.shown >= limit) {
                self.hidden += u64::from(wanted);
                continue;
            }
            self.shown += 1;
            let place = Place { line, element };
            if self.context.json {
                self.out.json(&self.renderer.json(place, outcome))?;
            } else {
                self.out.line(&self.renderer.text(place, outcome))?;
            }
        }
        Ok(())
    }

    /// The counts; exit code 4 where something would be a dead letter.
    fn end(mut self, accounts: Option<&AccountList>) -> anyhow::Result<ExitCode> {
        if self.context.json {
            self.out.json(&self.tally.json(accounts.is_some()))?;
        } else {
            if self.hidden > 0 {
                let more = format!("          … and {} more", terminal::grouped(self.hidden));
                self.out.line(&styled(DIM, &more))?;
            }
            self.out.line(&format!("\n{}", self.tally.text(accounts.map(AccountList::count))))?;
        }
        self.out.flush()?;
        Ok(if self.tally.has_dead() { ExitCode::from(EXIT_PARTLY) } else { ExitCode::SUCCESS })
    }
}

fn list(context: &Context) -> anyhow::Result<ExitCode> {
    let mut out = Out::new();
    for info in presets() {
        let kinds: Vec<_> = info.kinds.iter().map(|kind| kind.as_str()).collect();
        if context.json {
            let value =
                serde_json::json!({ "preset": info.preset.as_str(), "reads": info.reads, "kinds": kinds });
            out.json(&value)?;
        } else {
            let name = styled(BOLD, &format!("{:<24}", info.preset.as_str()));
            let kinds = words::wrapped(&kinds.join(", "), 24, 118, &" ".repeat(24));
            out.line(&format!("{name}{}\n{}{}", info.reads, " ".repeat(24), styled(DIM, &kinds)))?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
