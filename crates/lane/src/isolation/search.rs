//! The search for the record at fault: a batch is halved down to one record, and that down to one element.

use super::{Failure, PoisonCandidate};

/// A record must fail alone so often, with a successful probe before each time but the first.
const FAILURES_ALONE: u32 = 3;

/// The size of the next transactions.
#[derive(Debug)]
pub(super) struct Search {
    /// The most records.
    limit: usize,
    /// The most elements of one record.
    elements: usize,
    /// Records that are to be committed before the limit is lifted.
    left: usize,
    failures_alone: u32,
    probe: bool,
    cause: String,
}

impl Default for Search {
    fn default() -> Self {
        let cause = String::new();
        Self { limit: usize::MAX, elements: usize::MAX, left: 0, failures_alone: 0, probe: false, cause }
    }
}

impl Search {
    /// The most records that the next transaction may hold.
    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    /// The most elements of one record that the next transaction may hold.
    pub(super) const fn elements(&self) -> usize {
        self.elements
    }

    /// True if the next transaction must have no records.
    pub(super) const fn wants_probe(&self) -> bool {
        self.probe
    }

    /// A probe failed: the log is in trouble, and what failed before proves nothing.
    pub(super) fn probe_failed(&mut self) {
        self.failures_alone = self.failures_alone.min(1);
    }

    /// A transaction with records failed; `repeated` when one before it failed, too. The record at fault, once that is
    /// proved.
    pub(super) fn failed(&mut self, failure: Failure<'_>, repeated: bool) -> Option<PoisonCandidate> {
        let again = repeated && self.cause == failure.cause;
        failure.cause.clone_into(&mut self.cause);
        let alone = again || self.failures_alone > 0;
        match failure.only {
            // No record is quarantined for how much comes of it: it is cut until one element fails alone.
            Some(_) if failure.elements > 1 && alone => {
                self.narrow(1, 1);
                self.elements = failure.elements / 2;
                None
            }
            Some(record) if alone => self.failed_alone().then_some(record),
            _ if again && failure.records > 1 => {
                self.narrow(failure.records / 2, failure.records);
                None
            }
            _ => None,
        }
    }

    /// True when it is proved.
    fn failed_alone(&mut self) -> bool {
        self.narrow(1, 1);
        self.failures_alone += 1;
        self.probe = self.failures_alone < FAILURES_ALONE;
        if self.probe {
            return false;
        }
        self.failures_alone = 0;
        true
    }

    /// The next transactions hold at most `limit` records, until `left` are committed.
    pub(super) fn narrow(&mut self, limit: usize, left: usize) {
        self.limit = limit;
        self.left = self.left.max(left);
    }

    /// The element at fault is found: the others go together again.
    pub(super) const fn found(&mut self) {
        self.elements = usize::MAX;
    }

    /// A probe is in the log.
    pub(super) const fn probe_succeeded(&mut self) {
        self.probe = false;
    }

    /// A transaction of so many records is in the log; `inside` when a position is in the middle of one.
    pub(super) const fn committed(&mut self, records: usize, inside: bool) {
        (self.failures_alone, self.probe) = (0, false);
        self.elements = if inside { self.elements.saturating_mul(2) } else { usize::MAX };
        if !inside {
            self.left = self.left.saturating_sub(records);
        }
        if self.left == 0 {
            self.limit = usize::MAX;
        }
    }
}

#[cfg(test)]
mod tests {
    use winback_core::ids::Offset;
    use winback_log::TopicPartition;

    use super::*;

    fn failure(records: usize, cause: &str) -> Failure<'_> {
        let partition = TopicPartition::new("visits", 0);
        let only = (records == 1).then_some(PoisonCandidate { partition, offset: Offset(7), element: None });
        Failure { cause, records, elements: 0, only, probe: false }
    }

    #[test]
    fn failures_of_different_causes_halve_nothing() {
        let mut search = Search::default();
        assert_eq!(search.failed(failure(100, "one"), false), None);
        assert_eq!(search.failed(failure(100, "two"), true), None);
        assert_eq!(search.limit(), usize::MAX);
        search.failed(failure(100, "two"), true);
        assert_eq!(search.limit(), 50);
    }

    #[test]
    fn the_limit_is_lifted_when_all_that_failed_is_committed() {
        let mut search = Search::default();
        search.narrow(50, 100);
        search.committed(50, false);
        assert_eq!(search.limit(), 50);
        search.committed(50, false);
        assert_eq!(search.limit(), usize::MAX);
    }

    #[test]
    fn a_probe_that_fails_takes_the_proof_back() {
        let mut search = Search::default();
        search.failed(failure(1, "why"), false);
        for _ in 0..5 {
            assert_eq!(search.failed(failure(1, "why"), true), None);
            assert!(search.wants_probe());
            search.probe_failed();
        }
        search.probe_succeeded();
        assert_eq!(search.failed(failure(1, "why"), true), None);
        search.probe_succeeded();
        assert!(search.failed(failure(1, "why"), true).is_some());
    }
}
