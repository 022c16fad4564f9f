//! From polled records to stepped ones: directly where order is given, through buffers where partitions are merged, held
//! back, or a transaction is full.

use winback_core::signal::is_from_the_future;
use winback_core::time::Time;
use winback_log::{FailPoint, Message, fail_point};

use crate::clock::TurnClock;
use crate::config::span;
use crate::feed::Feed;
use crate::guards::{Admission, Guards};
use crate::inputs::Inputs;
use crate::isolation::PoisonCandidate;
use crate::member::Member;
use crate::merge::Merge;
use crate::output::{Mark, Origin};
use crate::panics::{self, Panicked};
use crate::report::Report;
use crate::role::{At, Role, Step, Urgency};
use crate::slot::Slot;
use crate::transaction::Transaction;

/// What a step may touch, for one round of steps.
pub(crate) struct Stepper<'a, R> {
    pub(crate) now: Time,
    pub(crate) role: &'a mut R,
    pub(crate) clock: &'a TurnClock,
    pub(crate) member: &'a Member,
    pub(crate) feed: &'a mut Feed,
    pub(crate) inputs: &'a mut Inputs,
    pub(crate) transaction: &'a mut Transaction,
    pub(crate) guards: &'a mut Guards,
    pub(crate) report: &'a Report,
}

