//! The times that decide when a transaction is committed.

use winback_core::time::{Span, Time};

use crate::commit::{CommitPolicy, Decision, Pending};
use crate::output::Room;

/// The commit policy with the times that it is applied to.
#[derive(Debug)]
pub(crate) struct CommitTimer {
    policy: CommitPolicy,
    last_commit: Time,
    last_seal: Time,
    last_input: Time,
}

impl CommitTimer {
    pub(crate) const fn new(policy: CommitPolicy, now: Time) -> Self {
        Self { policy, last_commit: now, last_seal: now, last_input: now }
    }

    /// Records came.
    pub(crate) const fn input(&mut self, now: Time) {
        self.last_input = now;
    }

    /// A transaction is sealed; the next heartbeat is counted from here.
    pub(crate) const fn sealed(&mut self, now: Time) {
        self.last_seal = now;
    }

    /// The batch is committed or dropped.
    pub(crate) const fn ended(&mut self, now: Time) {
        self.last_commit = now;
    }

    pub(crate) const fn is_full(&self, records: usize, appends: usize, bytes: usize) -> bool {
        self.policy.is_full(records, appends, bytes)
    }

    /// True if an effect has waited for the time between two commits.
    pub(crate) fn is_overdue(&self, effects_since: Option<Time>, now: Time) -> bool {
        effects_since.is_some_and(|since| since + self.policy.apart <= now)
    }

    /// The room of a transaction for one record of so many elements at most.
    pub(crate) const fn room(&self, elements: usize) -> Room {
        Room { appends: self.policy.max_appends, bytes: self.policy.max_bytes, elements }
    }

    /// The decision; the timer fills in its own times. `heartbeat` is the interval of commits without input.
    pub(crate) fn decide(&self, now: Time, pending: Pending, heartbeat: Option<Span>) -> Decision {
        let (last_commit, last_input) = (self.last_commit, self.last_input);
        let heartbeat = heartbeat.map(|every| self.last_seal + every);
        self.policy.decide(now, &Pending { last_commit, last_input, heartbeat, ..pending })
    }

    /// Moves all times back, as the clock was.
    pub(crate) fn set_back(&mut self, by: Span) {
        let times = [&mut self.last_commit, &mut self.last_seal, &mut self.last_input];
        times.into_iter().for_each(|time| *time = *time - by);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::role::Urgency;

    const fn at(millis: i64) -> Time {
        Time::from_millis(millis)
    }

    fn effects(since: i64) -> Pending {
        Pending {
            effects_since: Some(at(since)),
            moved_since: None,
            urgency: Urgency::Soon,
            last_commit: at(0),
            last_input: at(0),
            heartbeat: None,
            records: 1,
            appends: 1,
            bytes: 1,
        }
    }

    #[test]
    fn an_effect_waits_for_the_input_and_for_the_last_commit() {
        let mut timer = CommitTimer::new(CommitPolicy::default(), at(0));
        timer.input(at(1_000));
        assert_eq!(timer.decide(at(1_000), effects(1_000), None), Decision::Wait(Duration::from_millis(2)));
        timer.ended(at(1_000));
        assert_eq!(timer.decide(at(1_000), effects(1_000), None), Decision::Wait(Duration::from_millis(20)));
        assert_eq!(timer.decide(at(1_020), effects(1_000), None), Decision::Commit);
    }

    #[test]
    fn a_heartbeat_is_counted_from_the_last_seal_and_moves_with_the_clock() {
        let mut timer = CommitTimer::new(CommitPolicy::default(), at(0));
        let idle = Pending { effects_since: None, ..effects(0) };
        timer.sealed(at(5_000));
        let heartbeat = Some(Span::from_secs(1));
        assert_eq!(timer.decide(at(6_000), idle, heartbeat), Decision::Commit);
        timer.set_back(Span::from_secs(2));
        assert_eq!(timer.decide(at(3_999), idle, heartbeat), Decision::Wait(Duration::from_millis(1)));
        assert_eq!(timer.decide(at(9_000), idle, None), Decision::Nothing);
    }

    #[test]
    fn an_effect_is_overdue_after_the_time_between_two_commits() {
        let timer = CommitTimer::new(CommitPolicy::default(), at(0));
        assert!(!timer.is_overdue(None, at(1_000)) && !timer.is_overdue(Some(at(990)), at(1_000)));
        assert!(timer.is_overdue(Some(at(980)), at(1_000)));
    }
}
