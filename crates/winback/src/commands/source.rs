//! `source`: what a source makes of a file, and the presets that there are.

use std::path::Path;
use std::process::ExitCode;

use winback_core::text::nearest;
use winback_log::{Clock as _, SystemClock};
use winback_sources::{Decoder, Preset, SourceConfig, Start, WireKind, presets};

use crate::cli::{FileFormat, SourceCommand, SourceTestArgs};
use crate::config::ConfigError;
use crate::context::Context;
use crate::ingest::name_of;
use crate::show::out::until_closed;
use crate::show::words::{BOLD, DIM, safe, styled};
use crate::show::{Out, words};
use crate::source_test::{Book, Came, Place, Samples, Tally, Teller};
use crate::{EXIT_PARTLY, schema_registry, talk};

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
    let book = args.accounts.as_deref().map(|named| Book::open(context, named)).transpose()?;
    let mut told = Told {
        context,
        args,
        teller: Teller { file: name_of(path) },
        tally: Tally::default(),
        shown: 0,
        hidden: 0,
        out: Out::new(),
    };
    if !context.json {
        told.out.line(&headline(&name, &source, path, book.as_ref()))?;
    }
    let now = SystemClock.now();
    while let Some(record) = samples.next_record()? {
        told.tally.records += 1;
        let value = record.value.unwrap_or_default();
        decoder.prepare(&value)?;
        let mut came = Vec::new();
        decoder.decode(&value, &mut |element| came.push(Came::of(&element, now, book.as_ref())));
        told.record(record.line, &came)?;
    }
    told.end(book.as_ref())
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

fn headline(name: &str, source: &SourceConfig, path: Option<&Path>, book: Option<&Book>) -> String {
    let format = match &source.preset {
        Some(preset) if preset == name => String::new(),
        Some(preset) => format!(" (preset {preset})"),
        None if source.jq.is_some() => " (its own filter)".to_owned(),
        None => " (its own mapping)".to_owned(),
    };
    let against = book.map_or_else(String::new, |book| {
        let bad = if book.bad > 0 { format!(", {} rows not taken", book.bad) } else { String::new() };
        format!(" · {} accounts{bad}", talk::grouped(u64::try_from(book.len()).unwrap_or(u64::MAX)))
    });
    format!("{}{format} · {}{against}\n", styled(BOLD, &safe(name)), safe(&name_of(path)))
}

/// The output so far.
struct Told<'a> {
    context: &'a Context,
    args: &'a SourceTestArgs,
    teller: Teller,
    tally: Tally,
    shown: usize,
    hidden: u64,
    out: Out,
}

impl Told<'_> {
    fn record(&mut self, line: u64, came: &[Came]) -> anyhow::Result<()> {
        for (element, came) in (0..).zip(came) {
            self.tally.add(came);
            let wanted = self.args.only.is_none_or(|only| only.as_str() == came.outcome());
            if !wanted || self.args.limit.is_some_and(|limit| self.shown >= limit) {
                self.hidden += u64::from(wanted);
                continue;
            }
            self.shown += 1;
            let place = Place { line, element };
            if self.context.json {
                self.out.json(&self.teller.json(place, came))?;
            } else {
                self.out.line(&self.teller.text(place, came))?;
            }
        }
        Ok(())
    }

    /// The counts; exit code 4 where something would be a dead letter.
    fn end(mut self, book: Option<&Book>) -> anyhow::Result<ExitCode> {
        if self.context.json {
            self.out.json(&self.tally.json(book.is_some()))?;
        } else {
            if self.hidden > 0 {
                let more = format!("          … and {} more", talk::grouped(self.hidden));
                self.out.line(&styled(DIM, &more))?;
            }
            self.out.line(&format!("\n{}", self.tally.text(book.map(Book::len))))?;
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
