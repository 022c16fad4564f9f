//! Stops a lane that would make dead letters of everything: a producer that changed its format, or a version of winback
//! that does not understand what another wrote.
//!
//! A pure state machine over records that were stepped. What is within the limit becomes dead letters and is committed,
//! with the position behind the last of them: no record is undecided and passed. From then on nothing is stepped until
//! a **trial**: after a while the next records are stepped into a transaction that is committed only if they may pass,
//! and else rolled back, so that a lane that stays stopped adds no dead letters. It follows transactions as a role does:
//! what was counted since the last commit is dropped with a rollback.

use winback_core::ids::Offset;
use winback_core::privacy::masked;
use winback_core::time::{Span, Time};
use winback_log::TopicPartition;

use crate::output::DeadLetter;

/// A trial is judged after this long on what came, however few records that are.
const TRIAL: Span = Span::from_secs(1);
/// How much of a dead letter's text is shown.
const TEXT: usize = 160;

/// When a lane stops instead of making dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// More dead records than this share of a window are too many, in thousandths; from 1,000 on nothing ever is.
    pub max_permille: u32,
    /// How many records a window has.
    pub over: u32,
    /// This many dead records in a row are too many; 0 allows any number.
    pub max_run: u32,
    /// How long a stopped lane waits before each trial.
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
        ran || (counts.seen >= self.over && self.is_too_large(counts))
    }

    fn is_too_large(&self, counts: &Counts) -> bool {
        u64::from(counts.dead) * 1_000 > u64::from(counts.seen) * u64::from(self.max_permille)
    }
}

/// Records since the window began, and dead ones in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    seen: u32,
    dead: u32,
    run: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    /// Too many, in the batch at hand: what was stepped is committed, then it opens.
    Tripped,
    Open {
        until: Time,
    },
    /// What is stepped from here on is committed only if it may pass.
    Trial {
        began: Option<Time>,
    },
    Failed,
    Passed,
}

/// What is to be done with the batch at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
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
    /// Why it is stopped, while it is.
    stopped: Option<String>,
}

impl Breaker {
    pub(crate) const fn new(policy: BreakerPolicy) -> Self {
        let none = Counts { seen: 0, dead: 0, run: 0 };
        Self {
            policy,
            state: State::Closed,
            counts: none,
            settled: none,
            sample: String::new(),
            stopped: None,
        }
    }

    /// Why the lane is stopped, while it is.
    pub(crate) fn stopped(&self) -> Option<&str> {
        self.stopped.as_deref()
    }

    /// Whether a record may be stepped.
    pub(crate) const fn may_step(&self) -> bool {
        matches!(self.state, State::Closed | State::Trial { .. })
    }

    /// When the next trial begins.
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
        self.state = State::Trial { began: None };
        (self.counts, self.settled) = (Counts::default(), Counts::default());
    }

    /// A record was stepped and something came of it, or rightly nothing.
    pub(crate) fn fine(&mut self, now: Time) {
        self.counts.run = 0;
        self.saw(now);
    }

    /// All that came of a record are dead letters.
    pub(crate) fn lost(&mut self, letter: &DeadLetter, from: (&TopicPartition, Offset), now: Time) {
        if self.policy.is_off() {
            return;
        }
        self.counts.dead += 1;
        self.counts.run += 1;
        let text = shown(&letter.text);
        self.sample = format!("{} ({text}) at {}@{}", letter.reason, from.0, from.1);
        if !letter.source.is_empty() {
            self.sample.push_str(&format!(" of source {}", letter.source));
        }
        self.saw(now);
    }

    fn saw(&mut self, now: Time) {
        if self.policy.is_off() {
            return;
        }
        self.counts.seen += 1;
        match &mut self.state {
            State::Closed if self.policy.has_too_many(&self.counts) => self.trip(),
            State::Closed if self.counts.seen >= self.policy.over => {
                (self.counts.seen, self.counts.dead) = (0, 0);
            }
            State::Trial { began } => {
                began.get_or_insert(now);
                if self.policy.has_too_many(&self.counts) {
                    self.state = State::Failed;
                } else if self.counts.seen >= self.policy.over {
                    self.state = State::Passed;
                }
            }
            State::Closed | State::Tripped | State::Open { .. } | State::Failed | State::Passed => {}
        }
    }

    fn trip(&mut self) {
        self.state = State::Tripped;
        self.stopped = Some(self.why());
    }

    fn why(&self) -> String {
        let Counts { seen, dead, run } = self.counts;
        let how_many = if self.policy.max_run > 0 && run >= self.policy.max_run {
            format!("{run} records in a row")
        } else {
            format!("{dead} of {seen} records")
        };
        format!(
            "{how_many} could not be processed, the last with {}; nothing more is read or lost until it is mended: see \
             `winback dead-letters list --summary`, change the config or the producer and start again, or let them all \
             become dead letters with dead_letters.max_ratio = 1; tried again every {}",
            self.sample, self.policy.retry_after
        )
    }

    /// What is to be done with the batch at hand; a trial that lasted long enough is judged.
    pub(crate) fn verdict(&mut self, now: Time) -> Verdict {
        if let State::Trial { began: Some(began) } = self.state
            && now.since(began) >= TRIAL
        {
            let failed = self.policy.is_too_large(&self.counts);
            self.state = if failed { State::Failed } else { State::Passed };
        }
        match self.state {
            State::Closed | State::Open { .. } | State::Trial { began: None } => Verdict::Free,
            State::Tripped | State::Passed => Verdict::Commit,
            State::Trial { began: Some(_) } => Verdict::Hold,
            State::Failed => Verdict::RollBack,
        }
    }

    /// What was stepped is in the log.
    pub(crate) fn committed(&mut self, now: Time) {
        match self.state {
            State::Tripped => self.state = State::Open { until: now + self.policy.retry_after },
            State::Passed => {
                self.state = State::Closed;
                self.stopped = None;
                self.counts = Counts::default();
            }
            State::Closed | State::Open { .. } | State::Trial { .. } | State::Failed => {}
        }
        self.settled = self.counts;
    }

    /// What was stepped since the last commit never was.
    pub(crate) fn rolled_back(&mut self, now: Time) {
        match self.state {
            State::Closed | State::Open { .. } => self.counts = self.settled,
            State::Tripped => {
                self.counts = self.settled;
                (self.state, self.stopped) = (State::Closed, None);
            }
            State::Failed => {
                self.stopped = Some(self.why());
                self.state = State::Open { until: now + self.policy.retry_after };
            }
            State::Trial { .. } | State::Passed => self.begin_trial(),
        }
    }

    /// Whether what was stepped must not be committed, whoever asks.
    pub(crate) const fn forbids(&self) -> bool {
        matches!(self.state, State::Trial { began: Some(_) } | State::Failed)
    }

    /// The clock was set back by that much, and so are the times that were taken from it.
    pub(crate) fn set_back(&mut self, by: Span) {
        match &mut self.state {
            State::Open { until } => *until = *until - by,
            State::Trial { began: Some(began) } => *began = *began - by,
            State::Closed | State::Tripped | State::Trial { began: None } | State::Failed | State::Passed => {
            }
        }
    }
}

/// The head of a dead letter's text for readiness and logs, where no mail address may stand.
fn shown(text: &str) -> String {
    masked(text).chars().take(TEXT).collect()
}

#[cfg(test)]
mod tests;
