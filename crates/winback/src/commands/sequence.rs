//! `winback sequence`: the sequences, whether they keep the rules, and whether they hold their own tests.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;
use winback_core::text::nearest;
use winback_deployment::Context;
use winback_deployment::config::ConfigError;
use winback_sequences::{
    Library, Located, Offer, Sequence, Step, Tested, record, sequence_schema, test_sequence,
};
use winback_show::words;
use winback_terminal::{EXIT_FAILED, EXIT_PARTLY, Out, until_closed};

use crate::outreach::moment;

/// `sequence`.
#[derive(Debug, Subcommand)]
pub(crate) enum SequenceCommand {
    /// Hold sequence files against the rules and run their tests; exit code 1 when one is broken.
    Check {
        /// A sequence file; those in sequences_dir without it.
        file: Option<PathBuf>,
    },
    /// The sequences in the order in which they are tried.
    List,
    /// Show a sequence: whom it is for, what it offers, and what it sends on which day.
    Show {
        /// The sequence's name.
        name: String,
    },
    /// Run the tests in sequence files; exit code 1 when one fails.
    Test {
        /// A sequence file; those in sequences_dir without it.
        file: Option<PathBuf>,
    },
    /// The JSON schema of a sequence file, for editors.
    Schema,
}

pub(crate) fn run(context: &Context, command: SequenceCommand) -> anyhow::Result<ExitCode> {
    until_closed(match command {
        SequenceCommand::Check { file } => check(context, file.as_deref()),
        SequenceCommand::List => list(context),
        SequenceCommand::Show { name } => show(context, &name),
        SequenceCommand::Test { file } => test(context, file.as_deref()),
        SequenceCommand::Schema => schema(),
    })
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |why| ConfigError::Unreadable { path: path.to_path_buf(), why };
    std::fs::read_to_string(path).map_err(unreadable)
}

/// The files with their texts.
fn files(context: &Context, file: Option<&Path>) -> anyhow::Result<Vec<(String, String)>> {
    match file {
        Some(path) => Ok(vec![(path.display().to_string(), read(path)?)]),
        None => Ok(Library::texts(&context.config.sequences_dir)?),
    }
}

fn check(context: &Context, file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let faults = match file {
        Some(path) => Library::faults_of(&path.display().to_string(), &read(path)?),
        None => Library::faults(&context.config.sequences_dir)?,
    };
    let mut out = Out::new();
    for Located { place, text } in &faults {
        if context.json {
            out.json(&json!({ "place": place, "text": text }))?;
        } else {
            out.line(&format!("{}: {}", words::safe(place), words::safe(text)))?;
        }
    }
    if faults.is_empty() && !context.json {
        let number = files(context, file)?.len();
        out.line(&format!("right: {}", words::count_of(number, "sequence")))?;
    }
    out.flush()?;
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) })
}

