//! One lane's session: membership, delivery and transactions.
//!
//! A transaction is a buffer until its commit. A commit of a session whose transactional id was taken is
//! [`CommitError::Fenced`]; one for a partition that the group took away is [`CommitError::Displaced`], and the next
//! poll says which partitions are lost: the zombie is harmless, and still a member that can go on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::partitioner::Partitioner;
use winback_log::{Append, CommitError, GroupEvent, LogError, Message, Session, SessionSpec, TopicPartition};

use super::Shared;
use super::coordinator::{MemberId, Refusal};
use super::cursor::{Cursor, Cursors, Outside};
use super::faults::Fault;
use super::flight::Flight;
use super::storage::{Limit, Pending, Positions, View};
use super::writer::prepare;

const COMMIT_FAULTS: [Fault; 6] = [
    Fault::CommitUnknownApplied,
    Fault::CommitUnknownDropped,
    Fault::CommitUnknownLater,
    Fault::CommitAborted,
    Fault::CommitExpelled,
    Fault::CommitFenced,
];
/// The number of records in a stale delivery.
const STALE_RECORDS: usize = 2;

enum Transaction {
    None,
    Open(Vec<Pending>),
    /// Only a recovery may follow.
    Unknown,
}

pub(super) struct EmbeddedSession {
    shared: Arc<Shared>,
    member: MemberId,
    spec: SessionSpec,
    view: Box<dyn View>,
    cursors: Cursors,
    partitioner: Partitioner,
    transaction: Transaction,
    /// The number of taken assignments.
    epoch: u32,
    /// Records of partitions that went, to be delivered when these come again.
    stale: Vec<Message>,
}

impl EmbeddedSession {
    pub(super) fn new(shared: Arc<Shared>, member: MemberId, spec: SessionSpec, view: Box<dyn View>) -> Self {
        Self {
            shared,
            member,
            spec,
            view,
            cursors: Cursors::new(Outside::Refuse),
            partitioner: Partitioner::default(),
            transaction: Transaction::None,
            epoch: 0,
            stale: Vec::new(),
        }
    }

    fn fenced(&self) -> CommitError {
        CommitError::Fenced {
            id: self.spec.transactional_id.clone(),
            why: "a newer session was opened with it".to_owned(),
        }
    }

    fn check_id(&self) -> Result<(), CommitError> {
        if self.shared.coordinator.lock().is_replaced(self.member) { Err(self.fenced()) } else { Ok(()) }
    }

    fn event(&mut self) -> Result<Option<GroupEvent>, LogError> {
        let event = self.shared.coordinator.lock().next_event(self.member);
        if let Some(GroupEvent::Lost(lost)) = &event {
            self.keep_stale(lost)?;
            self.cursors.clear();
        }
        if event.is_none() && self.shared.coordinator.lock().is_replaced(self.member) {
            let id = &self.spec.transactional_id;
            return Err(LogError::Fatal(format!(
                "transactional id `{id}` was taken by a newer session: two lanes share it"
            )));
        }
        Ok(event)
    }

    fn fail_poll(&self) -> Result<(), LogError> {
        match self.shared.faults.take(&self.spec.transactional_id, &[Fault::PollFails]) {
            Some(_) => Err(self.shared.asked_to_be_away()),
            None => Ok(()),
        }
    }

    /// Keeps the fetched records of revoked partitions, where a test asks for it. The next record is not kept: a lane
    /// that took the rest would miss it.
    fn keep_stale(&mut self, gone: &[TopicPartition]) -> Result<(), LogError> {
        if self.shared.faults.take(&self.spec.transactional_id, &[Fault::StaleDelivery]).is_none() {
            return Ok(());
        }
        let limit = Limit { records: STALE_RECORDS + 1, bytes: usize::MAX };
        for cursor in gone.iter().filter_map(|at| self.cursors.get(at)) {
            let (topic, partition, epoch) = (cursor.topic, cursor.slot.partition, cursor.epoch);
            let mut next = true;
            self.view.fetch(cursor.slot, cursor.next, limit, &mut |offset, timestamp, record| {
                if !std::mem::take(&mut next) {
                    self.stale.push(Message::owned(topic, partition, offset, timestamp, epoch, record));
                }
            })?;
        }
        Ok(())
    }

    fn deliver_stale(&mut self, into: &mut Vec<Message>) {
        let assigned = |message: &mut Message| {
            self.cursors.iter().any(|at| at.topic == message.topic && at.slot.partition == message.partition)
        };
        into.extend(self.stale.extract_if(.., assigned));
    }

