//! The end offsets of an input with the time of each, and the last one that the lane has passed: the base of rule R2's
//! progress. The clock is read before the log is asked, so that no earlier record can be behind the end.

use std::collections::VecDeque;

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};

use crate::role::ObservedEnd;

/// More ends than this are not kept: every second one is forgotten, which makes progress coarser, never wrong.
const KEPT: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct EndOffsets {
    ahead: VecDeque<ObservedEnd>,
    reached: Option<ObservedEnd>,
    known: Option<Offset>,
}

impl EndOffsets {
    /// The log said at or after `at` that the input ends at `end`.
    pub(crate) fn observe(&mut self, end: Offset, at: Time) {
        self.known = self.known.max(Some(end));
        match self.ahead.back_mut() {
            // The same end again: whoever passes it has passed all that was appended before the later time.
            Some(last) if last.end == end => last.at = last.at.max(at),
            Some(last) if last.end > end => {}
            _ => self.ahead.push_back(ObservedEnd { end, at }),
        }
        if self.ahead.len() > KEPT {
            let mut nth = 0;
            self.ahead.retain(|_| {
                nth += 1;
                nth % 2 == 1
            });
        }
    }

    /// Everything before `position` was stepped.
    pub(crate) fn advance_to(&mut self, position: Offset) {
        while let Some(first) = self.ahead.front().copied() {
            if first.end > position {
                return;
            }
            self.reached = Some(first);
            self.ahead.pop_front();
        }
    }

    /// The latest end seen that was passed.
    pub(crate) const fn reached(&self) -> Option<ObservedEnd> {
        self.reached
    }

    /// Drops the later steps: goes back to the end that had been passed then.
    pub(crate) fn roll_back(&mut self, passed: Option<ObservedEnd>) {
        self.reached = passed;
        self.ahead.clear();
    }

    /// The clock was set back by that much, and so is what was seen by it: how long ago it was stays true.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.ahead.iter_mut().chain(&mut self.reached).for_each(|seen| seen.at = seen.at - by);
    }

    /// The largest end that the log named when asked.
    pub(crate) const fn known(&self) -> Option<Offset> {
        self.known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn end(end: i64, at: i64) -> ObservedEnd {
        ObservedEnd { end: Offset(end), at: Time::from_millis(at) }
    }

    fn observe(ends: &mut EndOffsets, seen: ObservedEnd) {
        ends.observe(seen.end, seen.at);
    }

    #[test]
    fn an_end_counts_from_when_it_was_passed_with_the_time_it_was_seen() {
        let mut ends = EndOffsets::default();
        observe(&mut ends, end(10, 100));
        observe(&mut ends, end(20, 200));
        ends.advance_to(Offset(9));
        assert_eq!(ends.reached(), None);
        ends.advance_to(Offset(12));
        assert_eq!(ends.reached(), Some(end(10, 100)));
        ends.advance_to(Offset(20));
        assert_eq!(ends.reached(), Some(end(20, 200)));
    }

    #[test]
    fn the_same_end_seen_again_speaks_of_the_later_time() {
        let mut ends = EndOffsets::default();
        observe(&mut ends, end(10, 100));
        ends.advance_to(Offset(10));
        observe(&mut ends, end(10, 300));
        ends.advance_to(Offset(10));
        assert_eq!(ends.reached(), Some(end(10, 300)));
    }

    #[test]
    fn a_lane_far_behind_keeps_few_ends_and_the_newest() {
        let mut ends = EndOffsets::default();
        (0..10_000).for_each(|n| observe(&mut ends, end(n, n)));
        assert!(ends.ahead.len() <= KEPT);
        ends.advance_to(Offset(10_000));
        assert!(
            ends.reached().is_some_and(|seen| seen.at >= Time::from_millis(9_998)),
            "{:?}",
            ends.reached()
        );
    }

    #[test]
    fn when_the_clock_is_set_back_it_stays_as_long_ago_as_it_was() {
        let mut ends = EndOffsets::default();
        observe(&mut ends, end(10, 5_000));
        ends.advance_to(Offset(10));
        observe(&mut ends, end(20, 5_500));
        ends.set_back(Span::from_secs(4));
        assert_eq!(ends.reached(), Some(end(10, 1_000)));
        ends.advance_to(Offset(20));
        assert_eq!(ends.reached(), Some(end(20, 1_500)));
    }

    #[test]
    fn a_roll_back_forgets_what_was_passed_by_what_was_dropped() {
        let mut ends = EndOffsets::default();
        observe(&mut ends, end(10, 100));
        ends.advance_to(Offset(10));
        ends.roll_back(None);
        ends.advance_to(Offset(10));
        assert_eq!(ends.reached(), None);
        assert_eq!(ends.known(), Some(Offset(10)));
    }
}
