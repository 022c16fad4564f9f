//! The lane: one turn after the other, on one thread.
//!
//! Invariants: between two turns no transaction is open. What the role's journal holds is exactly what was stepped since
//! the last commit. Every transaction carries the position of every running partition.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use winback_core::time::{Span, Time};
use winback_log::{Clock, GroupEvent, LogError, Message, Session, SessionSpec, SharedLog, TopicPartition};

use crate::breaker::{Breaker, Verdict};
use crate::commit::{Decision, Pending};
use crate::config::{LaneConfig, span, until};
use crate::error::LaneError;
use crate::inputs::Inputs;
use crate::isolate::Isolation;
use crate::left_out::Allowance;
use crate::merge::Merge;
use crate::observer::Observer;
use crate::output::{Origin, Output};
use crate::panics::Panicked;
use crate::partition::PartitionState;
use crate::patience::Patience;
use crate::restore::Restorer;
use crate::role::{Readiness, Role, Urgency};
use crate::status::{LaneStatus, PartitionStatus};

/// The time everything waits for the ends of the inputs.
const ENDS_WITHIN: Duration = Duration::from_millis(100);
/// A lane that waits for something that no poll reports looks after it this often.
const LOOK: Duration = Duration::from_millis(10);

/// The work since the last commit.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) records: usize,
    /// How many of them the status has heard of.
    pub(crate) told: usize,
    pub(crate) effects_since: Option<Time>,
    pub(crate) moved_since: Option<Time>,
    /// What could not be processed, by source and reason.
    pub(crate) buried: Vec<(String, &'static str, u64)>,
    /// Of these, how many have no letter, by source.
    pub(crate) left_out: Vec<(String, u64)>,
    /// The last record stepped.
    pub(crate) last: Option<Origin>,
    /// How many of its elements.
    pub(crate) elements: usize,
    /// It was cut: what is stepped of it is committed before the rest comes.
    pub(crate) cut: bool,
}

/// One loop of consumer and producer, with the role that it runs.
pub struct Lane<R> {
    pub(crate) role: R,
    pub(crate) log: SharedLog,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) session: Box<dyn Session>,
    pub(crate) spec: SessionSpec,
    pub(crate) config: LaneConfig,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) status: Arc<LaneStatus>,
    pub(crate) inputs: Inputs,
    pub(crate) restorer: Restorer,
    pub(crate) isolation: Isolation,
    pub(crate) breaker: Breaker,
    pub(crate) allowance: Allowance,
    pub(crate) merge: Merge,
    pub(crate) merges: bool,
    pub(crate) out: Output,
    pub(crate) batch: Batch,
    pub(crate) polled: Vec<Message>,
    /// The step that panicked, until its batch is dropped.
    pub(crate) panicked: Option<Panicked>,
    /// A group event that is not answered yet.
    pub(crate) event: Option<GroupEvent>,
    /// The state of the requests for assigned positions.
    pub(crate) positions: Patience,
    /// Partitions whose positions somebody has chosen, once.
    pub(crate) chosen: BTreeSet<TopicPartition>,
    /// The number of assignments that the session has taken: the epoch of later records.
    pub(crate) assignments: u32,
    /// The outcome of the last transaction is unknown; nothing but the recovery may follow.
    pub(crate) unknown: bool,
    /// Positions and state are read again before anything else.
    pub(crate) reload: bool,
    pub(crate) ready: bool,
    pub(crate) last_commit: Time,
    pub(crate) last_seal: Time,
    pub(crate) last_input: Time,
    ends_due: Time,
    ends: Patience,
    pub(crate) away_since: Option<Time>,
    pub(crate) next_wait: Duration,
    /// The clock at the beginning of the last turn.
    turned_at: Time,
}

