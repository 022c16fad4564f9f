//! Tells what the next start would refuse: records that winback cannot read, which came into its own topics while it runs.
//!
//! The small topics are read from their beginning. Of the detector's changelog only what comes is read, and only the
//! partitions of this process's lanes, since their rows before were read by the restore.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use winback_core::ids::Offset;
use winback_lane::LaneStatus;
use winback_log::{ForeignRecord, ForeignRecords, LogError, Message, Reader, TopicPartition};
use winback_telemetry::Component;
use winback_telemetry::metrics::{GaugePart, list};

use super::Shared;
use super::accounts::Accounts;
use crate::Kept;

/// How often the topics are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// The interval at which the end of the run is looked for.
const LOOK: Duration = Duration::from_millis(100);
const BATCH: usize = 4_096;
/// Records of a changelog before its end are read, too: a lane may have been restored a moment before.
const BEHIND: i64 = 1_000;
/// Topics that are read here as a whole; accounts and answers are read by those who follow them.
const SMALL: [Kept; 4] = [Kept::Positions, Kept::Policies, Kept::Holds, Kept::Suppressions];

/// Starts the thread. `detectors` are the lanes whose changelog partitions are watched.
pub(super) fn start(
    shared: &Arc<Shared>,
    detectors: Vec<Arc<LaneStatus>>,
    accounts: Option<Accounts>,
    threads: &mut Vec<JoinHandle<()>>,
) -> std::io::Result<()> {
    let mut watch = Watch {
        shared: shared.clone(),
        detectors,
        accounts,
        foreign: BTreeMap::new(),
        reported: BTreeSet::new(),
        gauges: Kept::ALL.map(|kept| (kept, shared.metrics.gauge(&list::FOREIGN_RECORDS, [kept.as_str()]))),
        topics: Vec::new(),
        assigned: Vec::new(),
    };
    let thread = std::thread::Builder::new().name("winback-topics".to_owned());
    threads.push(thread.spawn(move || watch.run())?);
    Ok(())
}

struct Watch {
    shared: Arc<Shared>,
    detectors: Vec<Arc<LaneStatus>>,
    accounts: Option<Accounts>,
    foreign: BTreeMap<Kept, ForeignRecords>,
    /// Places that were logged.
    reported: BTreeSet<(TopicPartition, Offset)>,
    gauges: [(Kept, GaugePart); Kept::ALL.len()],
    /// The topics that are there, with how many partitions.
    topics: Vec<(Kept, i32)>,
    assigned: Vec<(Kept, TopicPartition)>,
}

impl Watch {
    fn run(&mut self) {
        let component = self.shared.health.component("topics");
        component.ready();
        // Readers belong to one thread.
        let mut reader = None;
        while !self.shared.shutdown.is_asked() {
            if let Err(error) = self.turn(&mut reader) {
                // Whoever needs the log says that it is away.
                tracing::debug!(%error, "the internal topics cannot be looked at");
                reader = None;
            }
            self.report(&component);
            let mut waited = Duration::ZERO;
            while waited < EVERY && !self.shared.shutdown.is_asked() {
                std::thread::park_timeout(LOOK);
                waited += LOOK;
            }
        }
    }

    fn turn(&mut self, reader: &mut Option<Box<dyn Reader>>) -> Result<(), LogError> {
        if self.topics.is_empty() {
            self.topics = self.described()?;
        }
        self.assign(reader)?;
        let Some(reader) = reader else { return Ok(()) };
        let mut messages: Vec<Message> = Vec::new();
        let mut kinds: Vec<Kept> = self.assigned.iter().map(|(kept, _)| *kept).collect();
        kinds.dedup();
        loop {
            reader.poll(BATCH, LOOK / 2, &mut messages)?;
            let count = messages.len();
            for message in messages.drain(..) {
                // Topics are numbered in the order in which they were assigned.
                let Some(topic) = kinds.get(usize::from(message.topic)) else { continue };
                let own = |(kept, partition): &&(Kept, TopicPartition)| {
                    kept == topic && partition.partition == message.partition
                };
                let Some((kept, partition)) = self.assigned.iter().find(own) else { continue };
                let partitions =
                    self.topics.iter().find(|(topic, _)| topic == kept).map_or(1, |(_, count)| *count);
                let key = message.key().unwrap_or_default();
                let read = kept.check(key, message.value(), message.partition, partitions);
                self.foreign.entry(*kept).or_default().see(partition, message.offset, key, &read);
            }
            if count < BATCH || self.shared.shutdown.is_asked() {
                return Ok(());
            }
        }
    }

