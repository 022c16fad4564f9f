//! Stops a lane that would make dead letters of everything: a producer that changed its format, or a version of winback
//! that does not understand what another wrote.
//!
//! A pure state machine over records that were stepped. What is within the limit becomes dead letters and is committed,
//! with the position behind the last of them: no record is undecided and passed. Then a **trial** follows at once, and one
//! again after each while: it reads on, as far as its reach, and drops what comes of it. Where enough good records follow,
//! the lane goes back and writes letters for the bad ones before them, too; else it stays stopped where it is, and adds
//! none. It follows transactions as a role does: what was counted since the last commit is dropped with a rollback.

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::TopicPartition;

use crate::dead_letter::DeadLetter;

/// A trial is judged when nothing came for so long, however few records came before.
const TRIAL: Span = Span::from_secs(1);
/// A trial is judged after this long, whatever still comes.
const TRIAL_MAX: Span = Span::from_secs(30);
/// A trial reads so many windows ahead.
const REACH: u32 = 10;
/// No trial reads more records, unless one window has more.
const REACH_RECORDS: u32 = 20_000;
/// No trial reads more bytes.
const REACH_BYTES: usize = 256 << 20;

/// The limits at which a lane stops instead of making dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// More dead records than this share of a window are too many, in thousandths; from 1,000 on nothing ever is.
    pub max_permille: u32,
    /// The number of records in a window.
    pub over: u32,
    /// This many dead records in a row are too many; 0 allows any number.
    pub max_run: u32,
    /// The time a stopped lane waits before each trial.
    pub retry_after: Span,
}

impl BreakerPolicy {
    /// Never stops a lane.
    pub const OFF: Self =
        Self { max_permille: 1_000, over: 1_000, max_run: 0, retry_after: Span::from_mins(1) };

    const fn is_off(&self) -> bool {
        self.max_permille >= 1_000
    }

    fn has_too_many(&self, counts: &Counts) -> bool {
        let ran = self.max_run > 0 && counts.run >= self.max_run;
        ran || (counts.seen >= self.over && self.is_too_large(counts.dead, counts.seen))
    }

    fn is_too_large(&self, dead: u32, seen: u32) -> bool {
        u64::from(dead) * 1_000 > u64::from(seen) * u64::from(self.max_permille)
    }

    /// How many records a trial reads at most.
    fn reach(&self) -> u32 {
        self.over.saturating_mul(REACH).min(REACH_RECORDS).max(self.over)
    }
}

/// Records since the window or the trial began, and dead ones in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    seen: u32,
    dead: u32,
    run: u32,
    /// Good records before a trial that stand for its bad ones, at most a window of them.
    credit: u32,
    /// Records that a trial saw already and let pass.
    pardoned: u32,
}

impl Counts {
    const NONE: Self = Self { seen: 0, dead: 0, run: 0, credit: 0, pardoned: 0 };

    fn count(&mut self, dead: bool) {
        self.seen += 1;
        self.dead += u32::from(dead);
        self.run = if dead { self.run + 1 } else { 0 };
    }
}

/// How far a trial is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Trial {
    /// When its first and its newest record came.
    times: Option<(Time, Time)>,
    bytes: usize,
    /// How many records there were when the last good one came.
    last_good: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    /// Too many, in the batch at hand: what was stepped is committed, then a trial begins.
    Tripped,
    Open {
        until: Time,
    },
    /// What is stepped from here on is dropped, and only counted.
    Trial(Trial),
    Failed,
    /// So many records may pass, whatever comes of them.
    Passed {
        pardoned: u32,
    },
}

/// The breaker's decision about the current batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BreakerVerdict {
    /// As always.
    Free,
    /// It is committed now.
    Commit,
    /// It is neither committed nor dropped yet.
    Hold,
    /// It is dropped, and read again later.
    RollBack,
}

#[derive(Debug)]
pub(crate) struct Breaker {
    policy: BreakerPolicy,
    state: State,
    counts: Counts,
    /// As of the last commit.
    settled: Counts,
    /// Of the newest dead record.
    sample: String,
    /// Why it tripped, since it did.
    tripped: Option<String>,
    /// Whether a trial has failed since.
    stopped: bool,
}

impl Breaker {
    pub(crate) const fn new(policy: BreakerPolicy) -> Self {
        Self {
            policy,
            state: State::Closed,
            counts: Counts::NONE,
            settled: Counts::NONE,
            sample: String::new(),
            tripped: None,
            stopped: false,
        }
    }

    /// The reason of the stop, while the lane is stopped.
    pub(crate) fn stopped(&self) -> Option<&str> {
        self.tripped.as_deref().filter(|_| self.stopped)
    }

    /// True if a record may be stepped.
    pub(crate) const fn may_step(&self) -> bool {
        matches!(self.state, State::Closed | State::Trial(_))
    }

    /// Whether what comes of the record just stepped is dropped.
    pub(crate) const fn is_on_trial(&self) -> bool {
        matches!(self.state, State::Trial(_) | State::Failed | State::Passed { .. })
    }

    /// The time of the next trial.
    pub(crate) const fn until(&self) -> Option<Time> {
        match self.state {
            State::Open { until } => Some(until),
            _ => None,
        }
    }

    /// Begins the trial that is due.
    pub(crate) fn look(&mut self, now: Time) {
        if self.until().is_some_and(|until| until <= now) {
            self.begin_trial();
        }
    }

    fn begin_trial(&mut self) {
        self.state = State::Trial(Trial::default());
        self.counts = Counts { credit: self.counts.credit, ..Counts::NONE };
        self.settled = self.counts;
    }