fn list(context: &Context) -> anyhow::Result<ExitCode> {
    let library = Library::load(&context.config.sequences_dir)?;
    let mut out = Out::new();
    for (sequence, file) in library.iter() {
        if context.json {
            out.json(&json!({
                "sequence": sequence.name, "rank": sequence.rank, "kind": sequence.kind.as_str(), "file": file,
                "steps": sequence.steps.len(), "languages": sequence.languages,
            }))?;
            continue;
        }
        let last = sequence.steps.last().map_or(1, |step| step.day);
        out.line(&format!(
            "{:>4}  {:<18} {} in {}  {}",
            sequence.rank,
            words::safe(&sequence.name),
            words::count_of(sequence.steps.len(), "step"),
            words::count(last, "day"),
            words::safe(&fits(sequence))
        ))?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn fits(sequence: &Sequence) -> String {
    let phrases = sequence.fits.words();
    if phrases.is_empty() { "everybody".to_owned() } else { phrases.join("; ") }
}

fn show(context: &Context, name: &str) -> anyhow::Result<ExitCode> {
    let library = Library::load(&context.config.sequences_dir)?;
    let Some(sequence) = find(&library, name) else { return Ok(ExitCode::from(EXIT_PARTLY)) };
    let mut out = Out::new();
    if context.json {
        out.json(&record(sequence))?;
    } else {
        tell(&mut out, sequence)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The sequence of that name; a note where there is none.
pub(super) fn find<'a>(library: &'a Library, name: &str) -> Option<&'a Sequence> {
    let found = library.get(name);
    if found.is_none() {
        let known: Vec<&str> = library.iter().map(|(sequence, _)| sequence.name.as_str()).collect();
        winback_terminal::note!(
            "no sequence is called `{}`{}; `winback sequence list` names them",
            words::safe(name),
            nearest(name, &known)
        );
    }
    found
}

fn tell(out: &mut Out, sequence: &Sequence) -> anyhow::Result<()> {
    let Sequence { name, rank, kind, framework, .. } = sequence;
    out.line(&format!("{name} (rank {rank}, {kind}): {}", words::safe(framework)))?;
    out.line(&format!("  for: {}", words::safe(&fits(sequence))))?;
    out.line(&format!(
        "  languages: {}; at least {} between two touches",
        sequence.languages.join(", "),
        words::count(sequence.min_gap_days, "day")
    ))?;
    for step in &sequence.steps {
        out.line(&format!("  {:<14} {}", moment(step), words::safe(&step_words(step))))?;
        if let Some(text) = step.texts.iter().find(|text| text.variant.fits_all()) {
            let first = if text.subject.is_empty() { &text.body } else { &text.subject };
            let first = first.trim().lines().next().unwrap_or_default();
            out.line(&format!("  {:14} \u{201c}{}\u{201d}", "", words::safe(&words::short(first, 90))))?;
        }
    }
    for (name, offer) in &sequence.offers {
        out.line(&format!("  offer {name}: {}", words::safe(&offer_words(sequence, offer))))?;
    }
    Ok(())
}

fn step_words(step: &Step) -> String {
    let variants = step.texts.iter().filter(|text| !text.variant.fits_all()).count();
    let news: Vec<&str> = step.news.iter().map(|news| news.as_str()).collect();
    let parts = [
        Some(format!("{}: {}", step.channel, step.id)),
        (!step.roles.is_empty()).then(|| format!("to {}", step.roles.join(", else "))),
        step.claim.as_ref().map(|claim| format!("names {}", claim.words())),
        step.offer.as_ref().map(|offer| format!("offers {offer}")),
        (!news.is_empty()).then(|| format!("only with news: {}", news.join(" or "))),
        step.condition.engaged.map(|engaged| format!("only if {engaged}").replace('_', " ")),
        (variants > 0).then(|| words::count_of(variants, "variant")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn offer_words(sequence: &Sequence, offer: &Offer) -> String {
    let language = sequence.languages.first().map(String::as_str).unwrap_or_default();
    offer.said(language).unwrap_or_else(|why| why)
}

fn test(context: &Context, file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let mut out = Out::new();
    let (mut held, mut failed) = (0_u32, 0_u32);
    for (path, toml) in files(context, file)? {
        let wrong = |text: String| ConfigError::Wrong { path: path.clone(), text };
        let tests = test_sequence(&toml)
            .map_err(|errors| wrong(errors.first().map(ToString::to_string).unwrap_or_default()))?;
        for Tested { name, line, failure } in tests {
            *(if failure.is_none() { &mut held } else { &mut failed }) += 1;
            if context.json {
                let ok = failure.is_none();
                out.json(&json!({ "file": path, "line": line, "test": name, "ok": ok, "failure": failure }))?;
                continue;
            }
            let (name, place) = (words::safe(&name), words::safe(&path));
            match failure {
                None => out.line(&format!("{}  {name}", words::styled(words::GOOD, "ok    ")))?,
                Some(failure) => {
                    let mark = words::styled(words::BAD, "failed");
                    out.line(&format!("{mark}  {name}\n        {place}:{line}: {}", words::safe(&failure)))?;
                }
            }
        }
    }
    if !context.json {
        out.line(&format!("{}, {failed} failed", words::count(held + failed, "test")))?;
    }
    out.flush()?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) })
}

fn schema() -> anyhow::Result<ExitCode> {
    let mut out = Out::new();
    out.line(&serde_json::to_string_pretty(&sequence_schema())?)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
