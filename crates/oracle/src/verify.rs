//! The whole comparison, partition by partition, from a checkpoint where there is one.

use winback_core::ids::Offset;
use winback_log::{Log, LogError, TopicPartition};

use crate::asker::Asker;
use crate::checkpoint::{Checkpoint, CheckpointWriter, Header, Section};
use crate::condemned::condemned;
use crate::deployment::Deployment;
use crate::error::OracleError;
use crate::options::Options;
use crate::partition::{Bench, PartitionUnderTest, Start};
use crate::report::{Note, Report};

/// The progress of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advance {
    /// Offsets of the inbox that were passed.
    pub done: u64,
    /// All of them, about.
    pub total: u64,
}

/// Compares what a deployment committed with what one process would have made of its inbox.
///
/// # Errors
/// When the comparison cannot be made; what differs is in the report.
pub fn verify(
    log: &dyn Log,
    deployment: &Deployment,
    options: &Options,
    watch: &mut dyn FnMut(Advance),
) -> Result<Report, OracleError> {
    let (partitions, inbox) = deployment.partitions(log)?;
    let header = Header { deployment: deployment.name.clone(), inbox, partitions };
    let mut run = Run::new(log, deployment, usable(options, &header), partitions)?;
    let ask = Asker::new(log)?;
    let committed = ask.committed(&deployment.group, &run.inbox())?;
    let condemned = condemned(&ask, deployment, options.patience)?;
    let mut writer = match &options.checkpoint {
        Some(path) => Some(CheckpointWriter::create(path, &header)?),
        None => None,
    };
    let bench =
        Bench { ask: &ask, deployment, partitions, options, committed: &committed, condemned: &condemned };
    for number in 0..partitions {
        run.partition(&bench, number, writer.as_mut(), watch)?;
    }
    let mut report = run.report;
    if let Some(writer) = writer {
        if report.is_equal() {
            writer.finish()?;
            report.checkpoint_written = true;
        } else {
            report.notes.push(Note::CheckpointKept);
        }
    }
    Ok(report)
}

/// The checkpoint; an error where there is one that is none of this inbox.
pub(crate) fn usable(options: &Options, header: &Header) -> Result<Option<Checkpoint>, String> {
    let Some(path) = &options.checkpoint else { return Ok(None) };
    let checkpoint = Checkpoint::open(path).map_err(|why| why.to_string())?;
    match checkpoint.as_ref().map(|checkpoint| &checkpoint.header).filter(|found| *found != header) {
        None => Ok(checkpoint),
        Some(Header { deployment, inbox, partitions }) => Err(format!(
            "{} is of deployment `{deployment}`, whose inbox had the id {inbox} and {partitions} partitions; this one has \
             the id {} and {}",
            path.display(),
            header.inbox,
            header.partitions
        )),
    }
}

/// A comparison under way.
struct Run {
    report: Report,
    checkpoint: Option<Checkpoint>,
    /// The reason why there is none.
    ignored: Option<String>,
    beginnings: Vec<(TopicPartition, Offset)>,
    passed: u64,
    total: u64,
}

impl Run {
    /// Refuses at once where the inbox is cut and nothing tells of what is gone.
    fn new(
        log: &dyn Log,
        deployment: &Deployment,
        checkpoint: Result<Option<Checkpoint>, String>,
        partitions: i32,
    ) -> Result<Self, OracleError> {
        let inbox: Vec<TopicPartition> =
            (0..partitions).map(|at| TopicPartition::new(deployment.inbox.clone(), at)).collect();
        let mut reader = log.reader()?;
        let beginnings = reader.beginnings(&inbox)?;
        let ends = reader.end_offsets(&inbox)?;
        let beginnings = inbox.into_iter().zip(beginnings).collect();
        let mut run = Self {
            report: Report::default(),
            checkpoint: None,
            ignored: None,
            beginnings,
            passed: 0,
            total: 0,
        };
        match checkpoint {
            Ok(checkpoint) => run.checkpoint = checkpoint,
            Err(why) => {
                run.report.notes.push(Note::CheckpointIgnored(why.clone()));
                run.ignored = Some(why);
            }
        }
        for (number, end) in (0..partitions).zip(ends) {
            // What is cut may be before the first record that the rules of this version decide: its start says so.
            let section = run.section(number, end).ok().flatten();
            let from = section.map_or(Offset::ZERO, |section| section.next);
            run.total += distance(from, end);
        }
        Ok(run)
    }

