//! `config`: what is wrong with it, and what is in force.
//!
//! A config file that cannot be read at all ends every command before it begins; `check` looks at what only running
//! would find out: policies, plays, sources, the worker's settings, the log's name.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use winback_core::debounce::Policy;
use winback_deployment::config::ENVIRONMENT;
use winback_deployment::topics::RECORD_BYTES;
use winback_deployment::{Context, policy_files, trigger_limit};
use winback_policy::{PolicyError, Tested, line_of, test_policy};
use winback_sequences::Library;
use winback_show::words;
use winback_sources::{Decoder, SourceConfig};
use winback_telemetry::logging;
use winback_terminal::{EXIT_USAGE, Out, until_closed};
use winback_worker::{AccountStanding, Plays, Standing, Worker};

/// `config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the config, the policies and the plays.
    Check,
    /// The config in force, without secrets.
    Show,
}

pub(crate) fn run(context: &Context, command: &ConfigCommand) -> anyhow::Result<ExitCode> {
    until_closed(match command {
        ConfigCommand::Check => check(context),
        ConfigCommand::Show => show(context),
    })
}

/// Something that is wrong.
struct Problem {
    file: String,
    text: String,
}

fn check(context: &Context) -> anyhow::Result<ExitCode> {
    let mut problems = Vec::new();
    let config = context.config_path();
    let own = |text: String| Problem { file: config.clone(), text };
    problems.extend(sources(context).into_iter().map(own));
    problems.extend(worker(context).map(own));
    problems.extend(log(&context.config.log).map(own));
    problems.extend(logging_filter(context).map(own));
    problems.extend(policy_files(context));
    problems.extend(sequence_files(context));
    let mut out = Out::new();
    for Problem { file, text } in &problems {
        if context.json {
            out.json(&serde_json::json!({ "file": file, "text": text }))?;
        } else {
            out.line(&format!("{}: {}", words::safe(file), words::safe(text)))?;
        }
    }
    if problems.is_empty() && !context.json {
        out.line(&fine(context))?;
    }
    out.flush()?;
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_USAGE) })
}

fn fine(context: &Context) -> String {
    let names: Vec<&str> = context.config.sources.keys().map(String::as_str).collect();
    let dir = &context.config.policies_dir;
    let policies =
        if dir.is_dir() { format!("those in {}", dir.display()) } else { "the one built in".to_owned() };
    let plays = context.config.worker.plays_dir.as_ref();
    let plays =
        plays.map_or_else(|| "those built in".to_owned(), |dir| format!("those in {}", dir.display()));
    let sequences = Library::texts(&context.config.sequences_dir).map_or(0, |texts| texts.len());
    format!(
        "right: sources {}; policies: {policies}; plays: {plays}; {}",
        names.join(", "),
        words::count_of(sequences, "sequence")
    )
}

fn sources(context: &Context) -> Vec<String> {
    let wrong = |(name, source): (&String, &SourceConfig)| {
        Decoder::new(name, source).err().map(|error| error.to_string())
    };
    context.config.sources.iter().filter_map(wrong).collect()
}

/// A book of contacts that knows nobody. It serves to check that the worker can be built.
struct Nobody;

impl Standing for Nobody {
    fn of(&self, _: &str) -> Option<AccountStanding> {
        None
    }
}

fn worker(context: &Context) -> Option<String> {
    Worker::new(&context.config.worker, Arc::new(Nobody)).err().map(|error| error.to_string())
}

fn log(url: &str) -> Option<String> {
    let broken = |why: &str| Some(format!("log = \"{url}\": {why}"));
    match url.split_once(':') {
        Some(("memory", "")) => None,
        Some(("sqlite", path)) if !path.is_empty() && path != ":memory:" => None,
        Some(("kafka", _)) => winback_logs::check(url).err().map(|error| error.to_string()),
        _ => broken("write sqlite:PATH, kafka://HOST:PORT or memory:"),
    }
}

fn logging_filter(context: &Context) -> Option<String> {
    let settings = match context.logging() {
        Ok(settings) => settings,
        Err(error) => return Some(error.to_string()),
    };
    logging::subscriber(&settings, std::io::sink, false).err().map(|error| format!("logging.filter: {error}"))
}

