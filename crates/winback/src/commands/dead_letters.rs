//! `dead-letters`: records that could not be processed, and their way back ([`replay`]).

mod firsts;
mod replay;
mod summary;

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::process::ExitCode;

use winback_core::time::{Span, Time};
use winback_core::visible;
use winback_log::Log;
use winback_proto::v1;

use crate::EXIT_PARTLY;
use crate::cli::{DeadLetterFilter, DeadLettersCommand};
use crate::config::ConfigError;
use crate::context::Context;
use crate::reading::{self, Flow, Found};
use crate::show::out::until_closed;
use crate::show::{Out, letter, words};
use firsts::Firsts;

pub(crate) fn run(context: &Context, command: DeadLettersCommand) -> anyhow::Result<ExitCode> {
    until_closed(match command {
        DeadLettersCommand::List { filter, summary: true } => summary::print(context, &filter),
        DeadLettersCommand::List { filter, summary: false } => list(context, &filter),
        DeadLettersCommand::Show { offset, raw } => show(context, offset, raw),
        DeadLettersCommand::Replay { filter, dry_run } => replay::replay(context, &filter, dry_run),
    })
}

/// Visits the letters that the filter asks for, in their order, with what is known of those before them.
fn each(
    context: &Context,
    log: &dyn Log,
    filter: &DeadLetterFilter,
    mut visit: impl FnMut(Found<v1::DeadLetter>, &mut Firsts) -> Flow,
) -> anyhow::Result<u64> {
    let since = filter.since.as_deref().map(|text| since(text, context.clock.now())).transpose()?;
    let asked = |letter: &v1::DeadLetter| {
        filter
            .reason
            .as_ref()
            .is_none_or(|reason| letter::counts(letter).iter().any(|(own, _)| *own == reason.as_str()))
            && filter.source.as_ref().is_none_or(|source| letter.source == *source)
            && since.is_none_or(|since| words::time(letter.failed_at.as_ref()) >= Some(since))
    };
    let partitions = reading::partitions(log, &context.topics.dead_letters)?;
    let mut firsts = Firsts::default();
    let ends = reading::merged::<v1::DeadLetter>(log, &partitions, |mut found| {
        firsts.see(&mut found);
        match asked(&found.value) {
            true => visit(found, &mut firsts),
            false => Ok(ControlFlow::Continue(())),
        }
    })?;
    Ok(ends.unreadable)
}

/// A time, or a length of time before now.
fn since(text: &str, now: Time) -> Result<Time, ConfigError> {
    let wrong = || ConfigError::Wrong {
        path: "dead-letters".to_owned(),
        text: format!("--since {text}: write a time such as 2026-11-22T14:00:00Z, or one ago such as 2h"),
    };
    match text.parse::<Span>() {
        Ok(ago) => Ok(now - ago),
        Err(_) => text
            .parse::<jiff::Timestamp>()
            .map(|at| Time::from_millis(at.as_millisecond()))
            .map_err(|_| wrong()),
    }
}

fn list(context: &Context, filter: &DeadLetterFilter) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let mut out = Out::new();
    let mut listed = 0_u64;
    let unreadable = each(context, &*log, filter, |found, _| {
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
fn none(context: &Context, log: &dyn Log, filter: &DeadLetterFilter) -> anyhow::Result<()> {
    let (mut reasons, mut sources, mut all) = (BTreeSet::new(), BTreeSet::new(), 0_u64);
    each(context, log, &DeadLetterFilter::default(), |found, _| {
        reasons.insert(words::safe(&found.value.reason));
        sources.insert(words::safe(&found.value.source));
        all += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    sources.remove("");
    let listed = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(", ");
    if all == 0 || *filter == DeadLetterFilter::default() {
        crate::talk::note!("no dead letters");
    } else {
        crate::talk::note!(
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
        crate::talk::note!("winback: the letter keeps no bytes of its record: read it from its topic");
        return Ok(ExitCode::from(EXIT_PARTLY));
    }
    let mut out = std::io::stdout().lock();
    let text = std::str::from_utf8(&letter.value).ok();
    if out.is_terminal()
        && text.is_none_or(|text| text.chars().any(|c| visible::is_hidden(c) && !matches!(c, '\n' | '\t')))
    {
        crate::talk::note!("winback: the record is no text: send it to a file, with `> FILE`");
        return Ok(ExitCode::from(EXIT_PARTLY));
    }
    out.write_all(&letter.value)?;
    out.flush()?;
    if letter.sha256.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    crate::talk::note!("winback: only the first {} of {} bytes were kept", letter.value.len(), letter.size);
    Ok(ExitCode::from(EXIT_PARTLY))
}

fn show(context: &Context, offset: i64, only_bytes: bool) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let Some(found) = at(context, &*log, offset)? else {
        crate::talk::note!(
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

/// The letter at that offset, with its record's bytes. The topic has one partition, so that the offset names it.
fn at(context: &Context, log: &dyn Log, offset: i64) -> anyhow::Result<Option<Found<v1::DeadLetter>>> {
    let partitions = reading::partitions(log, &context.topics.dead_letters)?;
    match partitions.first().filter(|_| offset >= 0) {
        Some(partition) => firsts::whole_at(log, partition, offset),
        None => Ok(None),
    }
}
