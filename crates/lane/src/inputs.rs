//! The lane's partitions, by slot, by name and by number.

use winback_core::ids::{Offset, Partition};
use winback_core::time::{Span, Time};
use winback_log::{Message, Session, TopicPartition};

use crate::isolation::PoisonCandidate;
use crate::output::Origin;
use crate::partition::{IllegalChange, PartitionState, StateName};
use crate::role::{Input, InputView};
use crate::slot::Slot;

/// The positions of a transaction, by slot.
pub(crate) type Positions = Vec<(usize, Offset)>;

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
        let slot = Slot::new(input.clone(), epoch);
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

    /// The slots in the order of topic and partition number.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.order.iter().filter_map(|&at| self.get(at))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.slots.iter_mut().flatten()
    }

    pub(crate) fn find(&self, partition: &TopicPartition) -> Option<usize> {
        self.iter().find(|slot| slot.partition() == partition).map(|slot| slot.input().slot)
    }

    /// The slot of a message.
    pub(crate) fn of(&self, message: &Message) -> Option<usize> {
        *self.by_number.get(usize::from(message.topic))?.get(number(message.partition)?)?
    }

    pub(crate) fn partitions(&self) -> Vec<TopicPartition> {
        self.iter().map(|slot| slot.partition().clone()).collect()
    }

    /// The number of partitions in that state.
    pub(crate) fn count(&self, state: PartitionState) -> usize {
        self.iter().filter(|slot| slot.state() == state).count()
    }

    /// Slots and partitions whose positions are not known yet.
    pub(crate) fn assigned(&self) -> (Vec<usize>, Vec<TopicPartition>) {
        let assigned = self.iter().filter(|slot| slot.state() == PartitionState::Assigned);
        assigned.map(|slot| (slot.input().slot, slot.partition().clone())).unzip()
    }

    pub(crate) fn is_buffering(&self) -> bool {
        self.iter().any(Slot::is_buffering)
    }

    /// True if a record is there that may be stepped.
    pub(crate) fn has_next(&self, now: Time) -> bool {
        self.iter().any(|slot| slot.has_next(now))
    }

    /// True if the merge waits for a record of one of them.
    pub(crate) fn is_any_waited_for(&self) -> bool {
        self.iter().any(Slot::is_waited_for)
    }

    /// The positions of all live partitions.
    pub(crate) fn positions(&self, session: &dyn Session) -> Positions {
        let live = self.iter().filter(|slot| slot.is_live());
        live.map(|slot| (slot.input().slot, slot.position(session))).collect()
    }

    /// The positions with their partitions' names.
    pub(crate) fn named(&self, positions: &Positions) -> Vec<(TopicPartition, Offset)> {
        let named = |(at, position): &(usize, Offset)| Some((self.get(*at)?.partition().clone(), *position));
        positions.iter().filter_map(named).collect()
    }

    /// True if one of the positions is not the committed one.
    pub(crate) fn have_moved(&self, positions: &Positions) -> bool {
        positions.iter().any(|(at, position)| self.get(*at).is_some_and(|slot| slot.has_moved(*position)))
    }

    /// The partitions as a role sees them in a transaction that commits these positions.
    pub(crate) fn views(&self, positions: &Positions) -> Vec<InputView<'_>> {
        let view = |(at, position): &(usize, Offset)| Some(self.get(*at)?.view(*position));
        positions.iter().filter_map(view).collect()
    }

    /// These positions are about to be committed.
    pub(crate) fn reach(&mut self, positions: &Positions) {
        self.each(positions, Slot::advance_to);
    }

    /// These positions are in the log.
    pub(crate) fn settle(&mut self, positions: &Positions) {
        self.each(positions, Slot::settle);
    }

    /// The partitions whose chosen positions these are, each once.
    pub(crate) fn take_choices(&mut self, positions: &Positions) -> Vec<TopicPartition> {
        let mut taken = Vec::new();
        self.each(positions, |slot, position| {
            if slot.takes_choice(position) {
                taken.push(slot.partition().clone());
            }
        });
        taken
    }

    fn each(&mut self, positions: &Positions, mut visit: impl FnMut(&mut Slot, Offset)) {
        for (at, position) in positions {
            if let Some(slot) = self.get_mut(*at) {
                visit(slot, *position);
            }
        }
    }

    /// True if a position is in the middle of a record.
    pub(crate) fn is_inside_record(&self) -> bool {
        self.iter().any(Slot::is_inside_record)
    }

    /// True if the committed positions lie behind that record.
    pub(crate) fn have_committed(&self, record: &PoisonCandidate) -> bool {
        self.iter().any(|slot| *slot.partition() == record.partition && slot.has_committed(record.offset))
    }

    /// The record that an append is charged to.
    pub(crate) fn candidate(&self, origin: Origin) -> Option<PoisonCandidate> {
        let partition = self.get(origin.slot)?.partition().clone();
        Some(PoisonCandidate { partition, offset: origin.offset, element: origin.element })
    }

    /// Moves all times back, as the clock was.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.iter_mut().for_each(|slot| slot.set_back(by));
    }

    fn index(&mut self) {
        let mut inputs: Vec<&Input> = self.slots.iter().flatten().map(Slot::input).collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::tests::message;

    #[test]
    fn a_slot_that_is_free_again_is_given_to_the_next_partition() {
        let mut inputs = Inputs::default();
        for number in [2, 0] {
            inputs.add(TopicPartition::new("visits", number), 0, 1).unwrap();
        }
        assert_eq!(inputs.order(), [1, 0], "in the order of their numbers");
        assert_eq!(inputs.of(&message(7, 1)), Some(1));
        assert!(inputs.remove(1).is_some());
        assert_eq!(inputs.of(&message(7, 1)), None);
        let added = inputs.add(TopicPartition::new("visits", 5), 0, 2).unwrap();
        assert_eq!((added.slot, inputs.len()), (1, 2));
    }

    #[test]
    fn a_partition_that_is_held_is_not_taken_twice() {
        let mut inputs = Inputs::default();
        inputs.add(TopicPartition::new("visits", 3), 0, 1).unwrap();
        let error = inputs.add(TopicPartition::new("visits", 3), 0, 2).unwrap_err();
        assert_eq!(error.to_string(), "visits/3 cannot become assigned: it is assigned");
    }

    #[test]
    fn a_choice_is_taken_of_the_partition_that_was_chosen_for() {
        let mut inputs = Inputs::default();
        for number in [0, 1] {
            let at = inputs.add(TopicPartition::new("visits", number), 0, 1).unwrap().slot;
            let slot = inputs.get_mut(at).unwrap();
            slot.found(Some(Offset(9)));
            slot.start(Offset(4), 0, number == 1).unwrap();
        }
        let positions = vec![(0, Offset(4)), (1, Offset(4))];
        assert!(inputs.have_moved(&positions));
        assert_eq!(inputs.take_choices(&positions), [TopicPartition::new("visits", 1)]);
        inputs.settle(&positions);
        assert!(!inputs.have_moved(&positions) && inputs.take_choices(&positions).is_empty());
    }
}
