//! `dead-letters replay`: the original record goes into the retries topic, with headers that say where it stood and which
//! letter it became first ([`winback_matcher::retries`]).
//!
//! It is read under its original source and position, so that its signals keep their ids and a second replay of the same
//! letter changes nothing. What fails again becomes a new letter that names the first. Letters of one record go together:
//! its bytes are sent once, with the places of the elements that are stepped.

use std::ops::ControlFlow;
use std::process::ExitCode;

use winback_log::{Append, Writer};
use winback_matcher::retries::{self, Original};
use winback_proto::v1;

use super::each;
use crate::EXIT_PARTLY;
use crate::cli::DeadLetterFilter;
use crate::config::Config;
use crate::context::Context;
use crate::reading::{self, Found};
use crate::show::{Out, letter, words};
use crate::topics::Topics;

/// The most ranges of places in the headers of one record that is sent.
const MAX_RANGES: usize = 2_000;

/// A record that is sent with the letters of it that were asked for so far.
#[derive(Default)]
struct Waiting(Option<(Original, v1::DeadLetter)>);

impl Waiting {
    /// Takes a letter along; `bytes` is its letter with the record's bytes. False when they are gone.
    fn add(
        &mut self,
        original: &Original,
        bytes: impl FnOnce() -> anyhow::Result<Option<v1::DeadLetter>>,
        writer: &mut dyn Writer,
        topic: &str,
    ) -> anyhow::Result<bool> {
        if let Some((first, _)) = &mut self.0
            && let (Some(places), Some(more)) = (&mut first.elements, &original.elements)
            && (&first.source, &first.topic) == (&original.source, &original.topic)
            && (first.partition, first.offset) == (original.partition, original.offset)
            && first.timestamp == original.timestamp
        {
            places.extend(more);
            return Ok(true);
        }
        self.send(writer, topic)?;
        self.0 = bytes()?.map(|letter| (original.clone(), letter));
        Ok(self.0.is_some())
    }

    /// Sends what waits.
    fn send(&mut self, writer: &mut dyn Writer, topic: &str) -> anyhow::Result<()> {
        let Some((original, letter)) = self.0.take() else { return Ok(()) };
        let Some(places) = &original.elements else { return send(writer, topic, &letter, &original) };
        for part in places.parts(MAX_RANGES) {
            send(writer, topic, &letter, &Original { elements: Some(part), ..original.clone() })?;
        }
        Ok(())
    }
}

/// The result of a replay.
#[derive(Default)]
struct Replayed {
    sent: u64,
    left: u64,
}

pub(super) fn replay(
    context: &Context,
    filter: &DeadLetterFilter,
    dry_run: bool,
) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let mut writer = if dry_run { None } else { Some(log.writer()?) };
    let partitions = reading::partitions(&*log, &context.topics.dead_letters)?;
    let mut out = Out::new();
    let mut replayed = Replayed::default();
    let mut waiting = Waiting::default();
    let unreadable = each(context, &*log, filter, |found, firsts| {
        let mut answer = whose(&found, &context.config, &context.topics);
        let partition = partitions.iter().find(|partition| partition.partition.0 == found.partition);
        if let (Ok(original), Some(partition)) = (&answer, partition) {
            let sends = match writer.as_deref_mut() {
                Some(writer) => {
                    let bytes = || firsts.whole(&*log, partition, &found.value);
                    waiting.add(original, bytes, writer, &context.topics.retries)?
                }
                None => firsts.knows(&found.value),
            };
            if !sends {
                answer = Err("the letter that kept its bytes is gone: send the record again".to_owned());
            }
        }
        match &answer {
            Ok(_) => replayed.sent += 1,
            Err(_) => replayed.left += 1,
        }
        told(&mut out, context.json, &found, answer.as_ref(), dry_run)?;
        Ok(ControlFlow::Continue(()))
    })?;
    if let Some(writer) = &mut writer {
        waiting.send(&mut **writer, &context.topics.retries)?;
        writer.flush()?;
    }
    out.flush()?;
    let did = if dry_run { "would be sent" } else { "sent" };
    let Replayed { sent, left } = replayed;
    crate::talk::note!("{sent} {did} to {}, {left} left out", context.topics.retries);
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

/// The first position of the letter's record, or the reason why it cannot be replayed and the alternative.
pub(super) fn whose(
    found: &Found<v1::DeadLetter>,
    config: &Config,
    topics: &Topics,
) -> Result<Original, String> {
    let letter = &found.value;
    if letter.left_out.is_some() {
        return Err(format!(
            "it stands for {} whose bytes were not kept: read their records from the topic again",
            letter::counts(letter).iter().map(|(_, count)| count).sum::<u64>()
        ));
    }
    let elements = letter::places(letter)?;
    let original = if letter.topic == *topics.retries {
        let first = letter::first(letter);
        let first = first.ok_or_else(|| "its headers do not say where it stood first".to_owned())?;
        // What failed again, of what was sent.
        Original { elements: elements.or(first.elements), ..first }
    } else {
        let source = source(letter, config).ok_or_else(|| instead(letter))?;
        Original {
            source,
            topic: letter.topic.clone(),
            partition: letter.partition,
            offset: letter.offset,
            elements,
            timestamp: words::time(letter.timestamp.as_ref()).unwrap_or_default(),
            letter: None,
        }
    };
    complete(letter)?;
    if !config.sources.contains_key(&original.source) {
        let name = words::safe(&original.source);
        return Err(format!(
            "the config has no source `{name}` that could read it: name it in [sources.{name}]"
        ));
    }
    Ok(Original { letter: original.letter.or(Some(found.offset)), ..original })
}

/// The source that it is of. One that no transaction took says only its topic.
fn source(letter: &v1::DeadLetter, config: &Config) -> Option<String> {
    if !letter.source.is_empty() {
        return Some(letter.source.clone());
    }
    let reads = |(name, source): (&String, &winback_sources::SourceConfig)| {
        (source.topic == letter.topic).then(|| name.clone())
    };
    config.sources.iter().find_map(reads).filter(|_| letter.role == "matcher")
}

/// The reason why a letter without a signal source is not replayed, and the alternative.
fn instead(letter: &v1::DeadLetter) -> String {
    let topic = words::safe(&letter.topic);
    match letter.role.as_str() {
        "registrar" => format!(
            "a row of `{topic}`, over which newer rows may have come: mend it and have it written again, or take it in with \
             `winback accounts import`"
        ),
        "detector" => format!(
            "a record of `{topic}`, which only winback writes, and which has been passed: after a downgrade run the newer \
             version again; if something else wrote it, stop that"
        ),
        "worker" => format!(
            "a trigger of `{topic}`, which has been passed: `winback triggers --json` still has it, `winback explain` tells \
             what for; mend the endpoint or the play, and act on it by hand"
        ),
        _ => format!(
            "a record of `{topic}`, which is of no signal source: have it written again by what wrote it"
        ),
    }
}

fn complete(letter: &v1::DeadLetter) -> Result<(), String> {
    if letter.sha256.is_empty() {
        return Ok(());
    }
    Err(format!("only the head of its {} bytes was kept: send it again from where it came", letter.size))
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
