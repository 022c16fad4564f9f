//! The commit of a transaction and the roll back of one that failed. The role never hears of failures: it hears only
//! `committed` or `rolled_back`.

use winback_core::time::Time;
use winback_log::TopicPartition;

use super::Lane;
use crate::error::LaneError;
use crate::inputs::Positions;
use crate::isolation::AfterFailure;
use crate::role::{Role, View};
use crate::transaction::{Failed, Outcome};

impl<R: Role> Lane<R> {
    /// Commits what was stepped, with the positions of all live partitions. Afterwards the batch is empty, whatever
    /// happened: it is in the log, or dropped and read again, or its outcome is unknown and everything is reloaded.
    pub(super) fn transact(&mut self) -> Result<(), LaneError> {
        let now = self.clock.now();
        let probe = self.guards.wants_probe();
        let positions = self.inputs.positions(self.member.session());
        self.seal(now, &positions, probe);
        let writes = probe || !self.transaction.is_empty() || self.inputs.have_moved(&positions);
        if positions.is_empty() || !writes {
            self.role.committed();
            self.settle(&positions);
            return Ok(());
        }
        let named = self.inputs.named(&positions);
        let changelog = named.first().and_then(|(partition, _)| self.role.changelog(partition));
        let changelog = changelog.as_ref().map(|changelog: &TopicPartition| &*changelog.topic);
        match self.transaction.write(self.member.session_mut(), &named, changelog) {
            Ok(()) => {
                self.role.committed_at(self.clock.now());
                self.role.committed();
                self.count(now);
                let chosen = self.inputs.take_choices(&positions);
                self.requests.positions().settled(chosen);
                self.clear(&positions, probe);
                Ok(())
            }
            Err(failed) => self.failed(failed),
        }
    }

    /// The transaction's last records.
    fn seal(&mut self, now: Time, positions: &Positions, probe: bool) {
        self.transaction.seal(now);
        if !probe && !positions.is_empty() {
            self.guards.report_left_out(now, self.transaction.out_mut());
        }
        self.inputs.reach(positions);
        let inputs = self.inputs.views(positions);
        self.role.seal(&View { now, inputs: &inputs }, self.transaction.out_mut());
    }

    /// The positions hold, and the next transaction begins.
    fn settle(&mut self, positions: &Positions) {
        self.guards.committed();
        self.inputs.settle(positions);
        self.transaction.restart(self.clock.now());
    }

    fn count(&self, began: Time) {
        let commit = self.transaction.committed(self.clock.now().since(began));
        self.report.committed(&commit, self.transaction.batch(), self.role.writes_for_others());
    }

    /// As [`Self::settle`]; records that were under suspicion and lie behind the positions are cleared.
    fn clear(&mut self, positions: &Positions, probe: bool) {
        let records = self.transaction.batch().records();
        self.settle(positions);
        let inputs = &self.inputs;
        self.guards.clear(records, probe, inputs.is_inside_record(), |record| inputs.have_committed(record));
    }

    fn failed(&mut self, failed: Failed) -> Result<(), LaneError> {
        self.report.transaction_failed(&failed.error);
        let origin = failed.origin;
        let aborted = if failed.is_open { self.member.session_mut().abort() } else { Ok(()) };
        self.forget();
        let (after, error) = match failed.outcome(aborted) {
            Outcome::Ended(error) => return Err(error),
            Outcome::Unknown(error) => {
                self.report.outcome_unknown();
                self.member.lost_outcome();
                self.transaction.restart(self.clock.now());
                (self.guards.outcome_unknown(self.clock.now()), error)
            }
            Outcome::Aborted(error) => {
                self.report.aborted();
                let batch = self.transaction.batch();
                let candidate = |origin| self.inputs.candidate(origin);
                let (named, only) = (origin.and_then(candidate), batch.only().and_then(candidate));
                let after = self.guards.aborted(self.clock.now(), &error, named, only, batch);
                self.roll_back()?;
                (after, error)
            }
        };
        match after {
            AfterFailure::Retry => Ok(()),
            AfterFailure::GiveUp => Err(LaneError::CannotCommit(error.to_string())),
        }
    }

    /// Drops the steps since the last commit in the role and in the guards.
    pub(super) fn forget(&mut self) {
        self.role.rolled_back();
        self.guards.rolled_back(self.clock.now());
    }

    /// Drops a trial's steps: its records stay unread, and none becomes a dead letter.
    pub(super) fn give_up_trial(&mut self) -> Result<(), LaneError> {
        self.forget();
        self.roll_back()
    }

    /// Nothing stepped since the last commit is in the log: it is read again. The role has been told.
    pub(super) fn roll_back(&mut self) -> Result<(), LaneError> {
        for at in self.inputs.order().to_vec() {
            let Some(slot) = self.inputs.get_mut(at).filter(|slot| slot.is_live()) else { continue };
            if let Some(base) = slot.roll_back() {
                self.member.session_mut().seek(slot.partition(), base)?;
            }
        }
        self.transaction.restart(self.clock.now());
        Ok(())
    }
}
