//! `winback ingest`.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use winback_core::debounce::Policy;
use winback_core::text::nearest;
use winback_deployment::config::ConfigError;
use winback_deployment::{Context, policy_files, topic_plan};
use winback_ingest::{self as ingest, FileFormat, Intake, Records, Taken, format_of, name_of, open};
use winback_log::{Log, LogError};
use winback_sources::{Decoder, SourceConfig, WireKind};
use winback_terminal as terminal;
use winback_terminal::{EXIT_PARTLY, EXIT_USAGE};

use crate::accounts;
use crate::values::file_format;

/// Arguments of `ingest`.
#[derive(Args, Clone, Debug)]
pub(crate) struct IngestArgs {
    /// The topic of a configured source, or the source's name.
    pub(crate) topic: String,
    /// The file; `-` or nothing is standard input.
    pub(crate) file: Option<PathBuf>,
    /// Set the file format. Default: from the file extension.
    #[arg(long, value_parser = file_format())]
    pub(crate) format: Option<FileFormat>,
    /// Write even what is too old to count in a log that is already running.
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Lines that are named when many cannot be taken.
const NAMED: usize = 10;

pub(crate) fn run(context: &Context, args: &IngestArgs) -> anyhow::Result<ExitCode> {
    let path = args.file.as_deref();
    if args.topic == context.config.accounts.topic {
        return rows(context, args, path);
    }
    let (name, source) = find(context, &args.topic)?;
    let decoder = Decoder::new(name, source).map_err(|error| wrong(error.to_string()))?;
    if source.wire == WireKind::Confluent {
        let text = format!(
            "sources.{name}.wire = \"confluent\": records behind a schema's id are no lines of a file"
        );
        return Err(wrong(text).into());
    }
    let log_lines = matches!(source.preset.as_deref(), Some("combined_log" | "snowplow_tsv"));
    let format = format_of(args.format, path, log_lines.then_some(FileFormat::CombinedLog))?;
    let input = open(path)?;
    let log = context.log()?;
    topic_plan::apply(&*log, &context.config, true)?;

    let policies = policies(context)?;
    let intake = Intake::new(&decoder, &policies, context.clock.now(), ingest::MEMORY);
    let mut records = Records::new(input, format, largest(&*log, &source.topic)?)?;
    let (sorter, taken) = intake.sort(&mut records)?;
    if !args.yes && taken.old > 0 && !consent(context, &*log, path, &taken)? {
        return Ok(ExitCode::from(EXIT_USAGE));
    }
    let bar = terminal::bar(taken.records);
    let written = ingest::write(&*log, &source.topic, sorter, &taken, context.clock.now(), &bar)?;
    report(context, &source.topic, path, &taken, written)
}

/// The source by its name or its topic.
fn find<'c>(context: &'c Context, named: &str) -> Result<(&'c str, &'c SourceConfig), ConfigError> {
    let sources = &context.config.sources;
    let found =
        sources.get_key_value(named).or_else(|| sources.iter().find(|(_, source)| source.topic == named));
    found.map(|(name, source)| (name.as_str(), source)).ok_or_else(|| {
        let topics = sources.values().map(|source| source.topic.as_str());
        let known: Vec<&str> = sources
            .keys()
            .map(String::as_str)
            .chain(topics)
            .chain([&*context.config.accounts.topic])
            .collect();
        wrong(format!(
            "`{named}` is no source and no source's topic{}; there are {}",
            nearest(named, &known),
            known.join(", ")
        ))
    })
}

fn wrong(text: String) -> ConfigError {
    ConfigError::Wrong { path: "command line".to_owned(), text }
}

fn policies(context: &Context) -> anyhow::Result<Vec<Policy>> {
    let files = policy_files::files(&context.config)?;
    Ok(files.values().map(|toml| winback_policy::parse(toml, 1)).collect::<Result<_, _>>()?)
}

