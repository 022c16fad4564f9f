//! Partitions that come, go, are restored and reloaded.

use winback_core::ids::Offset;
use winback_log::{FailPoint, GroupEvent, LogError, TopicPartition, fail_point};

use super::Lane;
use crate::error::LaneError;
use crate::observer::Rebalanced;
use crate::partition::PartitionState;
use crate::requests::Differ;
use crate::retry_budget::Answer;
use crate::role::{RestoreError, Role, Start, StoredPosition};

impl<R: Role> Lane<R> {
    /// Answers the group event at hand; false when there is none. When that fails, or a commit before it has an unknown
    /// outcome, the event stays to be answered by a later turn.
    pub(super) fn answer_event(&mut self) -> Result<bool, LaneError> {
        let Some(event) = self.member.event().cloned() else { return Ok(false) };
        let how = match event {
            GroupEvent::Assigned(partitions) => {
                self.take_over(&partitions)?;
                Rebalanced::Assigned
            }
            GroupEvent::Revoked(partitions) => {
                self.finish_for(&partitions)?;
                if self.member.must_recover() {
                    return Ok(true);
                }
                fail_point(FailPoint::Revoke, self.transaction.id());
                self.let_go(&partitions, PartitionState::Released)?;
                Rebalanced::Revoked
            }
            GroupEvent::Lost(partitions) => {
                self.forget();
                self.let_go(&partitions, PartitionState::Lost)?;
                self.roll_back()?;
                Rebalanced::Lost
            }
        };
        self.report.rebalanced(how);
        self.member.answered();
        Ok(true)
    }

    /// Answers at once: until then the log delivers nothing of the partitions that stay, either. The positions of the new
    /// ones are asked for in the turns that follow.
    fn take_over(&mut self, partitions: &[TopicPartition]) -> Result<(), LaneError> {
        let Some(epoch) = self.member.take(partitions)? else { return Ok(()) };
        for partition in partitions {
            let topic = self.member.number_of(partition)?;
            let input = self.inputs.add(partition.clone(), topic, epoch)?;
            self.role.assigned(&input);
        }
        self.requests.restart();
        Ok(())
    }

    /// The stable positions of what is assigned first, then the changelog's end (when the restore begins), then its records.
    /// An open transaction of the member before can keep the answer for as long as its time-out, and others go on meanwhile.
    pub(super) fn find_positions(&mut self) -> Result<(), LaneError> {
        let (slots, partitions) = self.inputs.assigned();
        match self.requests.positions().ask(&partitions, self.member.session_mut(), &self.clock)? {
            Answer::NotAsked => {}
            Answer::Missing(missing) => return self.goes_unanswered(missing, "where its partitions stand"),
            Answer::Here(positions) => {
                for (at, committed) in slots.into_iter().zip(positions) {
                    let Some(slot) = self.inputs.get_mut(at) else { continue };
                    slot.found(committed);
                    self.begin_restore(at)?;
                }
            }
        }
        Ok(())
    }

    fn begin_restore(&mut self, at: usize) -> Result<(), LaneError> {
        let Some(slot) = self.inputs.get_mut(at) else { return Ok(()) };
        let Some(changelog) = self.role.changelog(slot.partition()) else { return self.run(at) };
        slot.transition(PartitionState::Restoring)?;
        self.restorer.add(changelog, at, self.clock.now());
        Ok(())
    }