/// Every policy file is looked at, also behind one that is wrong.
fn policy_files(context: &Context) -> Vec<Problem> {
    let dir = &context.config.policies_dir;
    if !dir.is_dir() {
        return Vec::new();
    }
    let paths = policy_files::paths(dir).unwrap_or_default();
    let plays = match &context.config.worker.plays_dir {
        Some(dir) => Plays::from_dir(dir),
        None => Plays::built_in(),
    };
    let plays: Option<Vec<String>> =
        plays.ok().map(|plays| plays.iter().map(|play| play.name.clone()).collect());
    let mut problems: Vec<Problem> =
        paths.iter().flat_map(|path| policy_file(path, plays.as_deref())).collect();
    if problems.is_empty() {
        // What concerns several files: a name twice, no file at all.
        let error = policy_files::files(&context.config).err().map(|error| error.to_string());
        problems.extend(error.map(|text| Problem { file: dir.display().to_string(), text }));
        problems.extend(paths.iter().filter_map(|path| trigger_size(context, path)));
    }
    problems
}

/// Every fault of the sequences, and every test of theirs that fails.
fn sequence_files(context: &Context) -> Vec<Problem> {
    let dir = &context.config.sequences_dir;
    match Library::faults(dir) {
        Ok(faults) => {
            faults.into_iter().map(|fault| Problem { file: fault.place, text: fault.text }).collect()
        }
        Err(error) => vec![Problem { file: dir.display().to_string(), text: error.to_string() }],
    }
}

/// A policy whose triggers are larger than their topic takes. Topics that winback makes take more than the default, so
/// that the log is asked for policies only that allow more than that.
fn trigger_size(context: &Context, path: &Path) -> Option<Problem> {
    let toml = std::fs::read_to_string(path).ok()?;
    trigger_limit::too_small(&context.topics, &toml, |_| RECORD_BYTES)?;
    let there = context.log().ok().and_then(|log| trigger_limit::takes(&*log, &context.topics).ok());
    let takes =
        |topic: &str| there.as_ref().and_then(|there| there.get(topic)).copied().unwrap_or(RECORD_BYTES);
    let found = trigger_limit::too_small(&context.topics, &toml, takes)?;
    let text = format!("topic `{}` {}", found.topic, found.text);
    Some(Problem { file: path.display().to_string(), text })
}

fn policy_file(path: &Path, plays: Option<&[String]>) -> Vec<Problem> {
    let file = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return vec![Problem { file, text: format!("cannot be read: {error}") }],
    };
    let wrong = |error: &PolicyError| {
        let (file, text) = error.located(&file, &text);
        Problem { file, text }
    };
    let policy = match winback_policy::parse(&text, 1) {
        Ok(policy) => policy,
        Err(error) => return vec![wrong(&error)],
    };
    let failed = |test: Tested| {
        let failure = test.failure?;
        let text = format!("the test `{}` fails: {failure}", test.name);
        Some(Problem { file: format!("{file}:{}", test.line), text })
    };
    let mut problems: Vec<Problem> = match test_policy(&text) {
        Ok(tests) => tests.into_iter().filter_map(failed).collect(),
        Err(error) => vec![wrong(&error)],
    };
    problems.extend(unknown_plays(&file, &text, &policy, plays));
    problems
}

fn unknown_plays(file: &str, toml: &str, policy: &Policy, plays: Option<&[String]>) -> Vec<Problem> {
    let Some(plays) = plays else { return Vec::new() };
    let names: Vec<&str> = plays.iter().map(String::as_str).collect();
    let unknown = policy.plays.iter().filter(|(_, play)| !plays.contains(play));
    let line = |(reason, play): (&winback_core::account::Reason, &String)| {
        let text =
            format!("plays.{reason} = \"{play}\": no such play{}", winback_core::text::nearest(play, &names));
        let line = line_of(toml, &format!("plays.{reason}"));
        let file = line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
        Problem { file, text }
    };
    unknown.map(line).collect()
}

fn show(context: &Context) -> anyhow::Result<ExitCode> {
    let shown = context.config.redacted();
    let mut out = Out::new();
    if context.json {
        let value: toml::Value = toml::from_str(&shown)?;
        out.json(&value)?;
    } else {
        out.line(&format!("# {}", origin(context)))?;
        out.line(shown.trim_end())?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The place where the policies in force come from.
fn origin(context: &Context) -> String {
    let mut from = vec!["the defaults".to_owned()];
    from.extend(context.config_file.as_ref().map(|path| path.display().to_string()));
    from.extend(
        ENVIRONMENT.iter().filter(|name| std::env::var_os(name).is_some()).map(|name| (*name).to_owned()),
    );
    from.extend(context.named_log.as_ref().map(|_| "--log".to_owned()));
    format!("from {}; what comes later holds", from.join(", "))
}
