//! A question to the log that is asked again and again with little time, because the lane has other work meanwhile.
//!
//! The time grows with each answer that did not come, so that a slow log is heard in the end; and as much time lies between
//! two attempts as the last one took.

use std::time::Duration;

use winback_core::time::{Span, Time};

use crate::config::span;

/// The longest that one attempt keeps the lane from its work.
const LONGEST: Duration = Duration::from_millis(400);
/// After this many attempts the time is doubled.
const DOUBLED_AFTER: u32 = 4;

/// The unanswered attempts of a request, and the time of the first.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    missed: u32,
    since: Option<Time>,
    due: Option<Time>,
}

impl Patience {
    pub(crate) fn is_due(&self, now: Time) -> bool {
        self.due.is_none_or(|due| due <= now)
    }

    /// The time of the next attempt, if the last one failed.
    pub(crate) const fn due(&self) -> Option<Time> {
        self.due
    }

    /// The time limit of the next attempt, if the first one has `first`.
    pub(crate) fn budget(&self, first: Duration) -> Duration {
        let doubled = (self.missed / DOUBLED_AFTER).min(8);
        (first * 2_u32.pow(doubled)).min(LONGEST.max(first))
    }

    /// No answer, in an attempt that began at `began` with that budget; how long there has been none.
    pub(crate) fn missed(&mut self, began: Time, now: Time, budget: Duration) -> Span {
        self.missed = self.missed.saturating_add(1);
        self.due = Some(now + span(budget));
        now.since(*self.since.get_or_insert(began))
    }

    /// True if it is time to tell people.
    pub(crate) const fn is_news(&self) -> bool {
        self.missed == 2 * DOUBLED_AFTER
    }

    pub(crate) fn answered(&mut self) {
        *self = Self::default();
    }

    /// The clock was set back by that much.
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
        let (mut patience, now) = (Patience::default(), Time::from_millis(1_000));
        let mut budgets = Vec::new();
        for _ in 0..40 {
            budgets.push(patience.budget(FIRST).as_millis());
            patience.missed(now, now, patience.budget(FIRST));
        }
        assert_eq!(budgets[..9], [50, 50, 50, 50, 100, 100, 100, 100, 200]);
        assert_eq!(budgets.last(), Some(&400));
        patience.answered();
        assert_eq!(patience.budget(FIRST), FIRST);
    }

    #[test]
    fn between_two_attempts_is_as_much_time_as_one_took() {
        let (mut patience, now) = (Patience::default(), Time::from_millis(1_000));
        assert!(patience.is_due(now));
        patience.missed(now, now + Span::from_millis(50), FIRST);
        assert!(!patience.is_due(now + Span::from_millis(99)));
        assert!(patience.is_due(now + Span::from_millis(100)));
        let later = now + Span::from_millis(100);
        assert_eq!(patience.missed(later, later + Span::from_millis(50), FIRST), Span::from_millis(150));
    }
}
