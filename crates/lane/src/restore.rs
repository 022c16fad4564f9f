//! Restores partitions from their changelogs, a slice at a time, with a reader of its own.
//!
//! The order is what makes the state as new as the position: the group's stable position was read before a restore is
//! queued here, then the changelog's high watermark is asked for, then it is read until a committed reader has passed that end.
//! A local snapshot that fits stands for the records before it.

mod reader;

use std::sync::Arc;
use std::time::Duration;

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::{Clock, FailPoint, LogError, Message, SharedLog, TopicPartition, fail_point};

use self::reader::RestoreReader;
use crate::error::LaneError;
use crate::inputs::Inputs;
use crate::retry_budget::RetryBudget;
use crate::role::{Role, Row};
use crate::snapshot::{Loading, SnapshotError, Snapshots, Standing, Step};

/// A clock that stands still must not make a slice endless.
const POLLS: usize = 16;
/// The time the lane's other partitions wait for the changelog's ends.
const BOUNDS_WITHIN: Duration = Duration::from_millis(100);

/// One changelog partition, for all inputs that it restores.
#[derive(Debug)]
struct Job {
    changelog: TopicPartition,
    slots: Vec<usize>,
    next: Offset,
    /// The earliest offset that the log had when it was asked.
    beginning: Offset,
    /// `None` until the log was asked.
    target: Option<Offset>,
    /// Read before anything of the log is.
    snapshot: Option<Loading>,
    records: u64,
    started: Time,
    /// Read from the log, and not yet handed over.
    read: Vec<Message>,
}

impl Job {
    /// Checks that the rest of the changelog is complete.
    fn check_whole(&self) -> Result<(), LaneError> {
        let (beginning, next) = (self.beginning, self.next);
        if next < beginning {
            return Err(LaneError::Truncated { partition: self.changelog.clone(), beginning, next });
        }
        Ok(())
    }

    /// Gives rows to all inputs that they restore.
    fn hand_over<R: Role>(&self, rows: &[Row<'_>], role: &mut R, inputs: &Inputs) -> Result<(), LaneError> {
        for slot in self.slots.iter().filter_map(|at| inputs.get(*at)) {
            role.restore(slot.input(), rows).map_err(|error| LaneError::Restore {
                partition: self.changelog.clone(),
                offset: error.offset,
                why: error.why,
            })?;
        }
        Ok(())
    }
}

/// A partition that is restored.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) slot: usize,
    pub(crate) records: u64,
    pub(crate) took: Span,
}

/// The faults of a snapshot's records.
enum LoadError {
    Snapshot(SnapshotError),
    Lane(LaneError),
}

impl From<SnapshotError> for LoadError {
    fn from(error: SnapshotError) -> Self {
        Self::Snapshot(error)
    }
}

impl From<LaneError> for LoadError {
    fn from(error: LaneError) -> Self {
        Self::Lane(error)
    }
}

/// The restores of a lane.
pub(crate) struct Restorer {
    reader: RestoreReader,
    bounds: RetryBudget,
    /// The time for which the log has not answered for the changelog's bounds.
    waited: Span,
    jobs: Vec<Job>,
    /// Inputs whose changelog partition is already being read for others: they begin when that is done.
    waiting: Vec<(TopicPartition, usize)>,
    scratch: Vec<Message>,
    snapshots: Option<Arc<Snapshots>>,
    /// The time that a turn restores.
    slice: Span,
}

impl Restorer {
    pub(crate) fn new(log: SharedLog, snapshots: Option<Arc<Snapshots>>, slice: Span) -> Self {
        Self {
            reader: RestoreReader::new(log),
            bounds: RetryBudget::default(),
            waited: Span::ZERO,
            jobs: Vec::new(),
            waiting: Vec::new(),
            scratch: Vec::new(),
            snapshots,
            slice,
        }
    }

