//! From polled records to stepped ones: directly where order is given, through buffers where partitions are merged, held
//! back, or a transaction is full.

use winback_core::signal::is_from_the_future;
use winback_core::time::Time;
use winback_log::{FailPoint, Message, fail_point};

use crate::commit::CommitPolicy;
use crate::config::span;
use crate::dead;
use crate::inputs::weight;
use crate::isolate::{Condemned, Suspect};
use crate::lane::{Batch, Lane};
use crate::letters::Letters;
use crate::output::{DeadLetter, Mark, Origin, Room};
use crate::panics::{self, Panicked};
use crate::partition::PartitionState;
use crate::role::{At, Role, Step, Urgency};

/// The reason of a dead letter for a record that no transaction takes.
pub const CANNOT_COMMIT: &str = winback_proto::letter::NothingKept::CannotCommit.as_str();

impl<R: Role> Lane<R> {
    /// Steps what was polled, or buffers it.
    pub(crate) fn take_polled(&mut self) {
        if self.polled.is_empty() {
            return;
        }
        let now = self.clock.now();
        self.last_input = now;
        let direct = self.may_step(now) && !self.merges_now() && !self.inputs.is_buffering();
        if direct {
            self.role.begin_batch(now);
        }
        let mut messages = std::mem::take(&mut self.polled);
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
            if room && slot.first().is_none() && slot.is_steppable(now) {
                self.step(at, message, now);
                room = self.has_room();
            } else {
                slot.push(message);
            }
        }
        self.polled = messages;
        if direct {
            self.end_batch(now);
        }
    }

    /// Steps what is buffered, as far as it may; true when more could be stepped at once.
    pub(crate) fn step_buffered(&mut self) -> bool {
        let now = self.clock.now();
        if !self.inputs.is_buffering() {
            return false;
        }
        if !self.may_step(now) || !self.has_room() {
            return self.ready;
        }
        self.role.begin_batch(now);
        let more = if self.merges_now() { self.step_merged(now) } else { self.step_in_turn(now) };
        self.end_batch(now);
        more
    }

    fn may_step(&self, now: Time) -> bool {
        let calm = self.isolation.until().is_none_or(|due| due <= now);
        self.ready && calm && !self.isolation.wants_probe() && self.breaker.may_step()
    }

    fn merges_now(&self) -> bool {
        let running = self.inputs.iter().filter(|slot| slot.state() == PartitionState::Running);
        self.merges && running.count() > 1
    }

    fn has_room(&self) -> bool {
        let records = self.batch.records;
        let full = self.config.commit.is_full(records, self.out.len(), self.out.size());
        !full
            && !self.batch.cut
            && records < self.isolation.limit()
            && self.breaker.may_step()
            && self.panicked.is_none()
            && !self.is_overdue()
    }

    /// True if an effect has waited for the time between two commits: the next step may take long, for example an
    /// event that concerns many accounts.
    fn is_overdue(&self) -> bool {
        let due = self.batch.effects_since.map(|since| since + self.config.commit.apart);
        self.role.urgency() == Urgency::Now && due.is_some_and(|due| due <= self.clock.now())
    }

    /// Partition after partition, each a share.
    fn step_in_turn(&mut self, now: Time) -> bool {
        let mut left = self.config.poll_max;
        for at in self.inputs.order().to_vec() {
            while left > 0 && self.has_room() {
                let slot = self.inputs.get_mut(at).filter(|slot| slot.is_steppable(now));
                let Some(message) = slot.and_then(crate::inputs::Slot::pop) else { break };
                self.step(at, message, now);
                left -= 1;
            }
        }
        self.inputs.iter().any(|slot| slot.is_steppable(now) && slot.first().is_some())
    }

    fn step_merged(&mut self, now: Time) -> bool {
        let mut merge = std::mem::take(&mut self.merge);
        let complete = self.fill(&mut merge, now);
        let mut left = if complete { self.config.poll_max } else { 0 };
        while let Some(at) = merge.next().filter(|_| left > 0 && self.has_room()) {
            let Some(message) = self.inputs.get_mut(at).and_then(crate::inputs::Slot::pop) else { break };
            self.step(at, message, now);
            left -= 1;
            let slot = self.inputs.get(at).filter(|slot| slot.is_steppable(now));
            let first = slot.and_then(|slot| slot.first()).map(|message| rank_time(message, now));
            merge.advance(first);
            if first.is_none() && self.is_awaited(at, now) {
                left = 0;
            }
        }
        let more = complete && left == 0 && merge.next().is_some() && !self.any_awaited();
        self.merge = merge;
        more || !self.has_room()
    }

    /// False when a partition is awaited: then nothing can be said about what is next.
    fn fill(&mut self, merge: &mut crate::merge::Merge, now: Time) -> bool {
        merge.clear();
        let mut complete = true;
        for (rank, at) in self.inputs.order().to_vec().into_iter().enumerate() {
            let Some(slot) = self.inputs.get(at).filter(|slot| slot.is_steppable(now)) else { continue };
            match slot.first() {
                Some(first) => merge.add(rank_time(first, now), rank, at),
                None => complete &= !self.is_awaited(at, now),
            }
        }
        complete
    }

    fn any_awaited(&self) -> bool {
        self.inputs.iter().any(|slot| slot.awaited_since.is_some())
    }

    /// True if the log has a next record for this empty partition, and it may still come soon.
    fn is_awaited(&mut self, at: usize, now: Time) -> bool {
        let Some(slot) = self.inputs.get_mut(at) else { return false };
        if !slot.is_steppable(now) {
            return false;
        }
        let partition = &slot.input.partition;
        let position = slot.position(self.session.position(partition));
        let end = slot
            .ends
            .known()
            .map(|end| self.session.known_end(partition).map_or(end, |known| known.max(end)));
        if end.is_some_and(|end| position >= end) {
            slot.awaited_since = None;
            return false;
        }
        let since = *slot.awaited_since.get_or_insert(now);
        now.since(since) <= self.config.merge_patience
    }

    fn step(&mut self, at: usize, message: Message, now: Time) {
        let Some(slot) = self.inputs.get_mut(at) else { return };
        let mark = self.out.mark();
        let (offset, begin) = (message.offset, slot.element_of(message.offset));
        let here = At { input: &slot.input, now };
        let (all, elements) = match self.isolation.condemns(&slot.input.partition, offset) {
            Condemned::All => (true, Vec::new()),
            Condemned::Elements(elements) => (false, elements),
        };
        let CommitPolicy { max_appends: appends, max_bytes: bytes, .. } = self.config.commit;
        let room = Room { appends, bytes, elements: self.isolation.elements() };
        self.out.begin_record(Origin { slot: at, offset, element: None }, begin, room, elements);
        let stepped = if all {
            self.out.dead(cannot_commit(None));
            Ok(Step::Done)
        } else if let Some(why) = self.isolation.panics_at(&slot.input.partition, offset) {
            self.out.dead(panics::letter(why));
            Ok(Step::Done)
        } else {
            panics::caught(|| {
                let stepped = self.role.step(here, &message, &mut self.out);
                fail_point(FailPoint::Step, &self.spec.transactional_id);
                stepped
            })
        };
        let stepped = match stepped {
            Ok(stepped) => stepped,
            Err(why) => {
                self.out.back_to(mark);
                let suspect = Suspect { partition: slot.input.partition.clone(), offset, element: None };
                self.panicked = Some(Panicked { suspect, why });
                return;
            }
        };
        match stepped {
            Step::Retry { after } => {
                self.out.back_to(mark);
                slot.held_until = Some(now + span(after));
                slot.push_first(message);
            }
            Step::Done => self.stepped(at, message, mark, now),
        }
    }

    /// What came of a record, or of a part of it, is taken into the batch.
    fn stepped(&mut self, at: usize, message: Message, mark: Mark, now: Time) {
        let Some(slot) = self.inputs.get_mut(at) else { return };
        let (letters, survived) = (self.out.take_dead_letters(), self.out.take_survived());
        // Where a part before it was good, the record is not lost.
        match letters.last() {
            Some(last) if !survived && self.out.begins_at() == 0 => {
                let from = (&slot.input.partition, message.offset);
                self.breaker.lost(last, from, weight(&message), now);
            }
            _ => self.breaker.fine(weight(&message), now),
        }
        let (element, elements, cut) = (self.out.element(), self.out.elements(), self.out.cut_at());
        self.batch.last = Some(Origin { slot: at, offset: message.offset, element });
        self.batch.elements = elements;
        self.batch.records += 1;
        if self.breaker.is_on_trial() {
            self.out.back_to(mark); // it is read again, and written then, when the trial passes
        } else {
            self.batch.cut = cut.is_some();
            self.bury(at, &message, &letters, now);
        }
        if self.role.urgency() >= Urgency::Soon || !self.batch.buried.is_empty() || self.batch.cut {
            self.batch.effects_since.get_or_insert(now);
        }
        let Some(slot) = self.inputs.get_mut(at) else { return };
        match cut {
            Some(element) => slot.cut(message, element),
            None => slot.stepped(message.offset, message.timestamp, now),
        }
    }

    /// Appends the dead letters of a record, or counts them where there are too many bytes of them.
    fn bury(&mut self, at: usize, message: &Message, letters: &Letters, now: Time) {
        let (Some(slot), Some(source)) =
            (self.inputs.get(at), letters.last().map(|last| last.source.clone()))
        else {
            return;
        };
        letters.each_reason(|source, reason, count| self.batch.bury(source, reason, count));
        let (mark, before) = (self.out.mark(), self.out.size());
        self.out.from(Some(Origin { slot: at, offset: message.offset, element: None }));
        let (to, role) = (&self.config.dead_letters, self.role.name());
        let here = At { input: &slot.input, now };
        dead::append(to, role, here, message, letters, &mut self.out);
        if self.allowance.admits(self.out.size() - before, now) {
            fail_point(FailPoint::DeadLetter, &self.spec.transactional_id);
            return;
        }
        self.out.back_to(mark);
        self.batch.leave_out(&source, u64::try_from(letters.count()).unwrap_or_default());
        self.allowance.leave_out(letters, &slot.input.partition, message.offset);
    }

    fn end_batch(&mut self, now: Time) {
        self.out.from(None);
        if self.panicked.is_some() {
            return; // the batch is dropped, and what the role knows of it
        }
        self.role.end_batch();
        if self.batch.records == 0 {
            return;
        }
        self.batch.moved_since.get_or_insert(now);
        if self.batch.records > self.batch.told {
            self.batch.told = self.batch.records;
            self.status.lock().waiting_since = None;
        }
    }
}

/// A stamp of tomorrow or later says nothing of when the record came: taken at its word, it would hold back all that
/// stand behind it until every other partition is empty. So it is next.
fn rank_time(message: &Message, now: Time) -> Time {
    if is_from_the_future(message.timestamp, now) { Time::MIN } else { message.timestamp }
}

pub(crate) fn cannot_commit(element: Option<u32>) -> DeadLetter {
    DeadLetter {
        source: String::new(),
        element,
        reason: CANNOT_COMMIT,
        text: "no transaction with what follows from this is taken by the log, and those without it are: look at the lane's \
               last error, mend it, and replay"
            .to_owned(),
    }
}

impl Batch {
    fn bury(&mut self, source: &str, reason: &'static str, count: u64) {
        match self.buried.iter_mut().find(|(own, why, _)| own == source && *why == reason) {
            Some((.., counted)) => *counted += count,
            None => self.buried.push((source.to_owned(), reason, count)),
        }
    }

    fn leave_out(&mut self, source: &str, count: u64) {
        match self.left_out.iter_mut().find(|(own, _)| own == source) {
            Some((_, counted)) => *counted += count,
            None => self.left_out.push((source.to_owned(), count)),
        }
    }
}
