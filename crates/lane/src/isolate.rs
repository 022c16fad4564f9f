//! Finds the record that no transaction takes, on evidence only.
//!
//! Transactions also fail because the log is in trouble, and then no record may pay for it. So after a batch was halved
//! down to one record, a transaction without it (a probe) must have succeeded between its failures before it is
//! condemned to be a dead letter.

use std::time::Duration;

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::TopicPartition;

use crate::config::span;

/// So often must a record fail alone, a successful probe before each time but the first.
const STRIKES: u32 = 3;
const FIRST_BACKOFF: Duration = Duration::from_millis(10);
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// A record that may be at fault.
pub(crate) type Suspect = (TopicPartition, Offset);

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Try again, after the backoff.
    Again,
    /// No record explains it, for too long or beyond doubt.
    GiveUp,
}

/// A transaction that failed.
#[derive(Debug)]
pub(crate) struct Failure<'a> {
    pub(crate) cause: &'a str,
    /// How many records were stepped in it.
    pub(crate) records: usize,
    /// The only one, when there was one.
    pub(crate) only: Option<Suspect>,
    pub(crate) probe: bool,
}

#[derive(Debug)]
pub(crate) struct Isolation {
    away_limit: Span,
    streak: u32,
    since: Option<Time>,
    until: Option<Time>,
    cause: String,
    limit: usize,
    left: usize,
    strikes: u32,
    probe: bool,
    condemned: Vec<Suspect>,
}

impl Isolation {
    pub(crate) const fn new(away_limit: Span) -> Self {
        Self {
            away_limit,
            streak: 0,
            since: None,
            until: None,
            cause: String::new(),
            limit: usize::MAX,
            left: 0,
            strikes: 0,
            probe: false,
            condemned: Vec::new(),
        }
    }

    /// The most records that the next transaction may hold.
    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// Whether the next transaction must be one without records.
    pub(crate) const fn wants_probe(&self) -> bool {
        self.probe
    }

    /// When the next transaction may be tried.
    pub(crate) const fn until(&self) -> Option<Time> {
        self.until
    }

