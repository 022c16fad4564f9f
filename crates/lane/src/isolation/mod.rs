//! Finds the record that no transaction takes, on evidence only.
//!
//! Transactions also fail because the log is in trouble, and then no record may pay for it. So after a batch was halved
//! down to one record, a transaction without it (a probe) must have succeeded between its failures. Only then is it
//! quarantined: it becomes a dead letter.

mod backoff;
mod quarantine;
mod search;

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::TopicPartition;

use self::backoff::Backoff;
use self::quarantine::Quarantine;
pub(crate) use self::quarantine::Quarantined;
use self::search::Search;

/// A record that may be at fault, or an element of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PoisonCandidate {
    pub(crate) partition: TopicPartition,
    pub(crate) offset: Offset,
    /// `None` for a record that is not stepped element by element.
    pub(crate) element: Option<u32>,
}

impl PoisonCandidate {
    fn is_at(&self, partition: &TopicPartition, offset: Offset) -> bool {
        self.offset == offset && self.partition == *partition
    }
}

/// The decision after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterFailure {
    /// The lane tries again, after the backoff.
    Retry,
    /// No record explains it, for too long or beyond doubt.
    GiveUp,
}

/// A transaction that failed.
#[derive(Debug)]
pub(crate) struct Failure<'a> {
    pub(crate) cause: &'a str,
    /// The number of stepped records.
    pub(crate) records: usize,
    /// The number of elements of the only one.
    pub(crate) elements: usize,
    /// The only one, when there was one.
    pub(crate) only: Option<PoisonCandidate>,
    pub(crate) probe: bool,
}

/// The lane's memory of failed transactions and panics.
#[derive(Debug)]
pub(crate) struct Isolation {
    backoff: Backoff,
    search: Search,
    quarantine: Quarantine,
}

impl Isolation {
    /// Gives up when every transaction has failed for longer than `limit`.
    pub(crate) fn new(limit: Span) -> Self {
        Self { backoff: Backoff::new(limit), search: Search::default(), quarantine: Quarantine::default() }
    }

    /// The most records that the next transaction may hold.
    pub(crate) const fn limit(&self) -> usize {
        self.search.limit()
    }

    /// The most elements of one record that the next transaction may hold.
    pub(crate) const fn elements(&self) -> usize {
        self.search.elements()
    }

    /// True if the next transaction must have no records.
    pub(crate) const fn wants_probe(&self) -> bool {
        self.search.wants_probe()
    }

    /// The earliest time of the next transaction.
    pub(crate) const fn until(&self) -> Option<Time> {
        self.backoff.until()
    }