    fn described(&self) -> Result<Vec<(Kept, i32)>, LogError> {
        let watched = [&SMALL[..], &[Kept::Changelog]].concat();
        let names: Vec<&str> = watched.iter().map(|kept| &**kept.topic(&self.shared.topics)).collect();
        let there = self.shared.log.describe(&names)?;
        let known = watched.into_iter().zip(there);
        Ok(known.filter_map(|(kept, info)| Some((kept, info?.spec.partitions))).collect())
    }

    /// Has the reader read what is watched now, each partition from where it is.
    fn assign(&mut self, own: &mut Option<Box<dyn Reader>>) -> Result<(), LogError> {
        let wanted = self.wanted();
        if own.is_some() && wanted == self.assigned {
            return Ok(());
        }
        let mut reader = match own.take() {
            Some(reader) => reader,
            None => self.shared.log.reader()?,
        };
        let mut starts = Vec::new();
        for (kept, partition) in &wanted {
            let start = match (reader.position(partition), kept) {
                (Some(position), _) => position,
                (None, Kept::Changelog) => {
                    let end = reader.high_watermarks(std::slice::from_ref(partition))?;
                    Offset(end.first().map_or(0, |end| (end.0 - BEHIND).max(0)))
                }
                (None, _) => Offset::ZERO,
            };
            starts.push((partition.clone(), start));
        }
        for (kept, gone) in self.assigned.iter().filter(|assigned| !wanted.contains(assigned)) {
            self.foreign.entry(*kept).or_default().forget(gone);
        }
        reader.assign(&starts)?;
        (*own, self.assigned) = (Some(reader), wanted);
        Ok(())
    }

    fn wanted(&self) -> Vec<(Kept, TopicPartition)> {
        let place =
            |kept: Kept, number| (kept, TopicPartition::new(kept.topic(&self.shared.topics).clone(), number));
        let is_there = |kept: &Kept| self.topics.iter().any(|(topic, _)| topic == kept);
        let mut wanted: Vec<_> = SMALL.into_iter().filter(is_there).map(|kept| place(kept, 0)).collect();
        let lanes = self.detectors.iter().flat_map(|lane| lane.snapshot().partitions);
        wanted.extend(lanes.map(|status| place(Kept::Changelog, status.partition.partition.0)));
        wanted.sort_unstable();
        wanted
    }

    #[expect(clippy::cast_precision_loss, reason = "counts in floats, as Prometheus has them")]
    fn report(&mut self, component: &Component) {
        if let Some(accounts) = &self.accounts {
            self.foreign.insert(Kept::Accounts, accounts.status.foreign());
            self.foreign.insert(Kept::Answers, accounts.answers.foreign());
        }
        for (kept, gauge) in &self.gauges {
            gauge.set(self.foreign.get(kept).map_or(0, ForeignRecords::len) as f64);
        }
        let all: Vec<(Kept, &ForeignRecord)> = self
            .foreign
            .iter()
            .flat_map(|(kept, found)| found.iter().map(|record| (*kept, record)))
            .collect();
        for (kept, record) in &all {
            if self.reported.insert((record.partition.clone(), record.offset)) {
                tracing::error!(%record, "winback cannot read a record of its own topic: {}", consequence(*kept, record));
            }
        }
        match all.first() {
            None => component.ready(),
            Some((kept, record)) => {
                let others =
                    if all.len() > 1 { format!(" (and {} more)", all.len() - 1) } else { String::new() };
                component.failed(format!("{record}{others}; {}", consequence(*kept, record)));
            }
        }
    }
}

fn consequence(kept: Kept, record: &ForeignRecord) -> &'static str {
    if kept.refuses(record.unreadable.defect) {
        "members run on, but none starts again: stop them and run `winback topics doctor`"
    } else {
        "nothing rests on it, and it is passed: stop the members and run `winback topics doctor` when it suits"
    }
}