    pub(crate) fn add(&mut self, changelog: TopicPartition, slot: usize, now: Time) {
        match self.jobs.iter_mut().find(|job| job.changelog == changelog) {
            Some(job) if job.target.is_none() => job.slots.push(slot),
            Some(_) => self.waiting.push((changelog, slot)),
            None => self.jobs.push(Job {
                changelog,
                slots: vec![slot],
                next: Offset::ZERO,
                beginning: Offset::ZERO,
                target: None,
                snapshot: None,
                records: 0,
                started: now,
                read: Vec::new(),
            }),
        }
    }

    /// The input is not restored any more.
    pub(crate) fn cancel(&mut self, slot: usize, now: Time) {
        self.waiting.retain(|(_, waiting)| *waiting != slot);
        self.jobs.iter_mut().for_each(|job| job.slots.retain(|at| *at != slot));
        self.jobs.retain(|job| !job.slots.is_empty());
        self.queue_waiting(now);
        self.rest(now);
    }

    pub(crate) fn clear(&mut self, now: Time) {
        self.jobs.clear();
        self.waiting.clear();
        self.rest(now);
    }

    /// While nothing is restored the reader rests.
    pub(crate) fn rest(&mut self, now: Time) {
        if !self.is_active() {
            self.reader.rest(now);
        }
    }