    /// Moves all times back, as the clock was.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.backoff.set_back(by);
    }

    /// The part of this record that becomes a dead letter instead of being stepped.
    pub(crate) fn quarantined(&self, partition: &TopicPartition, offset: Offset) -> Quarantined {
        self.quarantine.of(partition, offset)
    }

    /// The text of the panic, for a record that becomes a dead letter because the role panics on it.
    pub(crate) fn panics_at(&self, partition: &TopicPartition, offset: Offset) -> Option<&str> {
        self.quarantine.panics_at(partition, offset)
    }

    /// A step panicked, `records` before it in its batch. Those are committed first, then the record is stepped from
    /// what they left: when it panics again it is at fault.
    pub(crate) fn panicked(
        &mut self,
        record: PoisonCandidate,
        why: &str,
        records: usize,
        partitions: usize,
    ) -> AfterFailure {
        self.search.narrow(records.max(1), records + 1);
        self.quarantine.panicked(record, why, partitions)
    }

    /// The log named the record itself: no search is needed.
    pub(crate) fn named(&mut self, record: PoisonCandidate) -> AfterFailure {
        let after = self.quarantine.add(record);
        if after == AfterFailure::Retry {
            self.search.found();
        }
        after
    }

    /// The outcome is unknown, and everything will be read again. A log that never says how a transaction ended is as good
    /// as unavailable.
    pub(crate) fn unknown(&mut self, now: Time) -> AfterFailure {
        if self.backoff.failed(now) { AfterFailure::Retry } else { AfterFailure::GiveUp }
    }

    /// The group is being shared out anew: no record is to blame, and the partitions that stay are waited for by others.
    pub(crate) fn displaced(&mut self, now: Time) -> AfterFailure {
        self.backoff.again_soon(now);
        AfterFailure::Retry
    }

    pub(crate) fn failed(&mut self, now: Time, failure: Failure<'_>) -> AfterFailure {
        if !self.backoff.failed(now) {
            return AfterFailure::GiveUp;
        }
        if failure.probe {
            self.search.probe_failed();
            return AfterFailure::Retry;
        }
        let found = self.search.failed(failure, self.backoff.is_repeated());
        found.map_or(AfterFailure::Retry, |record| self.named(record))
    }

    /// A transaction is in the log. `passed` tells which records lie behind the committed positions; `inside`, that a
    /// position is in the middle of one.
    pub(crate) fn committed(
        &mut self,
        records: usize,
        probe: bool,
        inside: bool,
        passed: impl Fn(&PoisonCandidate) -> bool,
    ) {
        self.backoff.succeeded(probe);
        if probe {
            self.search.probe_succeeded();
            return;
        }
        self.search.committed(records, inside);
        self.quarantine.committed(passed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILURES_ALONE: u32 = 3;

    fn candidate(offset: i64) -> PoisonCandidate {
        PoisonCandidate { partition: TopicPartition::new("visits", 0), offset: Offset(offset), element: None }
    }

    fn failure(records: usize, probe: bool) -> Failure<'static> {
        Failure { cause: "why", records, elements: 0, only: (records == 1).then(|| candidate(7)), probe }
    }

    fn fail(isolation: &mut Isolation, records: usize, probe: bool) -> AfterFailure {
        isolation.failed(Time::from_millis(0), failure(records, probe))
    }

    fn is_quarantined(isolation: &Isolation) -> bool {
        isolation.quarantined(&candidate(7).partition, Offset(7)) == Quarantined::All
    }

    #[test]
    fn one_failure_halves_nothing_and_the_second_does() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        fail(&mut isolation, 100, false);
        assert_eq!(isolation.limit(), usize::MAX);
        fail(&mut isolation, 100, false);
        assert_eq!(isolation.limit(), 50);
        isolation.committed(50, false, false, |_| false);
        assert_eq!(isolation.limit(), 50, "the other half may be at fault");
        isolation.committed(50, false, false, |_| false);
        assert_eq!(isolation.limit(), usize::MAX);
    }

    #[test]
    fn a_record_is_quarantined_only_when_transactions_without_it_succeed() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        fail(&mut isolation, 1, false);
        fail(&mut isolation, 1, false);
        for _ in 0..FAILURES_ALONE - 1 {
            assert!(isolation.wants_probe());
            assert!(!is_quarantined(&isolation));
            isolation.committed(0, true, false, |_| false);
            assert_eq!(fail(&mut isolation, 1, false), AfterFailure::Retry);
        }
        assert!(is_quarantined(&isolation) && !isolation.wants_probe());
        isolation.committed(1, false, false, |_| true);
        assert!(!is_quarantined(&isolation));
    }

    #[test]
    fn no_record_pays_for_a_log_in_trouble() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        fail(&mut isolation, 1, false);
        fail(&mut isolation, 1, false);
        for _ in 0..1_000 {
            assert!(isolation.wants_probe());
            assert_eq!(fail(&mut isolation, 0, true), AfterFailure::Retry);
        }
        assert!(!is_quarantined(&isolation));
        let late = isolation.failed(Time::from_millis(60_001), failure(0, true));
        assert_eq!(late, AfterFailure::GiveUp);
    }

    #[test]
    fn a_record_on_which_the_role_panics_twice_is_at_fault() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        let PoisonCandidate { partition: at, offset, .. } = candidate(7);
        assert_eq!(isolation.panicked(candidate(7), "why", 40, 1), AfterFailure::Retry);
        assert_eq!((isolation.limit(), isolation.panics_at(&at, offset)), (40, None));
        isolation.committed(40, false, false, |_| false);
        assert_eq!(isolation.panicked(candidate(7), "why", 0, 1), AfterFailure::Retry);
        assert_eq!((isolation.limit(), isolation.panics_at(&at, offset)), (1, Some("why")));
        isolation.committed(1, false, false, |_| true);
        assert_eq!((isolation.limit(), isolation.panics_at(&at, offset)), (usize::MAX, None));
    }

    #[test]
    fn steps_that_panic_while_nothing_is_committed_end_the_lane() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        for offset in 7..11 {
            assert_eq!(isolation.panicked(candidate(offset), "why", 0, 2), AfterFailure::Retry);
        }
        assert_eq!(isolation.panicked(candidate(11), "why", 0, 2), AfterFailure::GiveUp);
    }

    #[test]
    fn when_the_dead_letter_fails_too_the_lane_gives_up() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        assert_eq!(isolation.named(candidate(7)), AfterFailure::Retry);
        assert_eq!(isolation.named(candidate(8)), AfterFailure::Retry);
        assert_eq!(isolation.named(candidate(7)), AfterFailure::GiveUp);
    }

    fn fail_of(isolation: &mut Isolation, elements: usize, element: u32) -> AfterFailure {
        let only = Some(PoisonCandidate { element: Some(element), ..candidate(7) });
        let failure = Failure { cause: "why", records: 1, elements, only, probe: false };
        isolation.failed(Time::from_millis(0), failure)
    }

    #[test]
    fn a_record_with_elements_is_cut_until_one_of_them_fails_alone() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        fail_of(&mut isolation, 100, 99);
        assert_eq!(isolation.elements(), usize::MAX, "one failure proves nothing");
        for half in [50, 25] {
            fail_of(&mut isolation, half * 2, 99);
            assert_eq!((isolation.elements(), isolation.wants_probe()), (half, false));
        }
        isolation.committed(1, false, true, |_| false);
        assert_eq!(
            (isolation.elements(), isolation.limit()),
            (50, 1),
            "what went well may be more next time"
        );
        fail_of(&mut isolation, 1, 30);
        fail_of(&mut isolation, 1, 30);
        for _ in 0..FAILURES_ALONE - 1 {
            isolation.committed(0, true, true, |_| false);
            fail_of(&mut isolation, 1, 30);
        }
        let partition = candidate(7).partition;
        assert_eq!(isolation.quarantined(&partition, Offset(7)), Quarantined::Elements(vec![30]));
        assert_eq!(isolation.quarantined(&partition, Offset(8)), Quarantined::Elements(Vec::new()));
        assert_eq!(isolation.elements(), usize::MAX, "the others go together again");
        isolation.committed(1, false, false, |_| true);
        assert_eq!(isolation.quarantined(&partition, Offset(7)), Quarantined::Elements(Vec::new()));
    }
}
