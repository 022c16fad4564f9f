//! `dead-letters`: records that could not be processed, and their way back ([`winback_admin::dead_letters`]).

mod summary;

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::process::ExitCode;

use crate::values::since;
use clap::{Args, Subcommand};
use winback_admin::dead_letters::{self, Filter, Replayed};
use winback_core::time::Time;
use winback_core::visible;
use winback_deployment::Context;
use winback_deployment::config::ConfigError;
use winback_deployment::scan::Found;
use winback_log::Log;
use winback_matcher::retries::Original;
use winback_proto::v1;
use winback_show::{letter, words};
use winback_terminal::{EXIT_PARTLY, Out, until_closed};

/// `dead-letters`.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// Each with its reason and where it came from.
    List {
        /// Which.
        #[command(flatten)]
        filter: DeadLetterFilter,
        /// Count dead letters by role, source and reason, with the first time of each, instead of listing them.
        #[arg(long)]
        summary: bool,
    },
    /// One, whole: reason, position, headers, the original bytes.
    Show {
        /// Its offset in the dead-letter topic, as `list` shows it.
        offset: i64,
        /// Only the original bytes, as they are.
        #[arg(long)]
        raw: bool,
    },
    /// Send them through again, under their original source and position.
    Replay {
        /// Which.
        #[command(flatten)]
        filter: DeadLetterFilter,
        /// Only say what would be sent.
        #[arg(long)]
        dry_run: bool,
    },
}

/// The choice of dead letters.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DeadLetterFilter {
    /// Only those with this reason.
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Only those of this source.
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// Only those that failed since then: RFC 3339, or a time ago such as 2h.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
}

pub(crate) fn run(context: &Context, command: DeadLettersCommand) -> anyhow::Result<ExitCode> {
    until_closed(execute(context, command))
}

fn execute(context: &Context, command: DeadLettersCommand) -> anyhow::Result<ExitCode> {
    let read = |filter: &DeadLetterFilter| filter.read(context.clock.now());
    match command {
        DeadLettersCommand::List { filter, summary: true } => summary::print(context, &read(&filter)?),
        DeadLettersCommand::List { filter, summary: false } => list(context, &read(&filter)?),
        DeadLettersCommand::Show { offset, raw } => show(context, offset, raw),
        DeadLettersCommand::Replay { filter, dry_run } => replay(context, &read(&filter)?, dry_run),
    }
}

impl DeadLetterFilter {
    /// The choice, with the time that its text means now.
    fn read(&self, now: Time) -> Result<Filter, ConfigError> {
        let since = self.since.as_deref().map(|text| since("dead-letters", text, now)).transpose()?;
        Ok(Filter { reason: self.reason.clone(), source: self.source.clone(), since })
    }
}

fn list(context: &Context, filter: &Filter) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let mut out = Out::new();
    let mut listed = 0_u64;
    let unreadable = dead_letters::each(context, &*log, filter, |found, _| {
        if context.json {
            out.json(&letter::Summary::of(&found))?;
        } else {
            if listed == 0 {
                out.line(&letter::heading())?;
            }
            out.line(&letter::line(&found))?;
        }
        listed += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    out.flush()?;
    if listed == 0 {
        none(context, &*log, filter)?;
    }
    Ok(if unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
}

/// Says that nothing fits, and what there is.
fn none(context: &Context, log: &dyn Log, filter: &Filter) -> anyhow::Result<()> {
    let (mut reasons, mut sources, mut all) = (BTreeSet::new(), BTreeSet::new(), 0_u64);
    dead_letters::each(context, log, &Filter::default(), |found, _| {
        reasons.insert(words::safe(&found.value.reason));
        sources.insert(words::safe(&found.value.source));
        all += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    sources.remove("");
    let listed = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
    if all == 0 || *filter == Filter::default() {
        winback_terminal::note!("no dead letters");
    } else {
        winback_terminal::note!(
            "none of {all} dead letters fits: their reasons are {}; their sources {}",
            listed(reasons),
            if sources.is_empty() { "none".to_owned() } else { listed(sources) }
        );
    }
    Ok(())
}

/// The original bytes, as they are; a terminal gets only text.
fn raw(letter: &v1::DeadLetter) -> anyhow::Result<ExitCode> {
    if letter.left_out.is_some() || (letter.points && letter.value.is_empty() && letter.size > 0) {
        winback_terminal::note!("winback: the letter keeps no bytes of its record: read it from its topic");
        return Ok(ExitCode::from(EXIT_PARTLY));
    }
    let mut out = std::io::stdout().lock();
    let text = std::str::from_utf8(&letter.value).ok();
    if out.is_terminal()
        && text.is_none_or(|text| text.chars().any(|c| visible::is_hidden(c) && !matches!(c, '\n' | '\t')))
    {
        winback_terminal::note!("winback: the record is no text: send it to a file, with `> FILE`");
        return Ok(ExitCode::from(EXIT_PARTLY));
    }
    out.write_all(&letter.value)?;
    out.flush()?;
    if letter.sha256.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    winback_terminal::note!(
        "winback: only the first {} of {} bytes were kept",
        letter.value.len(),
        letter.size
    );
    Ok(ExitCode::from(EXIT_PARTLY))
}

fn show(context: &Context, offset: i64, only_bytes: bool) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let Some(found) = dead_letters::at(context, &*log, offset)? else {
        winback_terminal::note!(
            "winback: there is no dead letter {offset}: `winback dead-letters list` shows their offsets"
        );
        return Ok(ExitCode::from(EXIT_PARTLY));
    };
    if only_bytes {
        return raw(&found.value);
    }
    let mut out = Out::new();
    if context.json {
        let mut object = serde_json::to_value(&found.value)?;
        if let Some(object) = object.as_object_mut() {
            object.insert("letter".to_owned(), found.offset.into());
        }
        out.json(&object)?;
    } else {
        out.line(&letter::whole(&found))?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn replay(context: &Context, filter: &Filter, dry_run: bool) -> anyhow::Result<ExitCode> {
    let mut out = Out::new();
    let replayed = dead_letters::replay(context, filter, dry_run, |found, answer| {
        print_replayed(&mut out, context.json, found, answer, dry_run)
    })?;
    out.flush()?;
    let did = if dry_run { "would be sent" } else { "sent" };
    let Replayed { sent, left, unreadable } = replayed;
    winback_terminal::note!("{sent} {did} to {}, {left} left out", context.topics.retries);
    Ok(if left + unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
}

fn print_replayed(
    out: &mut Out,
    json: bool,
    found: &Found<v1::DeadLetter>,
    answer: Result<&Original, &String>,
    dry_run: bool,
) -> std::io::Result<()> {
    let (offset, at) = (found.offset, letter::position(&found.value));
    let did = if dry_run { "would be sent" } else { "sent" };
    match answer {
        Ok(original) if json => out.json(&serde_json::json!({
            "offset": offset, "record": at, "sent": !dry_run, "source": original.source,
        })),
        Ok(original) => {
            out.line(&format!("{offset:>7}  {at}  {did} for source {}", words::safe(&original.source)))
        }
        Err(why) if json => {
            out.json(&serde_json::json!({ "offset": offset, "record": at, "sent": false, "why": why }))
        }
        Err(why) => out.line(&format!("{offset:>7}  {at}  left out: {why}")),
    }
}
