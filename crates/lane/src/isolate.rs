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
/// So often may a step panic on the next record of a partition before anything is committed.
const PANICS: usize = 2;
const FIRST_BACKOFF: Duration = Duration::from_millis(10);
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// A record that may be at fault, or an element of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suspect {
    pub(crate) partition: TopicPartition,
    pub(crate) offset: Offset,
    /// `None` for a record that is not stepped element by element.
    pub(crate) element: Option<u32>,
}

/// What of a record is not stepped any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condemned {
    All,
    /// These elements, mostly none.
    Elements(Vec<u32>),
}

/// The decision after a failure.
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
    /// The number of stepped records.
    pub(crate) records: usize,
    /// How many elements of the only one.
    pub(crate) elements: usize,
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
    /// The most elements of one record.
    elements: usize,
    left: usize,
    strikes: u32,
    probe: bool,
    condemned: Vec<Suspect>,
    panicky: Vec<Panicky>,
    /// Steps that panicked since the last commit.
    panics: usize,
}

/// A record on which the role panicked.
#[derive(Debug)]
struct Panicky {
    suspect: Suspect,
    why: String,
    /// It panicked twice.
    is_sure: bool,
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
            elements: usize::MAX,
            left: 0,
            strikes: 0,
            probe: false,
            condemned: Vec::new(),
            panicky: Vec::new(),
            panics: 0,
        }
    }

    /// The most records that the next transaction may hold.
    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// The most elements of one record that the next transaction may hold.
    pub(crate) const fn elements(&self) -> usize {
        self.elements
    }

    /// True if the next transaction must have no records.
    pub(crate) const fn wants_probe(&self) -> bool {
        self.probe
    }

    /// The earliest time of the next transaction.
    pub(crate) const fn until(&self) -> Option<Time> {
        self.until
    }

    /// The clock was set back by that much, and so are the times that were taken from it.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.since.iter_mut().chain(&mut self.until).for_each(|time| *time = *time - by);
    }

    /// What of this record becomes a dead letter instead of being stepped.
    pub(crate) fn condemns(&self, partition: &TopicPartition, offset: Offset) -> Condemned {
        let of_record = |suspect: &&Suspect| suspect.offset == offset && suspect.partition == *partition;
        let mut elements = Vec::new();
        for suspect in self.condemned.iter().filter(of_record) {
            match suspect.element {
                None => return Condemned::All,
                Some(element) => elements.push(element),
            }
        }
        Condemned::Elements(elements)
    }

    /// Why this record becomes a dead letter instead of being stepped: the role panics on it.
    pub(crate) fn panics_at(&self, partition: &TopicPartition, offset: Offset) -> Option<&str> {
        let is = |known: &&Panicky| {
            known.is_sure && known.suspect.offset == offset && known.suspect.partition == *partition
        };
        self.panicky.iter().find(is).map(|known| known.why.as_str())
    }

    /// A step panicked, `records` before it in its batch. Those are committed first, then the record is stepped from
    /// what they left: when it panics again it is at fault. Each partition may have such a record next; where more steps
    /// panic than these explain, and nothing comes into the log, the lane gives up.
    pub(crate) fn panicked(
        &mut self,
        suspect: Suspect,
        why: &str,
        records: usize,
        partitions: usize,
    ) -> Verdict {
        self.limit = records.max(1);
        self.left = self.left.max(records + 1);
        self.panics += 1;
        match self.panicky.iter_mut().find(|known| known.suspect == suspect) {
            Some(known) => (known.why, known.is_sure) = (why.to_owned(), true),
            None => self.panicky.push(Panicky { suspect, why: why.to_owned(), is_sure: false }),
        }
        if self.panics > PANICS * partitions.max(1) { Verdict::GiveUp } else { Verdict::Again }
    }

    /// The log named the record itself: no search is needed.
    pub(crate) fn named(&mut self, suspect: Suspect) -> Verdict {
        if self.condemned.contains(&suspect) {
            return Verdict::GiveUp; // its dead letter cannot be taken, either
        }
        self.condemned.push(suspect);
        self.elements = usize::MAX;
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
            // No record is condemned for how much comes of it: it is cut until one element fails alone.
            Some(_) if failure.elements > 1 && (again || self.strikes > 0) => {
                self.limit = 1;
                self.left = self.left.max(1);
                self.elements = failure.elements / 2;
                Verdict::Again
            }
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

    /// A transaction is in the log. `passed` says whether a record is behind the committed positions; `within`, whether a
    /// position is in the middle of one.
    pub(crate) fn committed(
        &mut self,
        records: usize,
        probe: bool,
        within: bool,
        passed: impl Fn(&Suspect) -> bool,
    ) {
        (self.since, self.until) = (None, None);
        if probe {
            self.probe = false;
            return;
        }
        (self.streak, self.strikes, self.probe) = (0, 0, false);
        self.panics = 0;
        self.condemned.retain(|suspect| !passed(suspect));
        self.elements = if within { self.elements.saturating_mul(2) } else { usize::MAX };
        self.panicky.retain(|known| !passed(&known.suspect));
        if !within {
            self.left = self.left.saturating_sub(records);
        }
        if self.left == 0 {
            self.limit = usize::MAX;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suspect(offset: i64) -> Suspect {
        Suspect { partition: TopicPartition::new("visits", 0), offset: Offset(offset), element: None }
    }

    fn failure(records: usize, probe: bool) -> Failure<'static> {
        Failure { cause: "why", records, elements: 0, only: (records == 1).then(|| suspect(7)), probe }
    }

    fn fail(isolation: &mut Isolation, records: usize, probe: bool) -> Verdict {
        isolation.failed(Time::from_millis(0), failure(records, probe))
    }

    fn condemns(isolation: &Isolation) -> bool {
        isolation.condemns(&suspect(7).partition, Offset(7)) == Condemned::All
    }

    #[test]
    fn one_failure_halves_nothing_and_the_second_does() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        fail(&mut isolation, 100, false);
        assert_eq!(isolation.limit(), usize::MAX);
        fail(&mut isolation, 100, false);
        assert_eq!(isolation.limit(), 50);
        isolation.committed(50, false, false, |_| false);
        assert_eq!(isolation.limit(), 50, "the other half is suspect still");
        isolation.committed(50, false, false, |_| false);
        assert_eq!(isolation.limit(), usize::MAX);
    }

    #[test]
    fn a_record_is_condemned_only_when_transactions_without_it_succeed() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        fail(&mut isolation, 1, false);
        fail(&mut isolation, 1, false);
        for _ in 0..STRIKES - 1 {
            assert!(isolation.wants_probe());
            assert!(!condemns(&isolation));
            isolation.committed(0, true, false, |_| false);
            assert_eq!(fail(&mut isolation, 1, false), Verdict::Again);
        }
        assert!(condemns(&isolation) && !isolation.wants_probe());
        isolation.committed(1, false, false, |_| true);
        assert!(!condemns(&isolation));
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
        assert!(!condemns(&isolation));
        let late = isolation.failed(Time::from_millis(60_001), failure(0, true));
        assert_eq!(late, Verdict::GiveUp);
    }

    #[test]
    fn a_record_on_which_the_role_panics_twice_is_at_fault() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        let Suspect { partition: at, offset, .. } = suspect(7);
        assert_eq!(isolation.panicked(suspect(7), "why", 40, 1), Verdict::Again);
        assert_eq!((isolation.limit(), isolation.panics_at(&at, offset)), (40, None));
        isolation.committed(40, false, false, |_| false);
        assert_eq!(isolation.panicked(suspect(7), "why", 0, 1), Verdict::Again);
        assert_eq!((isolation.limit(), isolation.panics_at(&at, offset)), (1, Some("why")));
        isolation.committed(1, false, false, |_| true);
        assert_eq!((isolation.limit(), isolation.panics_at(&at, offset)), (usize::MAX, None));
    }

    #[test]
    fn steps_that_panic_while_nothing_is_committed_end_the_lane() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        for offset in 7..11 {
            assert_eq!(isolation.panicked(suspect(offset), "why", 0, 2), Verdict::Again);
        }
        assert_eq!(isolation.panicked(suspect(11), "why", 0, 2), Verdict::GiveUp);
    }

    #[test]
    fn when_the_dead_letter_fails_too_the_lane_gives_up() {
        let mut isolation = Isolation::new(Span::from_mins(1));
        assert_eq!(isolation.named(suspect(7)), Verdict::Again);
        assert_eq!(isolation.named(suspect(8)), Verdict::Again);
        assert_eq!(isolation.named(suspect(7)), Verdict::GiveUp);
    }

    fn fail_of(isolation: &mut Isolation, elements: usize, element: u32) -> Verdict {
        let only = Some(Suspect { element: Some(element), ..suspect(7) });
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
        for _ in 0..STRIKES - 1 {
            isolation.committed(0, true, true, |_| false);
            fail_of(&mut isolation, 1, 30);
        }
        let partition = suspect(7).partition;
        assert_eq!(isolation.condemns(&partition, Offset(7)), Condemned::Elements(vec![30]));
        assert_eq!(isolation.condemns(&partition, Offset(8)), Condemned::Elements(Vec::new()));
        assert_eq!(isolation.elements(), usize::MAX, "the others go together again");
        isolation.committed(1, false, false, |_| true);
        assert_eq!(isolation.condemns(&partition, Offset(7)), Condemned::Elements(Vec::new()));
    }
}