    /// Checks and writes under the gate, so that nobody takes the id or the partitions in between.
    fn write(
        &mut self,
        records: &mut Vec<Pending>,
        positions: &[(TopicPartition, Offset)],
    ) -> Result<(), CommitError> {
        let slot = |at| self.shared.slot(at).map_err(|error| CommitError::Fatal(error.to_string()));
        let at = positions.iter().map(|(at, next)| Ok((slot(at)?, *next)));
        let at: Vec<_> = at.collect::<Result<_, CommitError>>()?;
        let _gate = self.shared.gate.lock();
        let fault = self.shared.faults.take(&self.spec.transactional_id, &COMMIT_FAULTS);
        match fault {
            Some(Fault::CommitFenced) => self.shared.coordinator.lock().replace(self.member),
            Some(Fault::CommitExpelled) => self.shared.coordinator.lock().throw_out(self.member),
            _ => {}
        }
        let allowed =
            self.shared.coordinator.lock().may_commit(self.member, positions.iter().map(|(at, _)| at));
        match allowed {
            Err(Refusal::Replaced) => return Err(self.fenced()),
            Err(Refusal::NotOwned(at)) => {
                return Err(CommitError::Displaced(format!("{at} is not assigned to this session any more")));
            }
            Ok(()) => {}
        }
        let asked = || "a test asked for it".to_owned();
        match fault {
            Some(Fault::CommitAborted) => return Err(CommitError::Aborted(asked())),
            Some(Fault::CommitUnknownDropped) => return Err(CommitError::Unknown(asked())),
            Some(Fault::CommitUnknownLater) => {
                let (transactional_id, group) = (self.spec.transactional_id.clone(), self.spec.group.clone());
                let records = std::mem::take(records);
                self.shared.flights.add(Flight { transactional_id, group, records, at });
                return Err(CommitError::Unknown(asked()));
            }
            _ => {}
        }
        let positions = Positions { group: &self.spec.group, at };
        self.shared.storage.write(records, &positions, self.shared.clock.now(), None)?;
        self.shared.wake.notify();
        if fault.is_some() { Err(CommitError::Unknown(asked())) } else { Ok(()) }
    }

    fn each<T>(
        &mut self,
        partitions: &[TopicPartition],
        mut ask: impl FnMut(&mut dyn View, super::storage::Slot) -> Result<T, LogError>,
    ) -> Result<Vec<T>, LogError> {
        partitions.iter().map(|at| ask(self.view.as_mut(), self.shared.slot(at)?)).collect()
    }
}

impl Session for EmbeddedSession {
    fn poll(
        &mut self,
        max: usize,
        wait: Duration,
        into: &mut Vec<Message>,
    ) -> Result<Option<GroupEvent>, LogError> {
        self.fail_poll()?;
        let deadline = Instant::now() + wait;
        loop {
            let seen = self.shared.wake.count();
            if let Some(event) = self.event()? {
                return Ok(Some(event));
            }
            if !self.stale.is_empty() {
                self.deliver_stale(into);
            }
            let delivered = self.cursors.deliver(self.view.as_mut(), max, into)?;
            if !self.shared.waits {
                return Ok(None);
            }
            self.shared.upkeep()?;
            if delivered > 0 || Instant::now() >= deadline {
                return Ok(None);
            }
            self.shared.wake.wait(seen, deadline, self.shared.storage.longest_wait());
        }
    }

    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<(), LogError> {
        let partitions: Vec<_> = starts.iter().map(|(at, _)| at.clone()).collect();
        if !self.shared.coordinator.lock().assigned(self.member, &partitions) {
            return Err(LogError::Config(
                "partitions that the group did not assign cannot be taken".to_owned(),
            ));
        }
        self.epoch += 1;
        for (at, next) in starts {
            let slot = self.shared.slot(at)?;
            let topic = self.spec.topics.iter().position(|topic| *topic == at.topic);
            let topic = topic.and_then(|topic| u16::try_from(topic).ok());
            let topic = topic.ok_or_else(|| LogError::NoTopic(at.topic.to_string()))?;
            let end = self.view.bounds(slot)?.end;
            let (epoch, next, at) = (self.epoch, *next, at.clone());
            self.cursors.insert(Cursor { at, slot, topic, epoch, next, end, paused: false });
        }
        Ok(())
    }

    fn release(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.keep_stale(partitions)?;
        partitions.iter().for_each(|at| self.cursors.remove(at));
        self.shared.coordinator.lock().released(self.member, partitions);
        self.shared.wake.notify();
        Ok(())
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        partitions.iter().try_for_each(|at| {
            self.cursors.change(at)?.paused = true;
            Ok(())
        })
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        partitions.iter().try_for_each(|at| {
            self.cursors.change(at)?.paused = false;
            Ok(())
        })
    }

