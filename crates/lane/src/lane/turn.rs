//! The sequence of one turn.

use std::time::Duration;

use super::Lane;
use crate::breaker::BreakerVerdict;
use crate::commit::Decision;
use crate::config::{span, until};
use crate::error::LaneError;
use crate::inputs::Inputs;
use crate::isolation::AfterFailure;
use crate::panics::Panicked;
use crate::partition::PartitionState;
use crate::report::Turned;
use crate::retry_budget::{Answer, Missing};
use crate::role::{Readiness, Role};
use crate::step::Stepper;

/// A lane that waits for something that no poll reports looks after it this often.
const LOOK: Duration = Duration::from_millis(10);

impl<R: Role> Lane<R> {
    pub(super) fn try_turn(&mut self) -> Result<Duration, LaneError> {
        self.follow_clock();
        if self.member.must_recover() {
            self.member.recover()?;
            return Ok(Duration::ZERO);
        }
        if self.answer_event()? {
            return Ok(Duration::ZERO);
        }
        if self.member.must_reload() {
            self.reload()?;
        }
        self.find_positions()?;
        self.ask_role();
        self.ask_for_ends()?;
        self.settle_pauses()?;
        let event = self.feed.poll(self.member.session_mut())?;
        self.member.heard(event);
        self.stepper().take_polled();
        if self.drop_panicked()? || self.answer_event()? {
            return Ok(Duration::ZERO);
        }
        let more = self.stepper().step_buffered();
        if self.drop_panicked()? {
            return Ok(Duration::ZERO);
        }
        self.restore_slice()?;
        let decision = self.commit_when_due()?;
        Ok(self.wait_after(more, decision))
    }

    /// A clock that was set back would have everything wait until it is where it was.
    fn follow_clock(&mut self) {
        let (now, set_back) = self.clock.turn();
        if let Some(by) = set_back {
            self.inputs.set_back(by);
            self.requests.set_back(by);
            self.transaction.set_back(by);
            self.guards.set_back(by);
        }
        self.report.turns(now, set_back);
    }

    fn ask_role(&mut self) {
        let readiness = self.role.ready();
        self.guards.turn(readiness == Readiness::Ready, self.clock.now());
        self.report.role(readiness, self.role.missing());
    }

    fn ask_for_ends(&mut self) -> Result<(), LaneError> {
        let partitions = self.inputs.partitions();
        if partitions.is_empty() {
            self.report.available();
        }
        match self.requests.ends().ask(&partitions, self.member.session_mut(), &self.clock)? {
            Answer::NotAsked => return Ok(()),
            Answer::Missing(missing) => return self.goes_unanswered(missing, "where its inputs end"),
            Answer::Here((now, ends)) => {
                self.report.available();
                let has_heartbeat = self.role.heartbeat().is_some();
                for (partition, end) in partitions.iter().zip(ends) {
                    let slot = self.inputs.find(partition).and_then(|at| self.inputs.get_mut(at));
                    let Some(slot) = slot else { continue };
                    if slot.observe_end(end, now, self.member.session(), has_heartbeat) {
                        self.transaction.batch_mut().has_moved(now);
                    }
                }
            }
        }
        self.report.statistics(&self.member.session_mut().statistics());
        Ok(())
    }

    /// The lane goes on with what it knows, but not for ever.
    pub(super) fn goes_unanswered(&mut self, missing: Missing, what: &str) -> Result<(), LaneError> {
        let why = format!("the log does not say {what}");
        if missing.is_news {
            self.report.unanswered(&why);
        }
        self.requests.outage().check(missing.waited, &why)
    }

    fn settle_pauses(&mut self) -> Result<(), LaneError> {
        let (may_read, now) = (self.guards.may_read(), self.clock.now());
        Ok(self.feed.settle_pauses(&mut self.inputs, self.member.session_mut(), may_read, now)?)
    }