    pub(crate) const fn is_active(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// The changelog offsets that are read, and their total, over all restoring partitions.
    pub(crate) fn progress(&self) -> (u64, u64) {
        let count = |offset: Offset| u64::try_from(offset.0).unwrap_or_default();
        let sum = |of: fn(&Job) -> Offset| self.jobs.iter().map(|job| count(of(job))).sum();
        (sum(|job| job.next), sum(|job| job.target.unwrap_or(job.next)))
    }

    /// Reads for one slice and returns the inputs that are done. When the log is unavailable it can be called again.
    pub(crate) fn slice<R: Role>(
        &mut self,
        clock: &dyn Clock,
        role: &mut R,
        inputs: &Inputs,
    ) -> Result<Vec<Restored>, LaneError> {
        let until = clock.now() + self.slice;
        for _ in 0..POLLS {
            if !self.is_active() {
                break;
            }
            self.prepare(clock)?;
            if self.load(role, inputs)? {
                if clock.now() >= until {
                    break;
                }
                continue;
            }
            if !self.reader.is_reading() {
                break; // the log has not said yet where the changelog ends
            }
            let delivered = self.reader.poll(&mut self.scratch)?;
            self.hand_over(role, inputs)?;
            let restored = self.finish(clock.now());
            if !restored.is_empty() {
                return Ok(restored);
            }
            if !delivered || clock.now() >= until {
                break;
            }
        }
        Ok(Vec::new())
    }

    /// Asks for the ends of what is new, and has everything read from where it stands.
    fn prepare(&mut self, clock: &dyn Clock) -> Result<(), LaneError> {
        self.reader.wake();
        if self.reader.is_reading() && self.jobs.iter().all(|job| job.target.is_some()) {
            return Ok(());
        }
        let mut reader = self.reader.open()?;
        if self.jobs.iter().any(|job| job.target.is_none()) {
            let now = clock.now();
            if !self.bounds.is_due(now) {
                self.reader.keep(reader, false);
                return Ok(());
            }
            let partitions: Vec<_> = self.jobs.iter().map(|job| job.changelog.clone()).collect();
            let limit = self.bounds.limit(BOUNDS_WITHIN);
            let Some((beginnings, ends)) = reader.bounds_within(&partitions, limit)? else {
                self.waited = self.bounds.missed(now, clock.now(), limit).waited;
                self.reader.keep(reader, false);
                return Ok(());
            };
            self.bounds.answered();
            self.waited = Span::ZERO;
            self.find_snapshots(&beginnings, &ends, now)?;
            for ((job, beginning), end) in self.jobs.iter_mut().zip(beginnings).zip(ends) {
                if job.target.is_none() {
                    job.beginning = beginning;
                    job.check_whole()?;
                    job.target = Some(end);
                }
            }
        }
        let starts: Vec<_> = self.jobs.iter().map(|job| (job.changelog.clone(), job.next)).collect();
        reader.assign(&starts)?;
        self.reader.keep(reader, true);
        Ok(())
    }

    /// The time since which the log has not answered for the changelog's bounds.
    pub(crate) const fn waited(&self) -> Span {
        self.waited
    }

    /// For what is new: the snapshot that stands for its first records, when there is one that fits.
    fn find_snapshots(&mut self, beginnings: &[Offset], ends: &[Offset], now: Time) -> Result<(), LogError> {
        let Some(snapshots) = self.snapshots.clone() else { return Ok(()) };
        let Some(topic) = self.jobs.first().map(|job| job.changelog.topic.clone()) else { return Ok(()) };
        let Some(info) = self.reader.log().describe(&[&topic])?.into_iter().next().flatten() else {
            return Ok(());
        };
        for ((job, beginning), end) in self.jobs.iter_mut().zip(beginnings).zip(ends) {
            if job.target.is_some() {
                continue;
            }
            let (beginning, end) = (*beginning, *end);
            let standing = Standing { changelog: &job.changelog, topic_id: &info.id, beginning, end, now };
            job.snapshot = Loading::open(&snapshots, &standing);
            job.next = job.snapshot.as_ref().map_or(Offset::ZERO, |snapshot| snapshot.head.next);
        }
        Ok(())
    }

    /// Reads on in a snapshot; false when there is none to read on in.
    fn load<R: Role>(&mut self, role: &mut R, inputs: &Inputs) -> Result<bool, LaneError> {
        let Some(job) = self.jobs.iter_mut().find(|job| job.snapshot.is_some()) else { return Ok(false) };
        let Some(mut snapshot) = job.snapshot.take() else { return Ok(false) };
        let mut given = 0;
        let step = snapshot.step(&mut |rows: &[Row<'_>]| -> Result<(), LoadError> {
            given += rows.len() as u64;
            Ok(job.hand_over(rows, role, inputs)?)
        });
        job.records += given;
        match step {
            Ok(Step::More) => job.snapshot = Some(snapshot),
            Ok(Step::Done) => {}
            Err(LoadError::Lane(error)) => return Err(error),
            // Nothing of it was handed over: the checksum stands before the first record.
            Err(LoadError::Snapshot(error)) => {
                tracing::warn!(%error, "a snapshot is not used");
                job.next = Offset::ZERO;
                job.check_whole()?;
                self.reader.stop();
            }
        }
        Ok(true)
    }

    fn hand_over<R: Role>(&mut self, role: &mut R, inputs: &Inputs) -> Result<(), LaneError> {
        for message in self.scratch.drain(..) {
            // All changelogs of a lane are one topic, so the number tells them apart.
            let job = self.jobs.iter_mut().find(|job| job.changelog.partition == message.partition);
            let Some(job) = job.filter(|job| message.offset >= job.next) else { continue };
            job.next = message.offset.next();
            job.read.push(message);
            fail_point(FailPoint::Restore, &job.changelog.topic);
        }
        for job in &mut self.jobs {
            let read = std::mem::take(&mut job.read);
            let rows: Vec<Row<'_>> = read.iter().map(Row::from).collect();
            job.hand_over(&rows, role, inputs)?;
            job.records += rows.len() as u64;
            let position = self.reader.position(&job.changelog);
            job.next = job.next.max(position.unwrap_or(Offset::ZERO));
        }
        Ok(())
    }

    fn finish(&mut self, now: Time) -> Vec<Restored> {
        let mut restored = Vec::new();
        self.jobs.retain(|job| {
            let done = job.target.is_some_and(|target| job.next >= target);
            if done {
                let took = now.since(job.started);
                let of = |slot: &usize| Restored { slot: *slot, records: job.records, took };
                restored.extend(job.slots.iter().map(of));
            }
            !done
        });
        if !restored.is_empty() {
            self.queue_waiting(now);
            self.rest(now);
        }
        restored
    }

    fn queue_waiting(&mut self, now: Time) {
        for (changelog, slot) in std::mem::take(&mut self.waiting) {
            self.add(changelog, slot, now);
        }
    }
}

#[cfg(test)]
mod tests;
