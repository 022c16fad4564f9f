//! A request to the log that is repeated with little time each, because the lane has other work meanwhile.
//!
//! The time limit grows with each answer that did not come, so that a slow log is heard in the end. Between two attempts
//! lies as much time as the last one took.

use std::time::Duration;

use winback_core::time::{Span, Time};

use crate::config::span;

/// The longest that one attempt keeps the lane from its work.
const LONGEST: Duration = Duration::from_millis(400);
/// After this many attempts the time is doubled.
const DOUBLED_AFTER: u32 = 4;

/// The result of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer<T> {
    /// Nothing was asked: there is nothing to ask, or it is too early.
    NotAsked,
    /// The log did not answer in time.
    Missing(Missing),
    /// The log's answer.
    Here(T),
}

/// An answer that did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// The time since the first attempt began.
    pub(crate) waited: Span,
    /// It is time to report it; true once.
    pub(crate) is_news: bool,
}

/// The unanswered attempts of a request, and the time of the first.
#[derive(Debug, Default)]
pub(crate) struct RetryBudget {
    missed: u32,
    since: Option<Time>,
    due: Option<Time>,
}

impl RetryBudget {
    pub(crate) fn is_due(&self, now: Time) -> bool {
        self.due.is_none_or(|due| due <= now)
    }

    /// The time of the next attempt, if the last one failed.
    pub(crate) const fn due(&self) -> Option<Time> {
        self.due
    }

    /// The time limit of the next attempt, if the first one has `first`.
    pub(crate) fn limit(&self, first: Duration) -> Duration {
        let doubled = (self.missed / DOUBLED_AFTER).min(8);
        (first * 2_u32.pow(doubled)).min(LONGEST.max(first))
    }

    /// Notes that an attempt which began at `began` with that time limit had no answer.
    pub(crate) fn missed(&mut self, began: Time, now: Time, limit: Duration) -> Missing {
        self.missed = self.missed.saturating_add(1);
        self.due = Some(now + span(limit));
        let waited = now.since(*self.since.get_or_insert(began));
        Missing { waited, is_news: self.missed == 2 * DOUBLED_AFTER }
    }

    pub(crate) fn answered(&mut self) {
        *self = Self::default();
    }

    /// Moves all times back, as the clock was.
    pub(crate) fn set_back(&mut self, by: Span) {
        [&mut self.since, &mut self.due].into_iter().flatten().for_each(|time| *time = *time - by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(50);

    #[test]
    fn the_time_for_an_answer_grows_and_an_answer_begins_it_anew() {
        let (mut budget, now) = (RetryBudget::default(), Time::from_millis(1_000));
        let (mut limits, mut news) = (Vec::new(), Vec::new());
        for attempt in 1..=40 {
            limits.push(budget.limit(FIRST).as_millis());
            if budget.missed(now, now, budget.limit(FIRST)).is_news {
                news.push(attempt);
            }
        }
        assert_eq!(limits[..9], [50, 50, 50, 50, 100, 100, 100, 100, 200]);
        assert_eq!(limits.last(), Some(&400));
        assert_eq!(news, [8], "it is reported once");
        budget.answered();
        assert_eq!(budget.limit(FIRST), FIRST);
    }

    #[test]
    fn between_two_attempts_is_as_much_time_as_one_took() {
        let (mut budget, now) = (RetryBudget::default(), Time::from_millis(1_000));
        assert!(budget.is_due(now));
        budget.missed(now, now + Span::from_millis(50), FIRST);
        assert!(!budget.is_due(now + Span::from_millis(99)));
        assert!(budget.is_due(now + Span::from_millis(100)));
        let later = now + Span::from_millis(100);
        let waited = budget.missed(later, later + Span::from_millis(50), FIRST).waited;
        assert_eq!(waited, Span::from_millis(150));
    }
}