    fn stepper(&mut self) -> Stepper<'_, R> {
        Stepper {
            now: self.clock.now(),
            role: &mut self.role,
            clock: &self.clock,
            member: &self.member,
            feed: &mut self.feed,
            inputs: &mut self.inputs,
            transaction: &mut self.transaction,
            guards: &mut self.guards,
            report: &self.report,
        }
    }

    /// Drops the batch in which a step panicked; true when one did.
    fn drop_panicked(&mut self) -> Result<bool, LaneError> {
        let Some(Panicked { record, why }) = self.transaction.take_panic() else { return Ok(false) };
        self.report.panicked(&record, &why);
        let (records, partitions) = (self.transaction.batch().records(), self.inputs.len());
        let after = self.guards.panicked(record.clone(), &why, records, partitions);
        self.forget();
        if self.inputs.iter().any(|slot| self.role.changelog(slot.partition()).is_some()) {
            self.member.distrust_memory();
            self.transaction.restart(self.clock.now());
        } else {
            self.roll_back()?;
        }
        match after {
            AfterFailure::Retry => Ok(true),
            AfterFailure::GiveUp => {
                let at = format!("in the step of {}@{}, again", record.partition, record.offset);
                Err(LaneError::Panicked { at, why })
            }
        }
    }

    fn restore_slice(&mut self) -> Result<(), LaneError> {
        if !self.restorer.is_active() {
            self.restorer.rest(self.clock.now());
            return Ok(());
        }
        for done in self.restorer.slice(self.clock.inner(), &mut self.role, &self.inputs)? {
            if let Some(slot) = self.inputs.get(done.slot) {
                self.report.restored(slot.partition(), done.records, done.took);
            }
            self.run(done.slot)?;
        }
        let missing = Missing { waited: self.restorer.waited(), is_news: false };
        self.goes_unanswered(missing, "where a changelog ends")
    }

    fn commit_when_due(&mut self) -> Result<Decision, LaneError> {
        let now = self.clock.now();
        if let Some(due) = self.guards.backoff_until().filter(|due| *due > now) {
            return Ok(Decision::Wait(until(now, due)));
        }
        match self.guards.breaker_verdict(now) {
            BreakerVerdict::Free => {}
            BreakerVerdict::Hold => return Ok(Decision::Wait(LOOK)),
            BreakerVerdict::RollBack => {
                self.give_up_trial()?;
                return Ok(Decision::Nothing);
            }
            BreakerVerdict::Commit => return self.commit(),
        }
        let decision = self.transaction.decide(now, self.role.urgency(), self.heartbeat());
        let batch = self.transaction.batch();
        let must = self.guards.wants_probe() || self.guards.is_at_limit(batch.records()) || batch.is_cut();
        if must || decision == Decision::Commit { self.commit() } else { Ok(decision) }
    }

    fn commit(&mut self) -> Result<Decision, LaneError> {
        self.transact()?;
        Ok(Decision::Wait(if self.member.must_recover() { Duration::ZERO } else { LOOK }))
    }

    /// The interval of commits without input. A lane that is stopped tells no progress: its inputs stand still, and are
    /// left out of the clock in time (R2).
    fn heartbeat(&self) -> Option<winback_core::time::Span> {
        let runs = self.inputs.count(PartitionState::Running) > 0;
        let speaks = runs && self.guards.is_ready() && self.guards.stopped().is_none();
        self.role.heartbeat().filter(|_| speaks).map(span)
    }

    fn wait_after(&self, more: bool, decision: Decision) -> Duration {
        let now = self.clock.now();
        let blocked = self.guards.dues().into_iter().flatten().any(|due| due > now);
        let must = self.restorer.is_active() || self.member.must_reload() || self.member.must_recover();
        if (more && !blocked) || must {
            return Duration::ZERO;
        }
        let mut wait = self.feed.max_wait();
        if let Decision::Wait(due) = decision {
            wait = wait.min(due);
        }
        let dues = self.requests.dues(&self.inputs, now).into_iter().chain(self.guards.dues());
        // A record that was held back is not due while nothing may be stepped.
        let held = self.inputs.iter().filter_map(crate::slot::Slot::held_until);
        for due in dues.flatten().chain(held.filter(|_| self.guards.may_read())) {
            wait = wait.min(until(now, due));
        }
        if !self.guards.is_ready() || self.inputs.is_any_waited_for() {
            wait = wait.min(LOOK);
        }
        wait
    }

    pub(super) fn publish(&self) {
        let (now, stopped): (_, Option<&str>) = (self.clock.now(), self.guards.stopped());
        let inputs: &Inputs = &self.inputs;
        self.report.turned(&Turned {
            now,
            is_stuck: self.guards.is_ready() && stopped.is_none() && inputs.has_next(now),
            stopped,
            restoring: self.restorer.is_active().then(|| self.restorer.progress()),
            inputs,
        });
    }
}
