//! The reasons why a record is not stepped, or not committed: the role is not ready, a record is poison, too much would
//! become dead letters.

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::{CommitError, Message, TopicPartition};

use crate::batch::Batch;
use crate::breaker::{Breaker, BreakerVerdict};
use crate::buffer::weight;
use crate::dead_letter::{DeadLetter, cannot_commit};
use crate::dead_writer::DeadLetterWriter;
use crate::isolation::{AfterFailure, Failure, Isolation, PoisonCandidate, Quarantined};
use crate::letters::Letters;
use crate::output::Output;
use crate::panics;
use crate::role::At;

/// The admission of a record to its step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is stepped, at most so many elements of it, and none of these.
    Step {
        /// The most elements.
        elements: usize,
        /// Those that are quarantined.
        without: Vec<u32>,
    },
    /// It is not stepped: this letter stands for it.
    Dead(DeadLetter),
}

/// All that may hold records back. It follows transactions as a role does.
#[derive(Debug)]
pub(crate) struct Guards {
    is_ready: bool,
    isolation: Isolation,
    breaker: Breaker,
    letters: DeadLetterWriter,
}

impl Guards {
    pub(crate) const fn new(isolation: Isolation, breaker: Breaker, letters: DeadLetterWriter) -> Self {
        Self { is_ready: true, isolation, breaker, letters }
    }

    /// Begins a turn, with the readiness of the role. A trial that is due begins.
    pub(crate) fn turn(&mut self, is_ready: bool, now: Time) {
        self.is_ready = is_ready;
        self.breaker.look(now);
    }

    pub(crate) const fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// True if records may be delivered.
    pub(crate) const fn may_read(&self) -> bool {
        self.is_ready && self.breaker.may_step()
    }

    /// True if records may be stepped now.
    pub(crate) fn may_step(&self, now: Time) -> bool {
        let calm = self.isolation.until().is_none_or(|due| due <= now);
        self.may_read() && calm && !self.isolation.wants_probe()
    }

    /// True if one more record fits beside so many in the transaction.
    pub(crate) const fn has_room(&self, records: usize) -> bool {
        records < self.isolation.limit() && self.breaker.may_step()
    }

    /// True if so many records must be committed before the next is stepped.
    pub(crate) const fn is_at_limit(&self, records: usize) -> bool {
        records > 0 && records >= self.isolation.limit()
    }

    /// True if the next transaction must have no records.
    pub(crate) const fn wants_probe(&self) -> bool {
        self.isolation.wants_probe()
    }

    /// The earliest time of the next transaction after a failed one.
    pub(crate) const fn backoff_until(&self) -> Option<Time> {
        self.isolation.until()
    }

    /// The times at which something is tried again.
    pub(crate) const fn dues(&self) -> [Option<Time>; 2] {
        [self.isolation.until(), self.breaker.until()]
    }

    /// The reason of the breaker's stop, while it is stopped.
    pub(crate) fn stopped(&self) -> Option<&str> {
        self.breaker.stopped()
    }

    /// The breaker's decision about the batch.
    pub(crate) fn breaker_verdict(&mut self, now: Time) -> BreakerVerdict {
        self.breaker.verdict(now)
    }

    /// True if the stepped records must not be committed, whoever asks.
    pub(crate) const fn forbid_commit(&self) -> bool {
        self.breaker.forbids()
    }

    /// True while what comes of a record is counted and dropped.
    pub(crate) const fn is_on_trial(&self) -> bool {
        self.breaker.is_on_trial()
    }

    /// The admission of a record.
    pub(crate) fn admit(&self, partition: &TopicPartition, offset: Offset) -> Admission {
        let without = match self.isolation.quarantined(partition, offset) {
            Quarantined::All => return Admission::Dead(cannot_commit(None)),
            Quarantined::Elements(elements) => elements,
        };
        match self.isolation.panics_at(partition, offset) {
            Some(why) => Admission::Dead(panics::letter(why)),
            None => Admission::Step { elements: self.isolation.elements(), without },
        }
    }

    /// A record was stepped; `lost` when all that came of it are dead letters.
    pub(crate) fn stepped(&mut self, message: &Message, at: At<'_>, letters: &Letters, lost: bool) {
        let bytes = weight(message);
        match letters.last().filter(|_| lost) {
            Some(last) => self.breaker.lost(last, (&at.input.partition, message.offset), bytes, at.now),
            None => self.breaker.fine(bytes, at.now),
        }
    }

    /// Appends the dead letters of a record.
    pub(crate) fn bury(
        &mut self,
        letters: &Letters,
        at: At<'_>,
        message: &Message,
        batch: &mut Batch,
        out: &mut Output,
    ) {
        self.letters.bury(letters, at, message, batch, out);
    }

    /// Appends a letter about those that were left out, when that is due.
    pub(crate) fn report_left_out(&mut self, now: Time, out: &mut Output) {
        self.letters.report_left_out(now, out);
    }

    /// The next transaction may be the last; true if it has something to report.
    pub(crate) const fn hurry(&mut self) -> bool {
        self.letters.hurry()
    }

