//! `dead-letters replay`: the original record goes into the retries topic, with headers that say where it stood and which
//! letter it became first ([`winback_matcher::retries`]).
//!
//! It is read under its original source and position, so that its signals keep their ids and a second replay of the same
//! letter changes nothing. What fails again becomes a new letter that names the first. Letters of one record go together:
//! its bytes are sent once, with the places of the elements that are stepped.

use std::ops::ControlFlow;

use winback_deployment::Context;
use winback_deployment::config::Config;
use winback_deployment::scan::{self, Found};
use winback_deployment::topics::Topics;
use winback_log::{Append, Writer};
use winback_matcher::retries::{self, Original};
use winback_proto::v1;
use winback_show::letter;
use winback_terminal::safe;

use super::{Filter, each};

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

/// The counts of a replay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Letters that were sent, or would be.
    pub sent: u64,
    /// Letters that cannot be sent.
    pub left: u64,
    /// Records of the topic that cannot be read.
    pub unreadable: u64,
}

/// Sends the letters that the filter asks for; with `dry_run` nothing is written. `report` hears of each letter, and why it
/// is not sent where it is not.
///
/// # Errors
/// When the log is away, or the reporter's.
pub fn replay(
    context: &Context,
    filter: &Filter,
    dry_run: bool,
    mut report: impl FnMut(&Found<v1::DeadLetter>, Result<&Original, &String>) -> std::io::Result<()>,
) -> anyhow::Result<Replayed> {
    let log = context.log()?;
    let mut writer = if dry_run { None } else { Some(log.writer()?) };
    let partitions = scan::partitions(&*log, &context.topics.dead_letters)?;
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
        report(&found, answer.as_ref())?;
        Ok(ControlFlow::Continue(()))
    })?;
    if let Some(writer) = &mut writer {
        waiting.send(&mut **writer, &context.topics.retries)?;
        writer.flush()?;
    }
    Ok(Replayed { unreadable, ..replayed })
}

/// The first position of the letter's record.
///
/// # Errors
/// The reason why it cannot be replayed, and the alternative.
pub fn whose(found: &Found<v1::DeadLetter>, config: &Config, topics: &Topics) -> Result<Original, String> {
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
            timestamp: winback_proto::time(letter.timestamp.as_ref()).unwrap_or_default(),
            letter: None,
        }
    };
    complete(letter)?;
    if !config.sources.contains_key(&original.source) {
        let name = safe(&original.source);
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
    let topic = safe(&letter.topic);
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
