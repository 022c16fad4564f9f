//! One partition of a lane: its state, positions, buffered records and progress.

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::{Message, Session, TopicPartition};

use crate::buffer::Buffer;
use crate::cursor::Cursor;
use crate::partition::{IllegalChange, PartitionState, change};
use crate::progress::Progress;
use crate::role::{Input, InputView};
use crate::status::PartitionStatus;

/// One partition.
#[derive(Debug)]
pub(crate) struct Slot {
    input: Input,
    /// The assignment that it came with; records of an earlier one are not its own.
    epoch: u32,
    state: PartitionState,
    cursor: Cursor,
    buffer: Buffer,
    progress: Progress,
    /// A retry is due then; its record is first in the buffer.
    held_until: Option<Time>,
    /// The merge waits for its next record since then.
    awaited_since: Option<Time>,
    /// The session was told so.
    paused: bool,
}

impl Slot {
    /// A partition that was just assigned, paused.
    pub(crate) fn new(input: Input, epoch: u32) -> Self {
        Self {
            input,
            epoch,
            state: PartitionState::Assigned,
            cursor: Cursor::default(),
            buffer: Buffer::default(),
            progress: Progress::default(),
            held_until: None,
            awaited_since: None,
            paused: true,
        }
    }

    pub(crate) const fn input(&self) -> &Input {
        &self.input
    }

    pub(crate) const fn partition(&self) -> &TopicPartition {
        &self.input.partition
    }

    pub(crate) const fn state(&self) -> PartitionState {
        self.state
    }

    /// The group's committed position.
    pub(crate) const fn committed(&self) -> Option<Offset> {
        self.cursor.committed()
    }

    pub(crate) fn transition(&mut self, to: PartitionState) -> Result<(), IllegalChange> {
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

    /// True if its next record is there and may be stepped.
    pub(crate) fn has_next(&self, now: Time) -> bool {
        self.is_steppable(now) && !self.buffer.is_empty()
    }

    pub(crate) fn is_buffering(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// True if a record belongs to this assignment, is at or behind the position, and was not delivered before.
    pub(crate) fn accepts(&mut self, message: &Message) -> bool {
        if !self.is_live() || message.epoch < self.epoch {
            return false;
        }
        self.cursor.deliver(message.offset)
    }

    pub(crate) fn push(&mut self, message: Message) {
        self.awaited_since = None;
        self.buffer.push(message);
    }

    pub(crate) fn pop(&mut self) -> Option<Message> {
        self.buffer.pop()
    }

    pub(crate) fn first(&self) -> Option<&Message> {
        self.buffer.first()
    }

    /// The element of that record at which it begins.
    pub(crate) fn element_of(&self, offset: Offset) -> u32 {
        self.cursor.element_of(offset)
    }

    /// A record is stepped again at `due`, and nothing of its partition before.
    pub(crate) fn hold(&mut self, message: Message, due: Time) {
        self.held_until = Some(due);
        self.buffer.push_first(message);
    }

    /// The time of the retry that is due.
    pub(crate) const fn held_until(&self) -> Option<Time> {
        self.held_until
    }

    /// A record was stepped up to an element and is first in the buffer again. It does not count as the newest before all
    /// of it is stepped.
    pub(crate) fn cut(&mut self, message: Message, element: u32) {
        self.cursor.cut(message.offset, element);
        (self.held_until, self.awaited_since) = (None, None);
        self.buffer.push_first(message);
    }

    /// A record was stepped.
    pub(crate) fn stepped(&mut self, offset: Offset, timestamp: Time, now: Time) {
        self.cursor.stepped(offset);
        self.progress.stepped(timestamp, now);
        (self.held_until, self.awaited_since) = (None, None);
    }

    /// The position to commit.
    pub(crate) fn position(&self, session: &dyn Session) -> Offset {
        self.cursor.position(session.position(&self.input.partition), self.is_buffering())
    }

    /// True if something was stepped since the last commit.
    pub(crate) fn has_moved(&self, position: Offset) -> bool {
        self.cursor.has_moved(position)
    }

    /// True if the position is in the middle of a record.
    pub(crate) const fn is_inside_record(&self) -> bool {
        self.cursor.is_inside_record()
    }

    /// True if the committed position lies behind that record.
    pub(crate) fn has_committed(&self, offset: Offset) -> bool {
        self.cursor.has_committed(offset)
    }

    /// The merge waits for its next record.
    pub(crate) const fn is_waited_for(&self) -> bool {
        self.awaited_since.is_some()
    }

    /// True if the log has a next record for this empty partition, and the merge still waits for it.
    pub(crate) fn awaits(&mut self, session: &dyn Session, now: Time, timeout: Span) -> bool {
        if !self.is_steppable(now) {
            return false;
        }
        let position = self.position(session);
        let heard = session.known_end(&self.input.partition);
        let end = self.progress.known_end().map(|end| heard.map_or(end, |heard| heard.max(end)));
        if end.is_some_and(|end| position >= end) {
            self.awaited_since = None;
            return false;
        }
        let since = *self.awaited_since.get_or_insert(now);
        now.since(since) <= timeout
    }

    /// The log said at or after `at` that the partition ends at `end`. True if what was stepped of it is not committed.
    pub(crate) fn observe_end(
        &mut self,
        end: Offset,
        at: Time,
        session: &dyn Session,
        has_heartbeat: bool,
    ) -> bool {
        self.progress.observe(end, at);
        if !self.is_live() {
            return false;
        }
        let position = self.position(session);
        self.progress.advance_to(position);
        let moved = self.has_moved(position);
        if !moved && !has_heartbeat {
            self.progress.idle();
        }
        moved
    }

    /// Everything before `position` was stepped, and is about to be committed.
    pub(crate) fn advance_to(&mut self, position: Offset) {
        self.progress.advance_to(position);
    }

    /// True once: when a position that a person chose is committed for the first time.
    pub(crate) fn takes_choice(&mut self, position: Offset) -> bool {
        self.cursor.takes_choice(position)
    }

    /// `position` is in the log.
    pub(crate) fn settle(&mut self, position: Offset) {
        self.cursor.settle(position);
        self.progress.settle();
    }

    /// Drops the steps since the last commit; the target of the seek, where the session must go back.
    pub(crate) fn roll_back(&mut self) -> Option<Offset> {
        self.empty();
        self.progress.roll_back();
        self.cursor.roll_back()
    }

    /// The group's answer.
    pub(crate) const fn found(&mut self, committed: Option<Offset>) {
        self.cursor.found(committed);
    }

    /// Starts at an element of the record at `base`; true if that start is not committed yet.
    pub(crate) fn start(&mut self, base: Offset, element: u32, chosen: bool) -> Result<bool, IllegalChange> {
        self.empty();
        let is_new = self.cursor.start(base, element, chosen);
        self.transition(PartitionState::Running)?;
        Ok(is_new)
    }

    /// As newly assigned.
    pub(crate) fn reload(&mut self) -> Result<(), IllegalChange> {
        self.transition(PartitionState::Assigned)?;
        self.empty();
        self.cursor.reload();
        (self.progress, self.held_until) = (Progress::default(), None);
        Ok(())
    }

    /// `Some` where delivery must be paused or resumed: a partition is read while it can be stepped and has room.
    pub(crate) fn change_pause(&mut self, may_read: bool, now: Time, limits: (usize, usize)) -> Option<bool> {
        let full = self.buffer.is_full(limits.0, limits.1);
        let pause = !may_read || full || !self.is_steppable(now);
        let changes = pause != self.paused;
        self.paused = pause;
        changes.then_some(pause)
    }

    /// Moves all times back, as the clock was.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.progress.set_back(by);
        let times = [&mut self.held_until, &mut self.awaited_since];
        times.into_iter().flatten().for_each(|time| *time = *time - by);
    }

    /// The partition as a role sees it in a transaction that commits `position`.
    pub(crate) const fn view(&self, position: Offset) -> InputView<'_> {
        InputView {
            input: &self.input,
            position,
            element: self.cursor.element(),
            committed: self.cursor.committed(),
            newest: self.progress.newest(),
            observed_end: self.progress.reached(),
        }
    }