    fn inbox(&self) -> Vec<TopicPartition> {
        self.beginnings.iter().map(|(partition, _)| partition.clone()).collect()
    }

    /// The start of a partition's comparison: a section that is not beyond `to`, or the first record.
    fn section(&self, number: i32, to: Offset) -> Result<Option<Section>, OracleError> {
        let sections = self.checkpoint.iter().flat_map(|checkpoint| &checkpoint.sections);
        let section = sections.copied().find(|section| section.partition == number);
        let Some((partition, beginning)) = self.beginnings.get(usize::try_from(number).unwrap_or_default())
        else {
            return Err(LogError::NoTopic(format!("partition {number} of the inbox")).into());
        };
        if let Some(section) = section.filter(|section| (*beginning..=to).contains(&section.next)) {
            return Ok(Some(section));
        }
        if *beginning == Offset::ZERO {
            return Ok(None);
        }
        let there = match section {
            None => self.ignored.clone().unwrap_or_else(|| "there is no checkpoint".to_owned()),
            Some(section) if section.next > to => {
                format!("the checkpoint is of offset {}, further than the detector at {to}", section.next)
            }
            Some(section) => format!("the checkpoint is of offset {}, which is gone, too", section.next),
        };
        Err(OracleError::Cut { partition: partition.clone(), beginning: *beginning, there })
    }

    fn start(
        &mut self,
        bench: &Bench<'_>,
        number: i32,
        tested: &PartitionUnderTest,
    ) -> Result<Start, OracleError> {
        let section = self.section(number, tested.to);
        if let Some((start, note)) = bench.since_rules(tested)? {
            let is_nearer = |section: &Section| section.next >= start.next;
            let beginning = usize::try_from(number).ok().and_then(|at| self.beginnings.get(at));
            let is_there = beginning.is_some_and(|(_, beginning)| *beginning <= start.next);
            let has_nearer = matches!(&section, Ok(Some(section)) if is_nearer(section));
            if !has_nearer && is_there {
                self.report.notes.push(note);
                return Ok(start);
            }
        }
        let Some(section) = section? else { return Ok(Start::first()) };
        let rows = match &mut self.checkpoint {
            Some(checkpoint) => checkpoint.rows(section)?,
            None => Vec::new(),
        };
        Ok(Start { next: section.next, outputs: section.outputs, rows, since: Offset::ZERO })
    }

    fn partition(
        &mut self,
        bench: &Bench<'_>,
        number: i32,
        writer: Option<&mut CheckpointWriter>,
        watch: &mut dyn FnMut(Advance),
    ) -> Result<(), OracleError> {
        let tested = bench.tested(number)?;
        let start = self.start(bench, number, &tested)?;
        let (from, to) = (start.next, tested.to);
        let (passed, total) = (self.passed, self.total);
        let ended = bench.compare(&tested, start, &mut |next| {
            watch(Advance { done: passed + distance(from, next), total });
        })?;
        self.passed += distance(from, to);
        if let Some(writer) = writer {
            writer.section(number, ended.next, ended.outputs, &ended.rows)?;
        }
        self.report.partitions.push(ended.report);
        self.report.notes.extend(ended.notes);
        Ok(())
    }
}

fn distance(from: Offset, to: Offset) -> u64 {
    u64::try_from(to.0 - from.0).unwrap_or_default()
}