    /// A step panicked.
    pub(crate) fn panicked(
        &mut self,
        record: PoisonCandidate,
        why: &str,
        records: usize,
        partitions: usize,
    ) -> AfterFailure {
        self.isolation.panicked(record, why, records, partitions)
    }

    /// A transaction was aborted. `named` is the record that the log named, `only` the only one in it.
    pub(crate) fn aborted(
        &mut self,
        now: Time,
        error: &CommitError,
        named: Option<PoisonCandidate>,
        only: Option<PoisonCandidate>,
        batch: &Batch,
    ) -> AfterFailure {
        match (error, named) {
            (CommitError::Record { .. }, Some(record)) => self.isolation.named(record),
            (CommitError::Displaced(_), _) => self.isolation.displaced(now),
            _ => {
                let (cause, probe) = (error.to_string(), self.isolation.wants_probe());
                let (records, elements) = (batch.records(), batch.elements());
                self.isolation.failed(now, Failure { cause: &cause, records, elements, only, probe })
            }
        }
    }

    /// The outcome of a transaction is unknown.
    pub(crate) fn outcome_unknown(&mut self, now: Time) -> AfterFailure {
        self.isolation.unknown(now)
    }

    /// Notes that the stepped records are done with: committed, or without any trace.
    pub(crate) fn committed(&mut self) {
        self.breaker.committed();
        self.letters.committed();
    }

    /// Notes that a transaction of so many records is in the log; see [`Isolation::committed`].
    pub(crate) fn clear(
        &mut self,
        records: usize,
        probe: bool,
        inside: bool,
        passed: impl Fn(&PoisonCandidate) -> bool,
    ) {
        self.isolation.committed(records, probe, inside, passed);
    }

    /// Notes that the steps since the last commit were dropped.
    pub(crate) fn rolled_back(&mut self, now: Time) {
        self.breaker.rolled_back(now);
        self.letters.rolled_back();
    }

    /// Moves all times back, as the clock was.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.isolation.set_back(by);
        self.breaker.set_back(by);
        self.letters.set_back(by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breaker::BreakerPolicy;
    use crate::dead::DeadLetters;
    use crate::left_out::Allowance;

    fn guards() -> Guards {
        let to = DeadLetters { topic: "dead".to_owned(), max_bytes: 1 << 20 };
        let letters = DeadLetterWriter::new(to, "matcher", "id".to_owned(), Allowance::new(None));
        Guards::new(Isolation::new(Span::from_mins(1)), Breaker::new(BreakerPolicy::OFF), letters)
    }

    fn candidate(element: Option<u32>) -> PoisonCandidate {
        PoisonCandidate { partition: TopicPartition::new("visits", 0), offset: Offset(7), element }
    }

    fn refused() -> CommitError {
        CommitError::Record { topic: "copies".to_owned(), bytes: 9, why: "too large".to_owned() }
    }

    #[test]
    fn a_record_that_the_log_named_is_not_stepped_again() {
        let (mut guards, now) = (guards(), Time::from_millis(0));
        let at = candidate(None);
        let free = Admission::Step { elements: usize::MAX, without: Vec::new() };
        assert_eq!(guards.admit(&at.partition, at.offset), free);
        let batch = Batch::default();
        let named = Some(candidate(Some(4)));
        assert_eq!(guards.aborted(now, &refused(), named, None, &batch), AfterFailure::Retry);
        let without = Admission::Step { elements: usize::MAX, without: vec![4] };
        assert_eq!(guards.admit(&at.partition, at.offset), without);
        guards.aborted(now, &refused(), Some(candidate(None)), None, &batch);
        assert_eq!(guards.admit(&at.partition, at.offset), Admission::Dead(cannot_commit(None)));
        guards.clear(1, false, false, |_| true);
        assert_eq!(guards.admit(&at.partition, at.offset), free);
    }

    #[test]
    fn a_record_on_which_the_role_panics_twice_is_not_stepped_a_third_time() {
        let mut guards = guards();
        let at = candidate(None);
        guards.panicked(candidate(None), "why", 3, 1);
        assert!(guards.has_room(2) && !guards.has_room(3) && guards.is_at_limit(3));
        guards.panicked(candidate(None), "why", 0, 1);
        assert_eq!(guards.admit(&at.partition, at.offset), Admission::Dead(panics::letter("why")));
    }

    #[test]
    fn a_role_that_is_not_ready_reads_nothing() {
        let (mut guards, now) = (guards(), Time::from_millis(0));
        assert!(guards.may_read() && guards.may_step(now));
        guards.turn(false, now);
        assert!(!guards.may_read() && !guards.may_step(now) && !guards.is_ready());
    }

    #[test]
    fn a_displaced_member_waits_a_little_and_blames_no_record() {
        let (mut guards, now) = (guards(), Time::from_millis(0));
        let error = CommitError::Displaced("rebalance".to_owned());
        for _ in 0..10 {
            guards.aborted(now, &error, None, Some(candidate(None)), &Batch::default());
        }
        assert_eq!(guards.backoff_until(), Some(Time::from_millis(10)));
        assert!(!guards.may_step(now) && !guards.wants_probe());
    }
}
