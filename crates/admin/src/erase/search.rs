//! Searches every topic of the deployment, and on a log of one's own the topics that are read, too.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use anyhow::Context as _;
use winback_core::debounce::ERASED_KEPT;
use winback_core::ids::Offset;
use winback_core::time::Span;
use winback_deployment::{Context, scan};
use winback_log::{ForeignRecords, Log, Message, TopicPartition};
use winback_matcher::input_name;
use winback_proto::v1::inbox_record::Body;
use winback_proto::{WireMessage as _, state, v1};
use winback_registrar::Suppressions;

use super::location::{Fate, Found, Location};
use super::matcher::Subject;

/// Records of sources that were matched: input and offset.
type Matched = BTreeSet<(String, i64)>;

/// Everything about the subject that is in the log. Its triggers are learnt on the way.
///
/// # Errors
/// When the log is away.
pub fn search(context: &Context, log: &dyn Log, subject: &mut Subject) -> anyhow::Result<Vec<Location>> {
    let topics = context.topics.clone();
    subject.erased =
        winback_deployment::suppression_key::known(&context.config).zip(Some(suppressions(context, log)?));
    let mut matched = Matched::new();
    let mut locations = Vec::new();
    let mut own = Search { context, log, subject, locations: &mut locations };
    own.keyed(&topics.accounts, true)?;
    own.inbox(&topics.inbox, &mut matched)?;
    own.changelog(&topics.changelog)?;
    own.triggers(&topics.triggers)?;
    own.keyed(&topics.shadow_triggers, false)?;
    own.keyed(&topics.decisions, false)?;
    own.keyed(&topics.actions, false)?;
    own.answers(&topics.answers)?;
    own.within(&topics.responses)?;
    own.letters(&topics.dead_letters)?;
    own.within(&topics.retries)?;
    own.rows()?;
    own.sources(&matched)?;
    Ok(locations)
}

/// The accounts that were erased so far.
///
/// # Errors
/// If the log is unavailable.
pub fn suppressions(context: &Context, log: &dyn Log) -> anyhow::Result<Suppressions> {
    let (topic, mut erased) = (&context.topics.suppressions, Suppressions::default());
    if log.describe(&[topic])?.into_iter().flatten().next().is_some() {
        let partition = TopicPartition::new(Arc::clone(topic), 0);
        let mut foreign = ForeignRecords::default();
        scan::each(log, &partition, Offset::ZERO, |message| {
            let key = message.key().unwrap_or_default();
            foreign.see(&partition, message.offset, key, &erased.restore(key, message.value()));
            Ok(ControlFlow::Continue(()))
        })?;
        if let Some(record) = foreign.iter().next() {
            anyhow::bail!("{record}; stop the members and run `winback topics doctor`");
        }
    }
    Ok(erased)
}

struct Search<'a> {
    context: &'a Context,
    log: &'a dyn Log,
    subject: &'a mut Subject,
    locations: &'a mut Vec<Location>,
}