    /// A record of so many bytes was stepped and something came of it, or rightly nothing.
    pub(crate) fn fine(&mut self, bytes: usize, now: Time) {
        self.saw(false, bytes, now);
    }

    /// All that came of a record are dead letters.
    pub(crate) fn lost(
        &mut self,
        letter: &DeadLetter,
        from: (&TopicPartition, Offset),
        bytes: usize,
        now: Time,
    ) {
        if self.policy.is_off() {
            return;
        }
        // Its text may quote the record, and everybody who reaches the port reads why a lane is not ready.
        self.sample = format!("{} at {}@{}", letter.reason, from.0, from.1);
        if !letter.source.is_empty() {
            self.sample.push_str(&format!(" of source {}", letter.source));
        }
        self.saw(true, bytes, now);
    }

    fn saw(&mut self, dead: bool, bytes: usize, now: Time) {
        if self.policy.is_off() {
            return;
        }
        let (policy, counts) = (&self.policy, &mut self.counts);
        match &mut self.state {
            State::Closed if counts.pardoned > 0 => counts.pardoned -= 1,
            State::Closed => {
                counts.count(dead);
                if !dead {
                    counts.credit = (counts.credit + 1).min(policy.over);
                }
                if policy.has_too_many(counts) {
                    self.state = State::Tripped;
                    self.tripped = Some(self.why());
                } else if counts.seen >= policy.over {
                    (counts.seen, counts.dead) = (0, 0);
                }
            }
            State::Trial(trial) => {
                counts.count(dead);
                let began = trial.times.map_or(now, |(began, _)| began);
                trial.times = Some((began, now));
                trial.bytes = trial.bytes.saturating_add(bytes);
                if !dead {
                    trial.last_good = counts.seen;
                }
                let enough = counts.seen >= policy.over && self.may_pass();
                let far = self.counts.seen >= self.policy.reach();
                if enough || far || self.has_read(REACH_BYTES) {
                    self.judge();
                }
            }
            State::Tripped | State::Open { .. } | State::Failed | State::Passed { .. } => {}
        }
    }

    fn has_read(&self, bytes: usize) -> bool {
        matches!(self.state, State::Trial(trial) if trial.bytes >= bytes)
    }

    /// Whether good records came in the trial, and the bad ones are few enough beside them and those before.
    fn may_pass(&self) -> bool {
        let Counts { seen, dead, credit, .. } = self.counts;
        seen > dead && !self.policy.is_too_large(dead, seen.saturating_add(credit))
    }

    fn judge(&mut self) {
        let State::Trial(trial) = self.state else { return };
        let passed = State::Passed { pardoned: trial.last_good };
        self.state = if self.may_pass() { passed } else { State::Failed };
    }

    fn why(&self) -> String {
        let Counts { seen, dead, run, .. } = self.counts;
        let how_many = if self.policy.max_run > 0 && run >= self.policy.max_run {
            format!("{run} records in a row")
        } else {
            format!("{dead} of {seen} records")
        };
        format!(
            "{how_many} could not be processed, the last with {}; nothing more is read or lost until it is mended: see \
             `winback dead-letters list --summary`, change the config or the producer and start again, or let them all \
             become dead letters with dead_letters.max_ratio = 1; tried again every {}, and read on where good ones follow",
            self.sample, self.policy.retry_after
        )
    }

    /// The decision about the current batch. A trial that has lasted long enough is judged.
    pub(crate) fn verdict(&mut self, now: Time) -> BreakerVerdict {
        if let State::Trial(Trial { times: Some((began, newest)), .. }) = self.state
            && (now.since(newest) >= TRIAL || now.since(began) >= TRIAL_MAX)
        {
            self.judge();
        }
        match self.state {
            State::Closed | State::Open { .. } | State::Trial(Trial { times: None, .. }) => {
                BreakerVerdict::Free
            }
            State::Tripped => BreakerVerdict::Commit,
            State::Trial(_) => BreakerVerdict::Hold,
            State::Failed | State::Passed { .. } => BreakerVerdict::RollBack,
        }
    }

    /// Notes that the stepped records are committed.
    pub(crate) fn committed(&mut self) {
        if self.state == State::Tripped {
            self.begin_trial();
        }
        self.settled = self.counts;
    }

    /// Notes that the steps since the last commit were dropped.
    pub(crate) fn rolled_back(&mut self, now: Time) {
        match self.state {
            State::Closed | State::Open { .. } => self.counts = self.settled,
            State::Tripped => {
                self.counts = self.settled;
                (self.state, self.tripped) = (State::Closed, None);
            }
            State::Failed => {
                self.stopped = true;
                self.state = State::Open { until: now + self.policy.retry_after };
            }
            State::Trial(_) => self.begin_trial(),
            State::Passed { pardoned } => {
                (self.state, self.tripped, self.stopped) = (State::Closed, None, false);
                self.counts = Counts { pardoned, ..Counts::NONE };
                self.settled = self.counts;
            }
        }
    }

    /// True if the stepped records must not be committed, whoever asks.
    pub(crate) const fn forbids(&self) -> bool {
        matches!(
            self.state,
            State::Trial(Trial { times: Some(_), .. }) | State::Failed | State::Passed { .. }
        )
    }

    /// The clock was set back by that much, and so are the times that were taken from it.
    pub(crate) fn set_back(&mut self, by: Span) {
        match &mut self.state {
            State::Open { until } => *until = *until - by,
            State::Trial(Trial { times: Some((began, newest)), .. }) => {
                (*began, *newest) = (*began - by, *newest - by);
            }
            State::Closed | State::Tripped | State::Trial(_) | State::Failed | State::Passed { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
