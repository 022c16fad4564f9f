//! Partitions that come, go, are restored and reloaded.

use std::time::Duration;

use winback_core::ids::Offset;
use winback_log::{CommitError, FailPoint, GroupEvent, LogError, TopicPartition, fail_point};

use crate::config::PositionsFrom;
use crate::error::LaneError;
use crate::lane::Lane;
use crate::observer::Rebalanced;
use crate::partition::PartitionState;
use crate::role::{Authority, RestoreError, Role, Start};

/// The time the lane's other partitions wait for the positions of new ones.
const POSITIONS_WITHIN: Duration = Duration::from_millis(50);

impl<R: Role> Lane<R> {
    /// Answers the group event at hand. When that fails, or a commit before it has an unknown outcome, the event stays
    /// to be answered by a later turn.
    pub(crate) fn answer(&mut self) -> Result<(), LaneError> {
        match self.event.clone() {
            None => {}
            Some(GroupEvent::Assigned(partitions)) => {
                self.take_over(&partitions)?;
                self.observer.rebalanced(Rebalanced::Assigned);
            }
            Some(GroupEvent::Revoked(partitions)) => {
                self.finish_for(&partitions)?;
                if self.unknown {
                    return Ok(());
                }
                fail_point(FailPoint::Revoke, &self.spec.transactional_id);
                self.let_go(&partitions, PartitionState::Released)?;
                self.observer.rebalanced(Rebalanced::Revoked);
            }
            Some(GroupEvent::Lost(partitions)) => {
                self.forget();
                self.let_go(&partitions, PartitionState::Lost)?;
                self.roll_back()?;
                self.observer.rebalanced(Rebalanced::Lost);
            }
        }
        self.event = None;
        Ok(())
    }

