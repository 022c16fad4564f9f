//! The lane's partitions: where each stands, what is buffered of it, what a roll back returns to.

use std::collections::VecDeque;

use winback_core::ids::{Offset, Partition};
use winback_core::time::{Span, Time};
use winback_log::{Message, TopicPartition};

use crate::ends::Ends;
use crate::partition::{IllegalChange, PartitionState, StateName, change};
use crate::role::{EndSeen, Input};

/// One partition.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) input: Input,
    state: PartitionState,
    /// The target of a seek after a rollback: the committed position, or the partition's start.
    pub(crate) base: Offset,
    /// The group's committed position; unknown while it is requested.
    pub(crate) committed: Option<Offset>,
    /// Somebody chose the position, and it is not committed yet.
    pub(crate) chosen: bool,
    /// The first element of the record there that is not committed, when a transaction was cut inside of it.
    pub(crate) base_element: u32,
    /// Behind the last record stepped; the record itself while only a part of it is.
    pub(crate) next: Offset,
    /// The first element of that record that is not stepped.
    pub(crate) element: u32,
    /// Behind the last record delivered.
    delivered: Offset,
    /// The assignment that it came with; records of an earlier one are not its own.
    epoch: u32,
    queue: VecDeque<Message>,
    queued_bytes: usize,
    /// A retry is due then; its record is first in the queue.
    pub(crate) held_until: Option<Time>,
    pub(crate) newest: Option<Time>,
    pub(crate) ends: Ends,
    settled: (Option<Time>, Option<EndSeen>),
    /// An end seen before which everything is committed.
    pub(crate) caught_up_at: Option<Time>,
    pub(crate) awaited_since: Option<Time>,
    /// Above the high mark and not yet below the low one.
    full: bool,
    /// As the session was told.
    pub(crate) paused: bool,
}

impl Slot {
    pub(crate) const fn state(&self) -> PartitionState {
        self.state
    }

    pub(crate) fn become_(&mut self, to: PartitionState) -> Result<(), IllegalChange> {
        self.state = change(&self.input.partition, self.state, to)?;
        Ok(())
    }

    /// True if its position belongs into a transaction.
    pub(crate) const fn is_live(&self) -> bool {
        matches!(self.state, PartitionState::Running | PartitionState::Draining)
    }

    /// True if its next record may be stepped.
    pub(crate) fn is_steppable(&self, now: Time) -> bool {
        self.state == PartitionState::Running && self.held_until.is_none_or(|due| due <= now)
    }

    /// True if a record belongs to this assignment, is at or behind the position, and was not delivered before.
    pub(crate) fn accepts(&mut self, message: &Message) -> bool {
        if !self.is_live() || message.epoch < self.epoch || message.offset < self.delivered {
            return false;
        }
        self.delivered = message.offset.next();
        true
    }

    pub(crate) fn push(&mut self, message: Message) {
        self.awaited_since = None;
        self.queued_bytes += weight(&message);
        self.queue.push_back(message);
    }

    pub(crate) fn push_first(&mut self, message: Message) {
        self.queued_bytes += weight(&message);
        self.queue.push_front(message);
    }

    pub(crate) fn pop(&mut self) -> Option<Message> {
        let message = self.queue.pop_front()?;
        self.queued_bytes = self.queued_bytes.saturating_sub(weight(&message));
        Some(message)
    }

    pub(crate) fn first(&self) -> Option<&Message> {
        self.queue.front()
    }

    /// Pauses at the high mark, goes on below half of it.
    pub(crate) fn is_full(&mut self, records: usize, bytes: usize) -> bool {
        let part = if self.full { 2 } else { 1 };
        self.full = self.queue.len() >= records / part || self.queued_bytes >= bytes / part;
        self.full
    }

    /// The element of that record at which it begins.
    pub(crate) fn element_of(&self, offset: Offset) -> u32 {
        if offset == self.next { self.element } else { 0 }
    }

    /// A record was stepped up to an element and is first in the queue again. It does not count as the newest before all of
    /// it is stepped.
    pub(crate) fn cut(&mut self, message: Message, element: u32) {
        (self.next, self.element) = (message.offset, element);
        self.held_until = None;
        self.awaited_since = None;
        self.push_first(message);
    }

    /// Whether something was stepped since the last commit.
    pub(crate) fn has_moved(&self, position: Offset) -> bool {
        self.committed != Some(position) || self.element != self.base_element
    }

    /// Whether a position is in the middle of a record.
    pub(crate) const fn is_within(&self) -> bool {
        self.element > 0
    }

    /// A record was stepped.
    pub(crate) fn stepped(&mut self, offset: Offset, timestamp: Time, now: Time) {
        (self.next, self.element) = (offset.next(), 0);
        self.newest = self.newest.max(Some(timestamp).filter(|time| *time <= now));
        self.held_until = None;
        self.awaited_since = None;
    }

    /// The position to commit: behind what was stepped, and behind the control records that follow it.
    pub(crate) fn position(&self, delivered_next: Option<Offset>) -> Offset {
        match delivered_next {
            Some(position) if self.queue.is_empty() => self.next.max(position),
            _ => self.next,
        }
    }