impl<R: Role> Lane<R> {
    /// Joins the group. Call it on the thread that will turn the lane.
    ///
    /// # Errors
    /// When the log refuses the session.
    pub fn open(
        log: SharedLog,
        clock: Arc<dyn Clock>,
        spec: SessionSpec,
        config: LaneConfig,
        role: R,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, LaneError> {
        let session = log.session(spec.clone())?;
        let now = clock.now();
        Ok(Self {
            merges: role.merges_by_time(),
            role,
            log,
            clock,
            session,
            spec,
            status: Arc::new(LaneStatus::new(config.name.clone())),
            isolation: Isolation::new(config.away_limit),
            breaker: Breaker::new(config.breaker.clone()),
            allowance: Allowance::new(config.dead_bytes_per_hour),
            restorer: Restorer::new(config.snapshots.clone()),
            config,
            observer,
            inputs: Inputs::default(),
            merge: Merge::default(),
            out: Output::default(),
            batch: Batch::default(),
            polled: Vec::new(),
            panicked: None,
            event: None,
            positions: Patience::default(),
            chosen: BTreeSet::new(),
            assignments: 0,
            unknown: false,
            reload: false,
            ready: true,
            last_commit: now,
            last_seal: now,
            last_input: now,
            ends_due: now,
            ends: Patience::default(),
            away_since: None,
            next_wait: Duration::ZERO,
            turned_at: now,
        })
    }

    /// The status that others watch.
    pub fn status(&self) -> Arc<LaneStatus> {
        Arc::clone(&self.status)
    }

    /// The role.
    pub const fn role(&self) -> &R {
        &self.role
    }

    /// True if the last turn found the log unavailable: then the caller waits, because no poll does.
    pub const fn is_away(&self) -> bool {
        self.away_since.is_some()
    }

    /// One turn: whatever is due, at most one poll, at most one transaction. Returns how long the next turn may wait
    /// for records; it waits by itself, but no longer than [`LaneConfig::max_wait`].
    ///
    /// # Errors
    /// When the lane cannot go on. What was stepped and not committed is in the log still, to be read again.
    pub fn turn(&mut self) -> Result<Duration, LaneError> {
        let turned = self.try_turn();
        match turned {
            Ok(wait) => {
                self.away_since = None;
                self.next_wait = wait;
                self.publish();
                Ok(wait)
            }
            Err(LaneError::Log(LogError::Away { log, why })) => {
                let error = LogError::Away { log, why };
                self.wait_for_the_log(&error).inspect_err(|error| self.ended(error))
            }
            Err(error) => {
                self.ended(&error);
                Err(error)
            }
        }
    }

    /// A clock that was set back would have everything wait until it is where it was.
    fn follow_the_clock(&mut self) {
        let now = self.clock.now();
        if now < self.turned_at {
            self.set_back(self.turned_at.since(now));
        }
        self.turned_at = now;
        self.status.lock().turned_at = Some(now);
    }

    fn set_back(&mut self, by: Span) {
        tracing::warn!(lane = self.config.name, millis = by.millis(), "the clock was set back");
        self.inputs.iter_mut().for_each(|slot| slot.set_back(by));
        self.isolation.set_back(by);
        self.positions.set_back(by);
        self.ends.set_back(by);
        self.breaker.set_back(by);
        self.allowance.set_back(by);
        let batch = &mut self.batch;
        let since = [&mut batch.effects_since, &mut batch.moved_since, &mut self.away_since];
        let times = [&mut self.last_commit, &mut self.last_seal, &mut self.last_input, &mut self.ends_due];
        times.into_iter().chain(since.into_iter().flatten()).for_each(|time| *time = *time - by);
        let mut status = self.status.lock();
        status.waiting_since = status.waiting_since.map(|since| since - by);
    }

    fn try_turn(&mut self) -> Result<Duration, LaneError> {
        self.follow_the_clock();
        if self.unknown {
            return self.recover();
        }
        if self.event.is_some() {
            self.answer()?;
            return Ok(Duration::ZERO);
        }
        if self.reload {
            self.reload_all()?;
        }
        self.find_positions()?;
        self.look_after_the_role();
        self.breaker.look(self.clock.now());
        self.ask_for_ends()?;
        self.settle_pauses()?;
        self.polled.clear();
        let wait = self.next_wait.min(self.config.max_wait);
        self.event = self.session.poll(self.config.poll_max, wait, &mut self.polled)?;
        self.take_polled();
        if self.drop_panicked()? {
            return Ok(Duration::ZERO);
        }
        if self.event.is_some() {
            self.answer()?;
            return Ok(Duration::ZERO);
        }
        let more = self.step_buffered();
        if self.drop_panicked()? {
            return Ok(Duration::ZERO);
        }
        self.restore_slice()?;
        let decision = self.commit_when_due()?;
        Ok(self.wait_after(more, decision))
    }

    pub(crate) fn ended(&self, error: &LaneError) {
        tracing::error!(lane = self.config.name, kind = error.kind(), %error, "the lane ended");
        self.status.end(error);
    }

    fn look_after_the_role(&mut self) {
        let readiness = self.role.ready();
        self.ready = readiness == Readiness::Ready;
        let mut status = self.status.lock();
        status.waiting_for = match readiness {
            Readiness::Ready => None,
            Readiness::Waiting(why) => Some(why),
        };
        status.lacks = self.role.lacks();
    }

    /// The clock is read first, so that what is appended from then on is behind the end or counts as newer.
    fn ask_for_ends(&mut self) -> Result<(), LaneError> {
        let now = self.clock.now();
        if self.inputs.order().is_empty() {
            self.status.lock().away = None;
            return Ok(());
        }
        if now < self.ends_due {
            return Ok(());
        }
        let partitions = self.inputs.partitions();
        let budget = self.ends.budget(ENDS_WITHIN);
        let Some(ends) = self.session.ends_within(&partitions, budget)? else {
            let waited = self.ends.missed(now, self.clock.now(), budget);
            self.ends_due = self.clock.now() + self.config.ends_every;
            return self.has_no_answer(self.ends.is_news(), waited, "where its inputs end");
        };
        self.ends.answered();
        self.status.lock().away = None;
        for (partition, end) in partitions.iter().zip(ends) {
            let Some(at) = self.inputs.find(partition) else { continue };
            let delivered = self.session.position(partition);
            let Some(slot) = self.inputs.get_mut(at) else { continue };
            slot.ends.saw(end, now);
            let position = slot.position(delivered);
            if slot.is_live() {
                slot.ends.reached(position);
                if slot.has_moved(position) {
                    self.batch.moved_since.get_or_insert(now);
                } else if self.role.heartbeat().is_none() {
                    slot.caught_up_at = slot.ends.passed().map(|seen| seen.at).max(slot.caught_up_at);
                }
            }
        }
        self.ends_due = now + self.config.ends_every;
        self.observer.statistics(&self.session.statistics());
        Ok(())
    }

    /// New partitions are merged only when their ends are known.
    pub(crate) const fn ask_for_ends_soon(&mut self) {
        self.ends_due = Time::MIN;
    }

    fn settle_pauses(&mut self) -> Result<(), LaneError> {
        let (mut pause, mut resume) = (Vec::new(), Vec::new());
        let now = self.clock.now();
        let ready = self.ready && self.breaker.may_step();
        let (records, bytes) = (self.config.buffer_records, self.config.buffer_bytes);
        for slot in self.inputs.iter_mut() {
            let full = slot.is_full(records, bytes);
            let wants = !ready || full || !slot.is_steppable(now);
            if wants != slot.paused {
                slot.paused = wants;
                let list = if wants { &mut pause } else { &mut resume };
                list.push(slot.input.partition.clone());
            }
        }
        if !pause.is_empty() {
            self.session.pause(&pause)?;
        }
        if !resume.is_empty() {
            self.session.resume(&resume)?;
        }
        Ok(())
    }

    pub(crate) fn pending(&self) -> Pending {
        let live = self.inputs.iter().any(|slot| slot.state() == PartitionState::Running);
        // A lane that is stopped tells no progress: its inputs stand still, and are left out of the clock in time (R2).
        let speaks = live && self.ready && self.breaker.stopped().is_none();
        let heartbeat = self.role.heartbeat().filter(|_| speaks);
        Pending {
            effects_since: self.batch.effects_since,
            moved_since: self.batch.moved_since,
            urgency: if self.batch.records > 0 { self.role.urgency() } else { Urgency::Lazy },
            last_commit: self.last_commit,
            last_input: self.last_input,
            heartbeat: heartbeat.map(|every| self.last_seal + span(every)),
            records: self.batch.records,
            appends: self.out.len(),
            bytes: self.out.size(),
        }
    }

    fn commit_when_due(&mut self) -> Result<Decision, LaneError> {
        let now = self.clock.now();
        if let Some(due) = self.isolation.until().filter(|due| *due > now) {
            return Ok(Decision::Wait(until(now, due)));
        }
        match self.breaker.verdict(now) {
            Verdict::Free => {}
            Verdict::Hold => return Ok(Decision::Wait(LOOK)),
            Verdict::RollBack => {
                self.give_up_trial()?;
                return Ok(Decision::Nothing);
            }
            Verdict::Commit => {
                self.transact()?;
                return Ok(Decision::Wait(if self.unknown { Duration::ZERO } else { LOOK }));
            }
        }
        let probe = self.isolation.wants_probe();
        let decision = self.config.commit.decide(now, &self.pending());
        let at_the_limit = self.batch.records > 0 && self.batch.records >= self.isolation.limit();
        if probe || at_the_limit || self.batch.cut || decision == Decision::Commit {
            self.transact()?;
            return Ok(Decision::Wait(if self.unknown { Duration::ZERO } else { LOOK }));
        }
        Ok(decision)
    }

    /// Drops a trial's steps: its records stay unread, and none becomes a dead letter.
    pub(crate) fn give_up_trial(&mut self) -> Result<(), LaneError> {
        self.forget();
        self.roll_back()
    }

    fn wait_after(&self, more: bool, decision: Decision) -> Duration {
        let now = self.clock.now();
        let blocked = self.isolation.until().max(self.breaker.until()).is_some_and(|due| due > now);
        if (more && !blocked) || self.restorer.is_active() || self.reload || self.unknown {
            return Duration::ZERO;
        }
        let mut wait = self.config.max_wait;
        if let Decision::Wait(due) = decision {
            wait = wait.min(due);
        }
        let holds = self.inputs.iter().filter_map(|slot| slot.held_until);
        let awaits = self.inputs.iter().any(|slot| slot.state() == PartitionState::Assigned);
        let asked = awaits.then(|| self.positions.due().unwrap_or(now));
        let dues = holds.chain(asked).chain((!self.inputs.order().is_empty()).then_some(self.ends_due));
        for due in dues.chain(self.isolation.until()).chain(self.breaker.until()) {
            wait = wait.min(until(now, due));
        }
        if !self.ready || self.inputs.iter().any(|slot| slot.awaited_since.is_some()) {
            wait = wait.min(LOOK);
        }
        wait
    }

    fn publish(&self) {
        let now = self.clock.now();
        let waits = |slot: &crate::inputs::Slot| slot.is_steppable(now) && slot.first().is_some();
        let stopped = self.breaker.stopped();
        let stuck = self.ready && stopped.is_none() && self.inputs.iter().any(waits);
        let mut status = self.status.lock();
        if status.stopped.as_deref() != stopped {
            tell_stopped(&self.config.name, stopped);
            status.stopped = stopped.map(str::to_owned);
        }
        status.restoring = self.restorer.is_active().then(|| self.restorer.progress());
        status.waiting_since = if stuck { status.waiting_since.or(Some(now)) } else { None };
        status.partitions.clear();
        status.partitions.extend(self.inputs.iter().map(|slot| PartitionStatus {
            partition: slot.input.partition.clone(),
            state: slot.state(),
            committed: slot.committed,
            end: slot.ends.known(),
            caught_up_at: slot.caught_up_at,
        }));
    }
}

fn tell_stopped(lane: &str, why: Option<&str>) {
    match why {
        Some(why) => tracing::error!(lane, why, "the lane is stopped: too much would become dead letters"),
        None => tracing::warn!(lane, "the lane goes on: what comes can be processed again"),
    }
}