    /// Answers at once: until then the log delivers nothing of the partitions that stay, either. Where the new ones stand is
    /// asked in the turns that follow.
    fn take_over(&mut self, partitions: &[TopicPartition]) -> Result<(), LaneError> {
        match self.session.assign_paused(partitions) {
            Ok(()) => self.assignments = self.assignments.saturating_add(1),
            Err(LogError::Config(why)) => {
                // The group took them back meanwhile; the next poll says so.
                tracing::warn!(lane = self.config.name, why, "partitions could not be taken");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        for partition in partitions {
            let topic = self.spec.topics.iter().position(|topic| *topic == partition.topic);
            let topic = topic.and_then(|topic| u16::try_from(topic).ok());
            let topic = topic.ok_or_else(|| LogError::NoTopic(partition.topic.to_string()))?;
            let input = self.inputs.add(partition.clone(), topic, self.assignments)?;
            self.role.assigned(&input);
        }
        self.positions.answered();
        self.ask_for_ends_soon();
        Ok(())
    }

    /// The stable positions of what is assigned first, then the changelog's end (when the restore begins), then its records.
    /// An open transaction of the member before can keep the answer for as long as its time-out, and others go on meanwhile.
    pub(crate) fn find_positions(&mut self) -> Result<(), LaneError> {
        let began = self.clock.now();
        let assigned = self.inputs.iter().filter(|slot| slot.state() == PartitionState::Assigned);
        let (slots, partitions): (Vec<usize>, Vec<TopicPartition>) =
            assigned.map(|slot| (slot.input.slot, slot.input.partition.clone())).unzip();
        if partitions.is_empty() || !self.positions.is_due(began) {
            return Ok(());
        }
        let budget = self.positions.budget(POSITIONS_WITHIN);
        let Some(committed) = self.session.committed_within(&partitions, budget)? else {
            let waited = self.positions.missed(began, self.clock.now(), budget);
            return self.has_no_answer(self.positions.is_news(), waited, "where its partitions stand");
        };
        self.positions.answered();
        for (at, committed) in slots.into_iter().zip(committed) {
            let Some(slot) = self.inputs.get_mut(at) else { continue };
            slot.committed = committed;
            self.begin_restore(at)?;
        }
        Ok(())
    }

    fn first_position(&mut self, partition: &TopicPartition) -> Result<Offset, LogError> {
        let one = std::slice::from_ref(partition);
        let found = match self.role.start(partition) {
            Start::Earliest => self.session.beginnings(one)?.pop(),
            Start::Latest => self.session.ends(one)?.pop(),
            Start::At(time) => Some(self.session.offset_at(partition, time)?),
        };
        Ok(found.unwrap_or(Offset::ZERO))
    }

    fn begin_restore(&mut self, at: usize) -> Result<(), LaneError> {
        let Some(slot) = self.inputs.get_mut(at) else { return Ok(()) };
        let Some(changelog) = self.role.changelog(&slot.input.partition) else { return self.run(at) };
        slot.become_(PartitionState::Restoring)?;
        self.restorer.add(changelog, at, self.clock.now());
        Ok(())
    }

    /// The state is as new as it gets: the partition runs, unless the state speaks of another position.
    fn run(&mut self, at: usize) -> Result<(), LaneError> {
        let now = self.clock.now();
        let Some(slot) = self.inputs.get(at) else { return Ok(()) };
        let (partition, group) = (slot.input.partition.clone(), slot.committed);
        if let Some(RestoreError { offset, why }) = self.role.unreadable(&slot.input) {
            let changelog = self.role.changelog(&partition).unwrap_or(partition);
            return Err(LaneError::Restore { partition: changelog, offset, why });
        }
        let state = match self.role.restored(&slot.input) {
            Authority::NotKept => group,
            Authority::Nothing => None,
            Authority::At(position) => Some(position),
        };
        let chosen = state != group;
        let base = match self.choose(&partition, state, group)? {
            Some(base) => base,
            None => self.first_position(&partition)?,
        };
        if state.is_none() {
            self.tell_what_is_missing(&partition, base, chosen);
        }
        self.session.seek(&partition, base)?;
        let Some(slot) = self.inputs.get_mut(at) else { return Ok(()) };
        slot.restart(base, self.role.begins_at(&slot.input, base));
        slot.chosen = chosen;
        slot.become_(PartitionState::Running)?;
        tracing::info!(lane = self.config.name, partition = %slot.input.partition, "a partition runs");
        if slot.committed != Some(slot.base) {
            // A start that is not committed would be looked for again, and found elsewhere.
            self.batch.moved_since.get_or_insert(now);
            self.batch.effects_since.get_or_insert(now);
        }
        Ok(())
    }

    /// The position that holds: state and group must agree, or somebody must have said which of them to believe. That is
    /// said of a difference that is there at the start: once it is settled, another one is another mistake.
    fn choose(
        &self,
        partition: &TopicPartition,
        state: Option<Offset>,
        group: Option<Offset>,
    ) -> Result<Option<Offset>, LaneError> {
        if state == group {
            return Ok(group);
        }
        tracing::warn!(lane = self.config.name, %partition, ?state, ?group, "state and group differ");
        match self.config.positions {
            PositionsFrom::State if !self.chosen.contains(partition) => Ok(state),
            PositionsFrom::Group if !self.chosen.contains(partition) => Ok(group),
            PositionsFrom::State | PositionsFrom::Group | PositionsFrom::Refuse => {
                let changelog = self.role.changelog(partition).map(|changelog| changelog.topic.to_string());
                let (partition, changelog) = (partition.clone(), changelog.unwrap_or_default());
                Err(LaneError::Positions { partition, changelog, state, group })
            }
        }
    }

    /// A state that begins with nothing while its input begins late, or is read from somewhere in the middle, is not whole.
    fn tell_what_is_missing(&self, partition: &TopicPartition, base: Offset, chosen: bool) {
        let missing = self.role.rests_on();
        if base == Offset::ZERO || (missing.is_none() && !chosen) {
            return;
        }
        let missing = missing.unwrap_or("what they said");
        tracing::warn!(
            lane = self.config.name,
            %partition,
            "there is no state, and the input is read from offset {base} on: the records before it are not taken in, and \
             {missing} of that time are missing"
        );
    }

    pub(crate) fn restore_slice(&mut self) -> Result<(), LaneError> {
        if !self.restorer.is_active() {
            self.restorer.rest(self.clock.now());
            return Ok(());
        }
        let budget = self.config.restore_slice;
        let (log, clock) = (self.log.as_ref(), self.clock.as_ref());
        for done in self.restorer.slice(log, clock, &mut self.role, &self.inputs, budget)? {
            if let Some(slot) = self.inputs.get(done.slot) {
                self.observer.restored(&slot.input.partition, done.records, done.took);
            }
            self.run(done.slot)?;
        }
        self.has_no_answer(false, self.restorer.waited(), "where a changelog ends")
    }

    /// Commits what was stepped before partitions are given back; they step nothing more.
    fn finish_for(&mut self, partitions: &[TopicPartition]) -> Result<(), LaneError> {
        for partition in partitions {
            let Some(at) = self.inputs.find(partition) else { continue };
            let Some(slot) = self.inputs.get_mut(at) else { continue };
            if slot.state() == PartitionState::Running {
                slot.become_(PartitionState::Draining)?;
            }
        }
        if self.breaker.forbids() {
            self.give_up_trial()?;
        }
        self.allowance.hurry();
        if self.batch.records > 0 || self.batch.moved_since.is_some() || self.allowance.has_to_tell() {
            self.transact()?;
        }
        Ok(())
    }

    fn let_go(&mut self, partitions: &[TopicPartition], to: PartitionState) -> Result<(), LaneError> {
        self.session.release(partitions)?;
        for partition in partitions {
            let Some(at) = self.inputs.find(partition) else { continue };
            self.restorer.cancel(at, self.clock.now());
            if let Some(mut slot) = self.inputs.remove(at) {
                slot.become_(to)?;
                tracing::info!(lane = self.config.name, %partition, state = %to, "a partition is given back");
                self.role.released(&slot.input);
            }
        }
        Ok(())
    }

    /// Takes the transactional id anew, which ends what was in flight one way or the other.
    pub(crate) fn recover(&mut self) -> Result<Duration, LaneError> {
        match self.session.recover() {
            Ok(()) => {
                self.unknown = false;
                self.reload = true;
                Ok(Duration::ZERO)
            }
            Err(CommitError::Unknown(why) | CommitError::Aborted(why)) => {
                let log = self.log.name();
                tracing::warn!(lane = self.config.name, why, "cannot recover yet");
                Err(LaneError::Log(LogError::Away { log, why }))
            }
            Err(error) => Err(LaneError::from_commit(error)),
        }
    }

    /// Has positions and state of every partition read from the log again: memory is not trusted after an unknown outcome.
    pub(crate) fn reload_all(&mut self) -> Result<(), LaneError> {
        self.restorer.clear(self.clock.now());
        for slot in self.inputs.iter_mut() {
            slot.reload()?;
            self.role.released(&slot.input);
            self.role.assigned(&slot.input);
        }
        self.reload = false;
        self.positions.answered();
        self.ask_for_ends_soon();
        Ok(())
    }

    /// Commits what is stepped, steps nothing more, and leaves the group.
    ///
    /// # Errors
    /// When it took longer than `within`, or the log fences or refuses. What was not committed is read again by whoever
    /// has the partitions next.
    pub fn drain(mut self, within: Duration) -> Result<(), LaneError> {
        let deadline = self.clock.now() + crate::config::span(within);
        let partitions = self.inputs.partitions();
        if !self.unknown && !matches!(self.event, Some(GroupEvent::Lost(_))) {
            self.finish_for(&partitions).inspect_err(|error| self.ended(error))?;
        }
        for input in self.inputs.iter().map(|slot| slot.input.clone()).collect::<Vec<_>>() {
            self.role.released(&input);
        }
        let Self { session, clock, status, .. } = self;
        let closed = session.close();
        if clock.now() > deadline {
            let why = closed
                .err()
                .map_or_else(|| "commit or close took too long".to_owned(), |error| error.to_string());
            let error = LaneError::Drain { seconds: within.as_secs(), why };
            status.lock().ended = Some(error.to_string());
            return Err(error);
        }
        closed.map_err(LaneError::Log)
    }
}