    /// `position` is in the log.
    pub(crate) fn settle(&mut self, position: Offset) {
        (self.base, self.base_element) = (position, self.element);
        self.committed = Some(position);
        self.settled = (self.newest, self.ends.passed());
        self.caught_up_at = self.ends.passed().map(|seen| seen.at);
    }

    /// Drops the steps since the last commit; true if the session must seek to `base`.
    pub(crate) fn roll_back(&mut self) -> bool {
        let behind = self.delivered > self.base;
        self.restart(self.base, self.base_element);
        self.newest = self.settled.0;
        self.ends.roll_back(self.settled.1);
        behind
    }

    /// The clock was set back by that much, and so are the times that were taken from it.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.ends.set_back(by);
        let seen = &mut self.settled.1;
        seen.iter_mut().for_each(|seen| seen.at = seen.at - by);
        let times = [&mut self.held_until, &mut self.awaited_since, &mut self.caught_up_at];
        times.into_iter().flatten().for_each(|time| *time = *time - by);
    }

    /// As newly assigned.
    pub(crate) fn reload(&mut self) -> Result<(), IllegalChange> {
        self.become_(PartitionState::Assigned)?;
        self.committed = None;
        self.restart(self.base, 0);
        (self.newest, self.settled, self.held_until) = (None, (None, None), None);
        (self.ends, self.caught_up_at, self.chosen) = (Ends::default(), None, false);
        Ok(())
    }

    /// Goes on from that element of the record at `base`, with nothing buffered.
    pub(crate) fn restart(&mut self, base: Offset, element: u32) {
        (self.base, self.next, self.delivered) = (base, base, base);
        (self.base_element, self.element) = (element, element);
        self.queue.clear();
        self.queued_bytes = 0;
        self.awaited_since = None;
    }
}

/// The bytes of a record.
pub(crate) fn weight(message: &Message) -> usize {
    message.value().map_or(0, <[u8]>::len) + message.key().map_or(0, <[u8]>::len)
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    slots: Vec<Option<Slot>>,
    /// The slots by topic and partition number.
    order: Vec<usize>,
    by_number: Vec<Vec<Option<usize>>>,
}

impl Inputs {
    /// A partition that came, paused, with the assignment of that epoch.
    pub(crate) fn add(
        &mut self,
        partition: TopicPartition,
        topic: u16,
        epoch: u32,
    ) -> Result<Input, IllegalChange> {
        if let Some(held) = self.find(&partition) {
            let from = StateName(self.get(held).map(Slot::state));
            return Err(IllegalChange { partition, from, to: PartitionState::Assigned });
        }
        let free = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        let input = Input { slot: free, topic, partition };
        let slot = Slot {
            input: input.clone(),
            state: PartitionState::Assigned,
            base: Offset::ZERO,
            base_element: 0,
            committed: None,
            chosen: false,
            next: Offset::ZERO,
            element: 0,
            delivered: Offset::ZERO,
            epoch,
            queue: VecDeque::new(),
            queued_bytes: 0,
            held_until: None,
            newest: None,
            ends: Ends::default(),
            settled: (None, None),
            caught_up_at: None,
            awaited_since: None,
            full: false,
            paused: true,
        };
        if free == self.slots.len() {
            self.slots.push(Some(slot));
        } else {
            self.slots[free] = Some(slot);
        }
        self.index();
        Ok(input)
    }

    pub(crate) fn remove(&mut self, at: usize) -> Option<Slot> {
        let slot = self.slots.get_mut(at)?.take()?;
        self.index();
        Some(slot)
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Slot> {
        self.slots.get(at)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut Slot> {
        self.slots.get_mut(at)?.as_mut()
    }

    /// In the order of topic and partition number.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.order.iter().filter_map(|&at| self.get(at))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.slots.iter_mut().flatten()
    }

    pub(crate) fn find(&self, partition: &TopicPartition) -> Option<usize> {
        self.iter().find(|slot| slot.input.partition == *partition).map(|slot| slot.input.slot)
    }

    /// The slot of a message.
    pub(crate) fn of(&self, message: &Message) -> Option<usize> {
        *self.by_number.get(usize::from(message.topic))?.get(number(message.partition)?)?
    }

    pub(crate) fn partitions(&self) -> Vec<TopicPartition> {
        self.iter().map(|slot| slot.input.partition.clone()).collect()
    }

    pub(crate) fn is_buffering(&self) -> bool {
        self.iter().any(|slot| !slot.queue.is_empty())
    }

    fn index(&mut self) {
        let mut inputs: Vec<&Input> = self.slots.iter().flatten().map(|slot| &slot.input).collect();
        inputs.sort_by_key(|input| (input.topic, input.partition.partition));
        self.order = inputs.iter().map(|input| input.slot).collect();
        self.by_number.clear();
        for input in inputs {
            let topic = usize::from(input.topic);
            let Some(number) = number(input.partition.partition) else { continue };
            if self.by_number.len() <= topic {
                self.by_number.resize_with(topic + 1, Vec::new);
            }
            let slots = &mut self.by_number[topic];
            if slots.len() <= number {
                slots.resize(number + 1, None);
            }
            slots[number] = Some(input.slot);
        }
    }
}

fn number(partition: Partition) -> Option<usize> {
    usize::try_from(partition.0).ok()
}
