//! The time between failing transactions, and how long they have failed.

use std::time::Duration;

use winback_core::time::{Span, Time};

use crate::config::span;

const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(2);

/// Failures in a row.
#[derive(Debug)]
pub(super) struct Backoff {
    limit: Span,
    failures: u32,
    since: Option<Time>,
    until: Option<Time>,
}

impl Backoff {
    pub(super) const fn new(limit: Span) -> Self {
        Self { limit, failures: 0, since: None, until: None }
    }

    /// The earliest time of the next transaction.
    pub(super) const fn until(&self) -> Option<Time> {
        self.until
    }

    /// True if more than one transaction failed since one succeeded.
    pub(super) const fn is_repeated(&self) -> bool {
        self.failures > 1
    }

    /// A transaction failed; false when they have failed for too long.
    pub(super) fn failed(&mut self, now: Time) -> bool {
        let since = *self.since.get_or_insert(now);
        let wait = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.until = Some(now + span(wait));
        self.failures += 1;
        now.since(since) <= self.limit
    }

    /// The next attempt comes soon, and this failure is not counted.
    pub(super) fn again_soon(&mut self, now: Time) {
        self.until = Some(now + span(FIRST));
    }

    /// A transaction is in the log. A probe proves that the log works, and nothing of the records.
    pub(super) const fn succeeded(&mut self, probe: bool) {
        (self.since, self.until) = (None, None);
        if !probe {
            self.failures = 0;
        }
    }

    /// Moves all times back, as the clock was.
    pub(super) fn set_back(&mut self, by: Span) {
        self.since.iter_mut().chain(&mut self.until).for_each(|time| *time = *time - by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> Time {
        Time::from_millis(millis)
    }

    #[test]
    fn the_wait_doubles_to_its_limit_and_a_success_begins_it_anew() {
        let mut backoff = Backoff::new(Span::from_mins(1));
        let waits: Vec<i64> = (0..10)
            .map(|_| {
                backoff.failed(at(0));
                backoff.until().map_or(0, Time::millis)
            })
            .collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1_280, 2_000, 2_000]);
        backoff.succeeded(true);
        assert!(backoff.is_repeated(), "a probe does not clear the records");
        backoff.succeeded(false);
        assert!(!backoff.is_repeated() && backoff.until().is_none());
    }

    #[test]
    fn failures_that_last_longer_than_the_limit_are_too_many() {
        let mut backoff = Backoff::new(Span::from_secs(1));
        assert!(backoff.failed(at(0)) && backoff.failed(at(1_000)) && !backoff.failed(at(1_001)));
        backoff.succeeded(true);
        assert!(backoff.failed(at(5_000)), "the log worked in between");
    }
}