    /// The partition as others see it.
    pub(crate) fn status(&self) -> PartitionStatus {
        PartitionStatus {
            partition: self.input.partition.clone(),
            state: self.state,
            committed: self.cursor.committed(),
            end: self.progress.known_end(),
            caught_up_at: self.progress.caught_up_at(),
        }
    }

    fn empty(&mut self) {
        self.buffer.clear();
        self.awaited_since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::tests::message;

    fn running() -> Slot {
        let input = Input { slot: 0, topic: 0, partition: TopicPartition::new("visits", 0) };
        let mut slot = Slot::new(input, 1);
        slot.found(Some(Offset(3)));
        assert!(!slot.start(Offset(3), 0, false).unwrap());
        slot
    }

    #[test]
    fn a_record_that_is_held_keeps_its_partition_until_it_is_due() {
        let (mut slot, now) = (running(), Time::from_millis(100));
        assert!(slot.accepts(&message(3, 1)));
        slot.hold(message(3, 1), Time::from_millis(150));
        assert!(!slot.is_steppable(now) && !slot.has_next(now));
        assert_eq!(slot.change_pause(true, now, (10, 10)), None, "it was paused from the start");
        let due = Time::from_millis(150);
        assert!(slot.has_next(due));
        assert_eq!(slot.change_pause(true, due, (10, 10)), Some(false));
    }

    #[test]
    fn records_of_an_earlier_assignment_are_not_taken() {
        let mut slot = running();
        slot.epoch = 2;
        assert!(!slot.accepts(&message(3, 1)));
    }

    #[test]
    fn a_roll_back_drops_what_is_buffered_and_wants_it_again() {
        let mut slot = running();
        assert!(slot.accepts(&message(3, 1)) && slot.accepts(&message(4, 1)));
        slot.push(message(4, 1));
        assert_eq!(slot.roll_back(), Some(Offset(3)));
        assert!(!slot.is_buffering() && slot.accepts(&message(3, 1)));
    }

    #[test]
    fn a_reload_forgets_everything_and_asks_for_the_position_again() {
        let mut slot = running();
        slot.reload().unwrap();
        assert_eq!((slot.state(), slot.committed()), (PartitionState::Assigned, None));
        assert!(!slot.accepts(&message(9, 1)), "nothing is read before its position is known");
    }
}