    fn seek(&mut self, partition: &TopicPartition, offset: Offset) -> Result<(), LogError> {
        self.cursors.change(partition)?.next = offset;
        Ok(())
    }

    fn committed(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<Offset>>, LogError> {
        let (group, shared) = (self.spec.group.clone(), Arc::clone(&self.shared));
        self.each(partitions, |view, slot| {
            shared.check_stable(&group, slot)?;
            view.committed(&group, slot)
        })
    }

    fn committed_within(
        &mut self,
        partitions: &[TopicPartition],
        _: Duration,
    ) -> Result<Option<Vec<Option<Offset>>>, LogError> {
        match self.committed(partitions) {
            Err(LogError::Unavailable { .. }) => Ok(None),
            committed => committed.map(Some),
        }
    }

    fn end_offsets(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.each(partitions, |view, slot| Ok(view.bounds(slot)?.end))
    }

    fn beginnings(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.each(partitions, |view, slot| Ok(view.bounds(slot)?.beginning))
    }

    fn offset_at(&mut self, partition: &TopicPartition, time: Time) -> Result<Offset, LogError> {
        let slot = self.shared.slot(partition)?;
        let end = self.view.bounds(slot)?.end;
        Ok(self.view.offset_at(slot, time)?.unwrap_or(end))
    }

    fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.cursors.get(partition).map(|cursor| cursor.next)
    }

    fn known_end(&self, partition: &TopicPartition) -> Option<Offset> {
        self.cursors.get(partition).map(|cursor| cursor.end)
    }

    fn begin(&mut self) -> Result<(), CommitError> {
        self.check_id()?;
        match self.transaction {
            Transaction::None => {
                self.transaction = Transaction::Open(Vec::new());
                Ok(())
            }
            Transaction::Open(_) => Err(CommitError::Fatal("a transaction is open already".to_owned())),
            Transaction::Unknown => Err(unrecovered()),
        }
    }

    fn append(&mut self, record: &Append<'_>) -> Result<(), CommitError> {
        let Transaction::Open(records) = &mut self.transaction else { return Err(not_open()) };
        if self.shared.faults.take(&self.spec.transactional_id, &[Fault::AppendFails]).is_some() {
            return Err(CommitError::Aborted("a test asked for it".to_owned()));
        }
        let topic = self.shared.topic(record.topic).map_err(|error| CommitError::Fatal(error.to_string()))?;
        records.push(prepare(topic, record, &mut self.partitioner)?);
        Ok(())
    }

    fn commit(&mut self, positions: &[(TopicPartition, Offset)]) -> Result<(), CommitError> {
        if !matches!(self.transaction, Transaction::Open(_)) {
            return Err(not_open());
        }
        if positions.is_empty() {
            return Err(CommitError::NoPositions);
        }
        let Transaction::Open(mut records) = std::mem::replace(&mut self.transaction, Transaction::None)
        else {
            return Err(not_open());
        };
        let outcome = self.write(&mut records, positions);
        if matches!(outcome, Err(CommitError::Unknown(_))) {
            self.transaction = Transaction::Unknown;
        }
        outcome
    }

    fn abort(&mut self) -> Result<(), CommitError> {
        if matches!(self.transaction, Transaction::Unknown) {
            return Err(unrecovered());
        }
        self.transaction = Transaction::None;
        if self.shared.faults.take(&self.spec.transactional_id, &[Fault::AbortUnknown]).is_some() {
            self.transaction = Transaction::Unknown;
            return Err(CommitError::Unknown("a test asked for it".to_owned()));
        }
        self.check_id()
    }

    fn recover(&mut self) -> Result<(), CommitError> {
        self.check_id()?;
        drop(self.shared.flights.take(&self.spec.transactional_id));
        let storage = &self.shared.storage;
        let reopened = storage.reopen().and_then(|()| storage.view());
        self.view = reopened.map_err(|error| CommitError::Unknown(error.to_string()))?;
        self.transaction = Transaction::None;
        Ok(())
    }

    fn close(self: Box<Self>) -> Result<(), LogError> {
        Ok(())
    }
}

impl Drop for EmbeddedSession {
    /// Leaves the group, also when the lane's thread panicked.
    fn drop(&mut self) {
        self.shared.coordinator.lock().leave(self.member);
        self.shared.wake.notify();
    }
}

fn not_open() -> CommitError {
    CommitError::Fatal("no transaction is open".to_owned())
}

fn unrecovered() -> CommitError {
    CommitError::Unknown("the last transaction's outcome: recover first".to_owned())
}
