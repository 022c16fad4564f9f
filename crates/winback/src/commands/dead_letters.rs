//! `dead-letters`: records that could not be processed, and their way back.
//!
//! A replay writes the original record into the retries topic, with headers that say where it stood
//! ([`winback_matcher::retries`]). It is read under its original source and position, so that its signals keep their ids
//! and a second replay of the same letter changes nothing.

use std::ops::ControlFlow;
use std::process::ExitCode;

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::{Append, Log, Writer};
use winback_matcher::retries::{self, Original};
use winback_proto::v1;

use crate::EXIT_PARTLY;
use crate::cli::{DeadLetterFilter, DeadLettersCommand};
use crate::config::ConfigError;
use crate::context::Context;
use crate::reading::{self, Flow, Found};
use crate::show::out::until_closed;
use crate::show::{Out, letter, words};

pub(crate) fn run(context: &Context, command: DeadLettersCommand) -> anyhow::Result<ExitCode> {
    until_closed(match command {
        DeadLettersCommand::List(filter) => list(context, &filter),
        DeadLettersCommand::Show { offset } => show(context, offset),
        DeadLettersCommand::Replay { filter, dry_run } => replay(context, &filter, dry_run),
    })
}

/// Visits the letters that the filter asks for, in their order.
fn each(
    context: &Context,
    log: &dyn Log,
    filter: &DeadLetterFilter,
    mut visit: impl FnMut(Found<v1::DeadLetter>) -> Flow,
) -> anyhow::Result<u64> {
    let since = filter.since.as_deref().map(|text| since(text, context.clock.now())).transpose()?;
    let asked = |letter: &v1::DeadLetter| {
        filter.reason.as_ref().is_none_or(|reason| letter.reason == *reason)
            && filter.source.as_ref().is_none_or(|source| letter.source == *source)
            && since.is_none_or(|since| words::time(letter.failed_at.as_ref()) >= Some(since))
    };
    let partitions = reading::partitions(log, &context.topics.dead_letters)?;
    let ends = reading::merged::<v1::DeadLetter>(log, &partitions, |found| match asked(&found.value) {
        true => visit(found),
        false => Ok(ControlFlow::Continue(())),
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
    let unreadable = each(context, &*log, filter, |found| {
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
    if listed == 0 && !context.json {
        anstream::eprintln!("no dead letters");
    }
    Ok(if unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
}

fn show(context: &Context, offset: i64) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let Some(found) = at(context, &*log, offset)? else {
        anstream::eprintln!(
            "winback: there is no dead letter {offset}: `winback dead-letters list` shows their offsets"
        );
        return Ok(ExitCode::from(EXIT_PARTLY));
    };
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

/// The letter at that offset. The topic has one partition, so that the offset names it.
fn at(context: &Context, log: &dyn Log, offset: i64) -> anyhow::Result<Option<Found<v1::DeadLetter>>> {
    use winback_proto::WireMessage as _;
    let partitions = reading::partitions(log, &context.topics.dead_letters)?;
    let Some(partition) = partitions.first().filter(|_| offset >= 0) else { return Ok(None) };
    let mut found = None;
    reading::scan(log, partition, Offset(offset), |message| {
        if message.offset == Offset(offset) {
            let value = v1::DeadLetter::from_bytes(message.value().unwrap_or_default())?;
            found = Some(Found { partition: message.partition.0, offset, value });
        }
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// What came of a replay.
#[derive(Default)]
struct Replayed {
    sent: u64,
    left: u64,
}

fn replay(context: &Context, filter: &DeadLetterFilter, dry_run: bool) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let mut writer = if dry_run { None } else { Some(log.writer()?) };
    let mut out = Out::new();
    let mut replayed = Replayed::default();
    let unreadable = each(context, &*log, filter, |found| {
        let answer = match whose(&found.value, &context.topics.retries) {
            Ok(original) => {
                if let Some(writer) = &mut writer {
                    send(&mut **writer, &context.topics.retries, &found.value, &original)?;
                }
                replayed.sent += 1;
                Ok(original)
            }
            Err(why) => {
                replayed.left += 1;
                Err(why)
            }
        };
        told(&mut out, context.json, &found, answer.as_ref(), dry_run)?;
        Ok(ControlFlow::Continue(()))
    })?;
    if let Some(writer) = &mut writer {
        writer.flush()?;
    }
    out.flush()?;
    let did = if dry_run { "would be sent" } else { "sent" };
    let Replayed { sent, left } = replayed;
    anstream::eprintln!("{sent} {did} to {}, {left} left out", context.topics.retries);
    Ok(if left + unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
}

fn told(
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

/// Where the letter's record stood first, or why it cannot go through again.
fn whose(letter: &v1::DeadLetter, retries: &str) -> Result<Original, String> {
    if letter.topic == retries {
        let all = |visit: &mut dyn FnMut(&str, &[u8])| {
            letter.headers.iter().for_each(|header| visit(&header.name, &header.value));
        };
        let first = retries::from_headers(all);
        return complete(letter)
            .and(first.ok_or_else(|| "its headers do not say where it stood first".to_owned()));
    }
    if letter.source.is_empty() {
        return Err(format!(
            "a record of `{}`, which winback itself or an account source writes, is not replayed: mend what wrote it, and \
             have it written again",
            words::safe(&letter.topic)
        ));
    }
    complete(letter)?;
    Ok(Original {
        source: letter.source.clone(),
        topic: letter.topic.clone(),
        partition: letter.partition,
        offset: letter.offset,
        element: u32::try_from(letter.element).ok(),
        timestamp: words::time(letter.timestamp.as_ref()).unwrap_or_default(),
    })
}

fn complete(letter: &v1::DeadLetter) -> Result<(), String> {
    if letter.sha256.is_empty() {
        return Ok(());
    }
    Err(format!(
        "only its first {} of {} bytes were kept: send it again from where it came",
        letter.value.len(),
        letter.size
    ))
}

fn send(
    writer: &mut dyn Writer,
    topic: &str,
    letter: &v1::DeadLetter,
    original: &Original,
) -> anyhow::Result<()> {
    let own = original.headers();
    let kept = letter.headers.iter().filter(|header| !header.name.starts_with(retries::PREFIX));
    let kept = kept.map(|header| (header.name.as_str(), header.value.as_slice()));
    let headers: Vec<(&str, &[u8])> =
        kept.chain(own.iter().map(|(name, value)| (*name, value.as_slice()))).collect();
    let key = (!letter.key.is_empty()).then_some(letter.key.as_slice());
    let value = Some(letter.value.as_slice());
    writer.append(&Append { topic, partition: None, key, value, headers: &headers, timestamp: None })?;
    Ok(())
}
