//! How far one partition is, in time: the newest record stepped, and the ends that were passed.

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};

use crate::end_offsets::EndOffsets;
use crate::role::ObservedEnd;

/// Times of one partition. They follow the commits, as positions do.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    newest: Option<Time>,
    ends: EndOffsets,
    /// Newest record and passed end as of the last commit.
    settled: (Option<Time>, Option<ObservedEnd>),
    /// An end seen before which everything is committed.
    caught_up_at: Option<Time>,
}

impl Progress {
    /// A record was stepped. A timestamp ahead of the clock says nothing.
    pub(crate) fn stepped(&mut self, timestamp: Time, now: Time) {
        self.newest = self.newest.max(Some(timestamp).filter(|time| *time <= now));
    }

    /// The log said at or after `at` that the input ends at `end`.
    pub(crate) fn observe(&mut self, end: Offset, at: Time) {
        self.ends.observe(end, at);
    }

    /// Everything before `position` was stepped.
    pub(crate) fn advance_to(&mut self, position: Offset) {
        self.ends.advance_to(position);
    }

    /// Everything is committed, and no heartbeat is needed to say so.
    pub(crate) fn idle(&mut self) {
        self.caught_up_at = self.ends.reached().map(|seen| seen.at).max(self.caught_up_at);
    }

    /// What was stepped is in the log.
    pub(crate) fn settle(&mut self) {
        self.settled = (self.newest, self.ends.reached());
        self.caught_up_at = self.ends.reached().map(|seen| seen.at);
    }

    /// Drops what was stepped since the last commit.
    pub(crate) fn roll_back(&mut self) {
        self.newest = self.settled.0;
        self.ends.roll_back(self.settled.1);
    }

    /// Moves all times of the lane's clock back, as it was.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.ends.set_back(by);
        self.settled.1.iter_mut().for_each(|seen| seen.at = seen.at - by);
        self.caught_up_at.iter_mut().for_each(|time| *time = *time - by);
    }

    /// The newest timestamp that was stepped.
    pub(crate) const fn newest(&self) -> Option<Time> {
        self.newest
    }

    /// The latest end seen that was passed.
    pub(crate) const fn reached(&self) -> Option<ObservedEnd> {
        self.ends.reached()
    }

    /// The largest end that the log named.
    pub(crate) const fn known_end(&self) -> Option<Offset> {
        self.ends.known()
    }

    /// The time of an end before which everything is committed.
    pub(crate) const fn caught_up_at(&self) -> Option<Time> {
        self.caught_up_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> Time {
        Time::from_millis(millis)
    }

    #[test]
    fn progress_follows_the_commits() {
        let mut progress = Progress::default();
        progress.stepped(at(10), at(100));
        progress.observe(Offset(1), at(100));
        progress.advance_to(Offset(1));
        progress.settle();
        assert_eq!((progress.newest(), progress.caught_up_at()), (Some(at(10)), Some(at(100))));
        progress.stepped(at(20), at(200));
        progress.observe(Offset(2), at(200));
        progress.advance_to(Offset(2));
        progress.roll_back();
        let passed = progress.reached().map(|seen| seen.at);
        assert_eq!((progress.newest(), passed), (Some(at(10)), Some(at(100))));
    }

    #[test]
    fn a_timestamp_ahead_of_the_clock_is_no_progress() {
        let mut progress = Progress::default();
        progress.stepped(at(500), at(100));
        assert_eq!(progress.newest(), None);
    }

    #[test]
    fn an_idle_partition_is_caught_up_since_the_end_that_it_passed_last() {
        let mut progress = Progress::default();
        progress.observe(Offset(1), at(100));
        progress.advance_to(Offset(1));
        progress.settle();
        progress.observe(Offset(1), at(300));
        progress.advance_to(Offset(1));
        progress.idle();
        assert_eq!(progress.caught_up_at(), Some(at(300)));
        progress.set_back(Span::from_millis(50));
        assert_eq!(progress.caught_up_at(), Some(at(250)));
    }
}