    /// The clock was set back by that much, and so are the times that were taken from it.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.since.iter_mut().chain(&mut self.until).for_each(|time| *time = *time - by);
    }

    /// Whether this record becomes a dead letter instead of being stepped.
    pub(crate) fn condemns(&self, partition: &TopicPartition, offset: Offset) -> bool {
        !self.condemned.is_empty() && self.condemned.iter().any(|(p, o)| *o == offset && p == partition)
    }

    /// The log named the record itself: no search is needed.
    pub(crate) fn named(&mut self, suspect: Suspect) -> Verdict {
        if self.condemned.contains(&suspect) {
            return Verdict::GiveUp; // its dead letter cannot be taken, either
        }
        self.condemned.push(suspect);
        Verdict::Again
    }

    /// The outcome is unknown, and everything will be read again. A log that never says how a transaction ended is as good
    /// as away.
    pub(crate) fn unknown(&mut self, now: Time) -> Verdict {
        let since = *self.since.get_or_insert(now);
        self.until = Some(now + self.backoff());
        self.streak += 1;
        if now.since(since) > self.away_limit { Verdict::GiveUp } else { Verdict::Again }
    }

    fn backoff(&self) -> Span {
        span(FIRST_BACKOFF.saturating_mul(1 << self.streak.min(16)).min(MAX_BACKOFF))
    }

    /// The group is being shared out anew: no record is to blame, and the partitions that stay are waited for by others.
    pub(crate) fn displaced(&mut self, now: Time) -> Verdict {
        self.until = Some(now + span(FIRST_BACKOFF));
        Verdict::Again
    }

    pub(crate) fn failed(&mut self, now: Time, failure: Failure<'_>) -> Verdict {
        let since = *self.since.get_or_insert(now);
        self.until = Some(now + self.backoff());
        self.streak += 1;
        if now.since(since) > self.away_limit {
            return Verdict::GiveUp;
        }
        if failure.probe {
            self.strikes = self.strikes.min(1); // the log is in trouble: what failed before proves nothing
            return Verdict::Again;
        }
        let again = self.streak > 1 && self.cause == failure.cause;
        failure.cause.clone_into(&mut self.cause);
        match failure.only {
            Some(suspect) if again || self.strikes > 0 => self.strike(suspect),
            _ if again && failure.records > 1 => {
                self.left = self.left.max(failure.records);
                self.limit = failure.records / 2;
                Verdict::Again
            }
            _ => Verdict::Again,
        }
    }

    fn strike(&mut self, suspect: Suspect) -> Verdict {
        (self.limit, self.left) = (1, self.left.max(1));
        self.strikes += 1;
        self.probe = self.strikes < STRIKES;
        if self.strikes < STRIKES {
            return Verdict::Again;
        }
        self.strikes = 0;
        self.named(suspect)
    }

    /// A transaction is in the log. `passed` says whether a record is behind the committed positions.
    pub(crate) fn committed(&mut self, records: usize, probe: bool, passed: impl Fn(&Suspect) -> bool) {
        (self.since, self.until) = (None, None);
        if probe {
            self.probe = false;
            return;
        }
        (self.streak, self.strikes, self.probe) = (0, 0, false);
        self.condemned.retain(|suspect| !passed(suspect));
        self.left = self.left.saturating_sub(records);
        if self.left == 0 {
            self.limit = usize::MAX;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suspect(offset: i64) -> Suspect {
        (TopicPartition::new("visits", 0), Offset(offset))
    }

    fn failure(records: usize, probe: bool) -> Failure<'static> {
        Failure { cause: "why", records, only: (records == 1).then(|| suspect(7)), probe }
    }

    fn fail(isolation: &mut Isolation, records: usize, probe: bool) -> Verdict {
        isolation.failed(Time::from_millis(0), failure(records, probe))
    }

    #[test]
    fn one_failure_halves_nothing_and_the_second_does() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        fail(&mut isolation, 100, false);
        assert_eq!(isolation.limit(), usize::MAX);
        fail(&mut isolation, 100, false);
        assert_eq!(isolation.limit(), 50);
        isolation.committed(50, false, |_| false);
        assert_eq!(isolation.limit(), 50, "the other half is suspect still");
        isolation.committed(50, false, |_| false);
        assert_eq!(isolation.limit(), usize::MAX);
    }

    #[test]
    fn a_record_is_condemned_only_when_transactions_without_it_succeed() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        fail(&mut isolation, 1, false);
        fail(&mut isolation, 1, false);
        for _ in 0..STRIKES - 1 {
            assert!(isolation.wants_probe());
            assert!(!isolation.condemns(&suspect(7).0, Offset(7)));
            isolation.committed(0, true, |_| false);
            assert_eq!(fail(&mut isolation, 1, false), Verdict::Again);
        }
        assert!(isolation.condemns(&suspect(7).0, Offset(7)) && !isolation.wants_probe());
        isolation.committed(1, false, |_| true);
        assert!(!isolation.condemns(&suspect(7).0, Offset(7)));
    }

    #[test]
    fn no_record_pays_for_a_log_in_trouble() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        fail(&mut isolation, 1, false);
        fail(&mut isolation, 1, false);
        for _ in 0..1_000 {
            assert!(isolation.wants_probe());
            assert_eq!(fail(&mut isolation, 0, true), Verdict::Again);
        }
        assert!(!isolation.condemns(&suspect(7).0, Offset(7)));
        let late = isolation.failed(Time::from_millis(60_001), failure(0, true));
        assert_eq!(late, Verdict::GiveUp);
    }

    #[test]
    fn when_the_dead_letter_fails_too_the_lane_gives_up() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        assert_eq!(isolation.named(suspect(7)), Verdict::Again);
        assert_eq!(isolation.named(suspect(8)), Verdict::Again);
        assert_eq!(isolation.named(suspect(7)), Verdict::GiveUp);
    }
}