impl<R: Role> Stepper<'_, R> {
    /// Steps what was polled, or buffers it.
    pub(crate) fn take_polled(mut self) {
        if self.feed.is_empty() {
            return;
        }
        self.transaction.input(self.now);
        let direct =
            self.guards.may_step(self.now) && !self.feed.merges(self.inputs) && !self.inputs.is_buffering();
        if direct {
            self.role.begin_batch(self.now);
        }
        let mut messages = self.feed.take();
        let (mut number, mut known) = ((u16::MAX, winback_core::ids::Partition(-1)), None);
        let mut room = direct;
        for message in messages.drain(..) {
            if number != (message.topic, message.partition) {
                number = (message.topic, message.partition);
                known = self.inputs.of(&message);
            }
            let Some(at) = known else { continue };
            let Some(slot) = self.inputs.get_mut(at) else { continue };
            if !slot.accepts(&message) {
                continue;
            }
            if room && slot.first().is_none() && slot.is_steppable(self.now) {
                self.step(at, message);
                room = self.has_room();
            } else {
                slot.push(message);
            }
        }
        self.feed.give_back(messages);
        if direct {
            self.end_batch();
        }
    }

    /// Steps what is buffered, as far as it may; true when more could be stepped at once.
    pub(crate) fn step_buffered(mut self) -> bool {
        if !self.inputs.is_buffering() {
            return false;
        }
        if !self.guards.may_step(self.now) || !self.has_room() {
            return self.guards.is_ready();
        }
        self.role.begin_batch(self.now);
        let more = if self.feed.merges(self.inputs) { self.step_merged() } else { self.step_in_turn() };
        self.end_batch();
        more
    }

    fn has_room(&self) -> bool {
        self.transaction.has_room()
            && self.guards.has_room(self.transaction.batch().records())
            && !self.is_overdue()
    }

    fn is_overdue(&self) -> bool {
        let urgency: Urgency = self.role.urgency();
        self.transaction.is_overdue(urgency, || self.clock.now())
    }

    /// Partition after partition, each a share.
    fn step_in_turn(&mut self) -> bool {
        let mut left = self.feed.max();
        for at in self.inputs.order().to_vec() {
            while left > 0 && self.has_room() {
                let slot = self.inputs.get_mut(at).filter(|slot| slot.is_steppable(self.now));
                let Some(message) = slot.and_then(Slot::pop) else { break };
                self.step(at, message);
                left -= 1;
            }
        }
        self.inputs.has_next(self.now)
    }

    fn step_merged(&mut self) -> bool {
        let mut merge = self.feed.take_merge();
        let complete = self.fill(&mut merge);
        let mut left = if complete { self.feed.max() } else { 0 };
        while let Some(at) = merge.next().filter(|_| left > 0 && self.has_room()) {
            let Some(message) = self.inputs.get_mut(at).and_then(Slot::pop) else { break };
            self.step(at, message);
            left -= 1;
            let slot = self.inputs.get(at).filter(|slot| slot.is_steppable(self.now));
            let first = slot.and_then(Slot::first).map(|message| rank_time(message, self.now));
            merge.advance(first);
            if first.is_none() && self.is_awaited(at) {
                left = 0;
            }
        }
        let more = complete && left == 0 && merge.next().is_some() && !self.inputs.is_any_waited_for();
        self.feed.give_back_merge(merge);
        more || !self.has_room()
    }

    /// False when a partition is awaited: then nothing can be said about what is next.
    fn fill(&mut self, merge: &mut Merge) -> bool {
        merge.clear();
        let mut complete = true;
        for (rank, at) in self.inputs.order().to_vec().into_iter().enumerate() {
            let Some(slot) = self.inputs.get(at).filter(|slot| slot.is_steppable(self.now)) else { continue };
            match slot.first() {
                Some(first) => merge.add(rank_time(first, self.now), rank, at),
                None => complete &= !self.is_awaited(at),
            }
        }
        complete
    }

    fn is_awaited(&mut self, at: usize) -> bool {
        let (session, timeout) = (self.member.session(), self.feed.merge_timeout());
        self.inputs.get_mut(at).is_some_and(|slot| slot.awaits(session, self.now, timeout))
    }

    fn step(&mut self, at: usize, message: Message) {
        let Some(slot) = self.inputs.get_mut(at) else { return };
        let (offset, begin) = (message.offset, slot.element_of(message.offset));
        let admission = self.guards.admit(slot.partition(), offset);
        let (elements, without) = match &admission {
            Admission::Step { elements, without } => (*elements, without.clone()),
            Admission::Dead(_) => (usize::MAX, Vec::new()),
        };
        let room = self.transaction.room(elements);
        let (id, out) = self.transaction.writing();
        let mark = out.mark();
        out.begin_record(Origin { slot: at, offset, element: None }, begin, room, without);
        let stepped = match admission {
            Admission::Dead(letter) => {
                out.dead(letter);
                Ok(Step::Done)
            }
            Admission::Step { .. } => {
                let here = At { input: slot.input(), now: self.now };
                panics::caught(|| {
                    let stepped = self.role.step(here, &message, out);
                    fail_point(FailPoint::Step, id);
                    stepped
                })
            }
        };
        match stepped {
            Ok(Step::Done) => self.stepped(at, message, mark),
            Ok(Step::Retry { after }) => {
                out.back_to(mark);
                slot.hold(message, self.now + span(after));
            }
            Err(why) => {
                out.back_to(mark);
                let record = PoisonCandidate { partition: slot.partition().clone(), offset, element: None };
                self.transaction.panicked(Panicked { record, why });
            }
        }
    }

    /// What came of a record, or of a part of it, is taken into the batch.
    fn stepped(&mut self, at: usize, message: Message, mark: Mark) {
        let Some(slot) = self.inputs.get_mut(at) else { return };
        let here = At { input: slot.input(), now: self.now };
        let (batch, out) = self.transaction.parts();
        let (letters, survived) = (out.take_dead_letters(), out.take_survived());
        // Where a part before it was good, the record is not lost.
        let lost = !survived && out.begins_at() == 0;
        self.guards.stepped(&message, here, &letters, lost);
        let (element, elements, cut) = (out.element(), out.elements(), out.cut_at());
        batch.stepped(Origin { slot: at, offset: message.offset, element }, elements);
        if self.guards.is_on_trial() {
            out.back_to(mark); // it is read again, and written then, when the trial passes
        } else {
            batch.cut(cut.is_some());
            self.guards.bury(&letters, here, &message, batch, out);
        }
        if self.role.urgency() >= Urgency::Soon || !batch.losses().is_empty() || batch.is_cut() {
            batch.has_effects(self.now);
        }
        match cut {
            Some(element) => slot.cut(message, element),
            None => slot.stepped(message.offset, message.timestamp, self.now),
        }
    }

    fn end_batch(&mut self) {
        self.transaction.out_mut().from(None);
        if self.transaction.has_panicked() {
            return; // the batch is dropped, and what the role knows of it
        }
        self.role.end_batch();
        let batch = self.transaction.batch_mut();
        if batch.records() == 0 {
            return;
        }
        batch.has_moved(self.now);
        if batch.has_news() {
            self.report.stepped();
        }
    }
}

/// The time of a record in the merge. A timestamp of tomorrow or later is unreliable and would block the merge: such a
/// record is next.
fn rank_time(message: &Message, now: Time) -> Time {
    if is_from_the_future(message.timestamp, now) { Time::MIN } else { message.timestamp }
}