impl Search<'_> {
    /// Visits a topic's records; what the visitor gives a fate is found.
    fn scan(
        &mut self,
        topic: &str,
        mut fate: impl FnMut(&mut Subject, &TopicPartition, &Message) -> anyhow::Result<Option<Fate>>,
    ) -> anyhow::Result<()> {
        let spec = self.log.describe(&[topic])?.into_iter().flatten().next().map(|info| info.spec);
        let partitions = spec.as_ref().map_or(0, |spec| spec.partitions);
        let mut found = Vec::new();
        for number in 0..partitions {
            let partition = TopicPartition::new(topic, number);
            scan::each(self.log, &partition, Offset::ZERO, |message| {
                if let Some(fate) = fate(self.subject, &partition, message)? {
                    let (partition, offset, at) = (partition.clone(), message.offset, message.timestamp);
                    found.push(Found { partition, offset, at, fate });
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        let (topic, kept) = (topic.to_owned(), Span::ZERO);
        self.locations.push(Location { topic, spec, kept, searched: true, found, removed: 0 });
        Ok(())
    }

    /// A topic whose key is the account's id.
    fn keyed(&mut self, topic: &Arc<str>, compacted: bool) -> anyhow::Result<()> {
        self.scan(topic, |subject, _, message| {
            let fate = match message.value() {
                None if compacted => Fate::Marker,
                _ => Fate::Removable,
            };
            Ok(subject.is(message.key()).then_some(fate))
        })?;
        if compacted {
            self.replaced();
        }
        Ok(())
    }

    /// Of a compacted topic's records with one key all but the last were replaced.
    fn replaced(&mut self) {
        let Some(location) = self.locations.last_mut() else { return };
        let mut last: BTreeMap<i32, usize> = BTreeMap::new();
        for at in 0..location.found.len() {
            if let Some(before) = last.insert(location.found[at].partition.partition.0, at) {
                location.found[before].fate = Fate::Replaced;
            }
        }
        // The last one is still the account: nobody took the erasure in.
        location
            .found
            .iter_mut()
            .filter(|found| found.fate == Fate::Removable)
            .for_each(|found| found.fate = Fate::Unread);
    }

    fn inbox(&mut self, topic: &Arc<str>, matched: &mut Matched) -> anyhow::Result<()> {
        self.scan(topic, |subject, _, message| {
            if !subject.is(message.key()) {
                return Ok(None);
            }
            let record = message.value().map(v1::InboxRecord::from_bytes).transpose()?;
            if let Some(Body::Signal(signal)) = record.and_then(|record| record.body) {
                matched.insert((signal.input, signal.input_offset));
            }
            Ok(Some(Fate::Retained))
        })
    }

    fn changelog(&mut self, topic: &Arc<str>) -> anyhow::Result<()> {
        let mut last: BTreeMap<Vec<u8>, (usize, bool)> = BTreeMap::new();
        let (mut count, mut replaced) = (0, Vec::new());
        self.scan(topic, |subject, partition, message| {
            let key = message.key().unwrap_or_default();
            let row =
                state::key_from_bytes(key).with_context(|| format!("{partition} at {}", message.offset))?;
            if !subject.is(row.account().map(|id| id.as_str().as_bytes())) {
                return Ok(None);
            }
            // What is there when the erasure is through: tombstones, and the row that says so.
            let says_so = match message.value().map(v1::StateRecord::from_bytes).transpose()? {
                Some(v1::StateRecord { state: Some(v1::state_record::State::Account(state)) }) => {
                    state.erased
                }
                Some(_) => false,
                None => true,
            };
            if let Some((before, _)) = last.insert(key.to_vec(), (count, says_so)) {
                replaced.push(before);
            }
            count += 1;
            Ok(Some(if says_so { Fate::Marker } else { Fate::Unread }))
        })?;
        let Some(location) = self.locations.last_mut() else { return Ok(()) };
        location.kept = ERASED_KEPT;
        replaced.into_iter().for_each(|at| location.found[at].fate = Fate::Replaced);
        Ok(())
    }

    /// Their answers: each under its own key, so that a tombstone replaces it.
    fn answers(&mut self, topic: &Arc<str>) -> anyhow::Result<()> {
        let mut last: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        let (mut count, mut replaced) = (0, Vec::new());
        self.scan(topic, |subject, _, message| {
            let key = message.key().unwrap_or_default();
            if !subject.answered(key, message.value()) && !last.contains_key(key) {
                return Ok(None);
            }
            replaced.extend(last.insert(key.to_vec(), count));
            count += 1;
            Ok(Some(if message.value().is_none() { Fate::Marker } else { Fate::Unread }))
        })?;
        let Some(location) = self.locations.last_mut() else { return Ok(()) };
        replaced.into_iter().for_each(|at| location.found[at].fate = Fate::Replaced);
        Ok(())
    }

    fn triggers(&mut self, topic: &Arc<str>) -> anyhow::Result<()> {
        self.scan(topic, |subject, _, message| {
            if !subject.is(message.key()) {
                return Ok(None);
            }
            if let Some(trigger) = message.value().map(v1::Trigger::from_bytes).transpose()? {
                subject.triggers.insert(trigger.id);
            }
            Ok(Some(Fate::Removable))
        })
    }

    /// A letter that points to another one has the fate of the one that keeps the bytes.
    fn letters(&mut self, topic: &Arc<str>) -> anyhow::Result<()> {
        let mut kept_in: BTreeSet<(String, i32, i64)> = BTreeSet::new();
        self.scan(topic, |subject, _, message| {
            let value = message.value().unwrap_or_default();
            let own = match v1::DeadLetter::from_bytes(value) {
                Ok(letter) => {
                    let record = (letter.topic.clone(), letter.partition, letter.offset);
                    let headers = letter.headers.iter().any(|header| subject.is_in(&header.value));
                    let own = subject.is(Some(&letter.key))
                        || headers
                        || subject.is_in(&letter.key)
                        || subject.is_in(&letter.value);
                    match (letter.points, own) {
                        (true, _) => {}
                        (false, true) => drop(kept_in.insert(record.clone())),
                        // The position came again with another record.
                        (false, false) => drop(kept_in.remove(&record)),
                    }
                    own || (letter.points && kept_in.contains(&record))
                }
                Err(_) => subject.is_in(value),
            };
            Ok((own || subject.is(message.key())).then_some(Fate::Removable))
        })
    }

    /// A topic whose records are known by what they hold.
    fn within(&mut self, topic: &str) -> anyhow::Result<()> {
        self.scan(topic, |subject, _, message| {
            let found = subject.is(message.key()) || subject.is_in(message.value().unwrap_or_default());
            Ok(found.then_some(Fate::Removable))
        })
    }

    /// The rows that the registrar reads.
    fn rows(&mut self) -> anyhow::Result<()> {
        let topic = self.context.config.accounts.topic.clone();
        if self.log.is_shared() {
            return self.not_ours(&topic);
        }
        self.within(&topic)?;
        let Some(location) = self.locations.last_mut() else { return Ok(()) };
        let group = format!("{}.registrar", self.context.config.deployment);
        let mut reader = self.log.reader()?;
        for found in &mut location.found {
            let position = reader.committed(&group, std::slice::from_ref(&found.partition))?.pop().flatten();
            if found.offset >= position.unwrap_or(Offset::ZERO) {
                found.fate = Fate::Unread;
            }
        }
        Ok(())
    }

    /// The sources: what was matched, and whatever else holds an address.
    fn sources(&mut self, matched: &Matched) -> anyhow::Result<()> {
        let sources = self.context.config.sources.clone();
        let others = sources.iter().filter(|(_, source)| source.topic != *self.context.topics.responses);
        for (name, source) in others {
            if self.log.is_shared() {
                self.not_ours(&source.topic)?;
                continue;
            }
            self.scan(&source.topic, |subject, partition, message| {
                let location = (input_name(name, partition).to_string(), message.offset.0);
                let found = matched.contains(&location) || subject.is_in(message.value().unwrap_or_default());
                Ok(found.then_some(Fate::Removable))
            })?;
        }
        Ok(())
    }

    /// A topic on Kafka that others write and keep.
    fn not_ours(&mut self, topic: &str) -> anyhow::Result<()> {
        let spec = self.log.describe(&[topic])?.into_iter().flatten().next().map(|info| info.spec);
        let topic = topic.to_owned();
        let (kept, found) = (Span::ZERO, Vec::new());
        self.locations.push(Location { topic, spec, kept, searched: false, found, removed: 0 });
        Ok(())
    }
}