/// The largest record that the topic takes, with room for its key.
pub(crate) fn largest(log: &dyn Log, topic: &str) -> Result<usize, LogError> {
    let there = log.describe(&[topic])?.into_iter().flatten().next();
    let there = there.ok_or_else(|| LogError::NoTopic(topic.to_owned()))?;
    Ok(there.spec.max_record_bytes.saturating_sub(1 << 10))
}

/// In a log that is running its clock judges, and what happened long ago is too old to count: says so and asks.
fn consent(context: &Context, log: &dyn Log, path: Option<&Path>, taken: &Taken) -> anyhow::Result<bool> {
    let Some((first, last)) = taken.times else { return Ok(true) };
    let Some(progress) = ingest::last_progress(log, &context.topics.inbox)? else { return Ok(true) };
    if progress <= last {
        return Ok(true);
    }
    winback_terminal::note!(
        "{} is already running (it last read at {progress}); {} of {} events from {first} to {last} are too old to count now, and \
         will be `expired`",
        log.name(),
        terminal::grouped(taken.old),
        terminal::grouped(taken.events)
    );
    let from_file = path.is_some_and(|path| path != Path::new("-"));
    let answer = if from_file { terminal::ask("Write them all the same?")? } else { None };
    if answer.is_none() {
        winback_terminal::note!("nothing was written: add --yes, or use a fresh log to play the past");
    }
    Ok(answer.unwrap_or_default())
}

fn report(
    context: &Context,
    topic: &str,
    path: Option<&Path>,
    taken: &Taken,
    written: u64,
) -> anyhow::Result<ExitCode> {
    let file = name_of(path);
    let refused = u64::try_from(taken.too_large.len()).unwrap_or(u64::MAX);
    for line in taken.too_large.iter().take(NAMED) {
        winback_terminal::note!("{file}:{line}: larger than any record that `{topic}` takes: not written");
    }
    if taken.dead > 0 {
        let (are, turn) = if taken.dead == 1 {
            ("it is", "becomes a dead letter when it is")
        } else {
            ("they are", "become dead letters when they are")
        };
        winback_terminal::note!(
            "{} cannot be understood in whole: {are} written, and {turn} read",
            terminal::counted(taken.dead, "record")
        );
    }
    if written == 0 && refused == 0 {
        winback_terminal::note!("{file} has no records");
    }
    let (first, last) =
        taken.times.map_or((None, None), |(first, last)| (Some(first.to_string()), Some(last.to_string())));
    let value = json!({
        "topic": topic, "read": taken.records + refused, "written": written, "too_large": refused, "dead": taken.dead,
        "events": taken.events, "first": first, "last": last,
    });
    let over = first.zip(last).map_or_else(String::new, |(first, last)| format!(", from {first} to {last}"));
    terminal::print(
        context.json,
        &value,
        &format!("{} into {topic}{over}", terminal::counted(written, "record")),
    )?;
    Ok(if refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
}

/// Rows of accounts have no time of their own: they keep the file's order, and the registrar judges them.
fn rows(context: &Context, args: &IngestArgs, path: Option<&Path>) -> anyhow::Result<ExitCode> {
    context.config.accounts.check_ours()?;
    let format = format_of(args.format, path, None)?;
    let input: Box<dyn BufRead> = open(path)?;
    let log = context.log()?;
    topic_plan::apply(&*log, &context.config, true)?;
    let topic = &context.config.accounts.topic;
    let mut records = Records::new(input, format, largest(&*log, topic)?)?;
    let (spool, checked) = accounts::check(&mut records, accounts::Bad::Keep, None, |_| {})?;
    let taken =
        Taken { records: checked.rows, dead: checked.bad, too_large: checked.too_large, ..Taken::default() };
    let bar = terminal::bar(taken.records);
    let written = ingest::write(&*log, topic, spool, &taken, context.clock.now(), &bar)?;
    report(context, topic, path, &taken, written)
}