    /// The state is as new as it gets: the partition runs, unless the state speaks of another position.
    pub(super) fn run(&mut self, at: usize) -> Result<(), LaneError> {
        let now = self.clock.now();
        let Some(slot) = self.inputs.get(at) else { return Ok(()) };
        let (input, group) = (slot.input().clone(), slot.committed());
        let partition = &input.partition;
        if let Some(RestoreError { offset, why }) = self.role.unreadable(&input) {
            let changelog = self.role.changelog(partition).unwrap_or_else(|| partition.clone());
            return Err(LaneError::Restore { partition: changelog, offset, why });
        }
        let state = match self.role.restored(&input) {
            StoredPosition::Unsupported => group,
            StoredPosition::None => None,
            StoredPosition::At(position) => Some(position),
        };
        let chosen = state != group;
        let base = match self.choose(partition, state, group)? {
            Some(base) => base,
            None => self.first_position(partition)?,
        };
        if state.is_none() {
            self.report_missing_history(partition, base, chosen);
        }
        self.member.session_mut().seek(partition, base)?;
        let element = self.role.begins_at(&input, base);
        let Some(slot) = self.inputs.get_mut(at) else { return Ok(()) };
        let is_new = slot.start(base, element, chosen)?;
        self.report.runs(partition);
        if is_new {
            // A start that is not committed would be looked for again, and found elsewhere.
            self.transaction.batch_mut().has_moved(now);
            self.transaction.batch_mut().has_effects(now);
        }
        Ok(())
    }

    fn choose(
        &mut self,
        partition: &TopicPartition,
        state: Option<Offset>,
        group: Option<Offset>,
    ) -> Result<Option<Offset>, LaneError> {
        self.requests.positions().choose(partition, state, group).map_err(|Differ| {
            let changelog = self.role.changelog(partition).map(|changelog| changelog.topic.to_string());
            let (partition, changelog) = (partition.clone(), changelog.unwrap_or_default());
            LaneError::Positions { partition, changelog, state, group }
        })
    }

    fn first_position(&mut self, partition: &TopicPartition) -> Result<Offset, LogError> {
        let (one, session) = (std::slice::from_ref(partition), self.member.session_mut());
        let found = match self.role.start(partition) {
            Start::Earliest => session.beginnings(one)?.pop(),
            Start::Latest => session.end_offsets(one)?.pop(),
            Start::At(time) => Some(session.offset_at(partition, time)?),
        };
        Ok(found.unwrap_or(Offset::ZERO))
    }

    /// A state that begins with nothing while its input begins late, or is read from somewhere in the middle, is not whole.
    fn report_missing_history(&self, partition: &TopicPartition, base: Offset, chosen: bool) {
        let missing = self.role.history_needed();
        if base != Offset::ZERO && (missing.is_some() || chosen) {
            self.report.history_is_missing(partition, base, missing.unwrap_or("what they said"));
        }
    }

    /// Commits what was stepped before partitions are given back; they step nothing more.
    pub(super) fn finish_for(&mut self, partitions: &[TopicPartition]) -> Result<(), LaneError> {
        for partition in partitions {
            let slot = self.inputs.find(partition).and_then(|at| self.inputs.get_mut(at));
            if let Some(slot) = slot.filter(|slot| slot.state() == PartitionState::Running) {
                slot.transition(PartitionState::Draining)?;
            }
        }
        if self.guards.forbid_commit() {
            self.give_up_trial()?;
        }
        let has_report = self.guards.hurry();
        if self.transaction.batch().has_work() || has_report {
            self.transact()?;
        }
        Ok(())
    }

    fn let_go(&mut self, partitions: &[TopicPartition], to: PartitionState) -> Result<(), LaneError> {
        self.member.session_mut().release(partitions)?;
        for partition in partitions {
            let Some(at) = self.inputs.find(partition) else { continue };
            self.restorer.cancel(at, self.clock.now());
            if let Some(mut slot) = self.inputs.remove(at) {
                slot.transition(to)?;
                self.report.let_go(partition, to);
                self.role.released(slot.input());
            }
        }
        Ok(())
    }

    /// Has positions and state of every partition read from the log again: memory is not trusted after an unknown outcome.
    pub(super) fn reload(&mut self) -> Result<(), LaneError> {
        self.restorer.clear(self.clock.now());
        for slot in self.inputs.iter_mut() {
            slot.reload()?;
            self.role.released(slot.input());
            self.role.assigned(slot.input());
        }
        self.member.reloaded();
        self.requests.restart();
        Ok(())
    }
}
