//! The running transaction: its records, its work, its time, and what each way of failing means.

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::{CommitError, FailPoint, Session, TopicPartition, fail_point};

use crate::batch::Batch;
use crate::commit::{Decision, Pending};
use crate::commit_timer::CommitTimer;
use crate::error::LaneError;
use crate::observer::Committed;
use crate::output::{Origin, Output, Room};
use crate::panics::Panicked;
use crate::role::Urgency;

/// The steps since the last commit, with what they write.
#[derive(Debug)]
pub(crate) struct Transaction {
    id: String,
    out: Output,
    batch: Batch,
    timer: CommitTimer,
    /// The step that panicked, until its batch is dropped.
    panicked: Option<Panicked>,
}

/// A failure, the record that it is charged to, and whether the transaction is still open.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: CommitError,
    pub(crate) origin: Option<Origin>,
    pub(crate) is_open: bool,
}

/// The meaning of a failure.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Nothing of it is in the log: it is read again.
    Aborted(CommitError),
    /// It may or may not be in the log.
    Unknown(CommitError),
    /// No other attempt may follow.
    Ended(LaneError),
}

impl Failed {
    /// The meaning of the failure, with the result of the abort that followed it.
    pub(crate) fn outcome(self, aborted: Result<(), CommitError>) -> Outcome {
        match (self.error, aborted) {
            (
                error @ (CommitError::Aborted(_) | CommitError::Displaced(_) | CommitError::Record { .. }),
                Ok(()) | Err(CommitError::Aborted(_)),
            ) => Outcome::Aborted(error),
            (error @ CommitError::Unknown(_), _) | (error, Err(CommitError::Unknown(_))) => {
                Outcome::Unknown(error)
            }
            (_, Err(second)) => Outcome::Ended(LaneError::from_commit(second)),
            (error, Ok(())) => Outcome::Ended(LaneError::from_commit(error)),
        }
    }
}

impl Transaction {
    /// An empty one under that transactional id.
    pub(crate) fn new(id: String, timer: CommitTimer) -> Self {
        Self { id, out: Output::default(), batch: Batch::default(), timer, panicked: None }
    }

    /// The transactional id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) const fn batch(&self) -> &Batch {
        &self.batch
    }

    pub(crate) const fn batch_mut(&mut self) -> &mut Batch {
        &mut self.batch
    }

    pub(crate) const fn out_mut(&mut self) -> &mut Output {
        &mut self.out
    }

    /// Both at once.
    pub(crate) const fn parts(&mut self) -> (&mut Batch, &mut Output) {
        (&mut self.batch, &mut self.out)
    }

    /// The transactional id, and the records for a step to write to.
    pub(crate) fn writing(&mut self) -> (&str, &mut Output) {
        (&self.id, &mut self.out)
    }

    /// True if it writes nothing.
    pub(crate) const fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Records came.
    pub(crate) const fn input(&mut self, now: Time) {
        self.timer.input(now);
    }

    /// Keeps a panic until the batch is dropped.
    pub(crate) fn panicked(&mut self, panicked: Panicked) {
        self.panicked = Some(panicked);
    }

    pub(crate) const fn has_panicked(&self) -> bool {
        self.panicked.is_some()
    }

    pub(crate) const fn take_panic(&mut self) -> Option<Panicked> {
        self.panicked.take()
    }

    /// True if one more record may be stepped into it.
    pub(crate) const fn has_room(&self) -> bool {
        let full = self.timer.is_full(self.batch.records(), self.out.len(), self.out.size());
        !full && !self.batch.is_cut() && self.panicked.is_none()
    }

    /// True if an effect has waited for the time between two commits: the next step may take long, for example an
    /// event that concerns many accounts.
    pub(crate) fn is_overdue(&self, urgency: Urgency, now: impl FnOnce() -> Time) -> bool {
        urgency == Urgency::Now && self.timer.is_overdue(self.batch.effects_since(), now())
    }

    /// The room for one record of so many elements at most.
    pub(crate) const fn room(&self, elements: usize) -> Room {
        self.timer.room(elements)
    }

    /// The decision of the commit policy.
    pub(crate) fn decide(&self, now: Time, urgency: Urgency, heartbeat: Option<Span>) -> Decision {
        let records = self.batch.records();
        let pending = Pending {
            effects_since: self.batch.effects_since(),
            moved_since: self.batch.moved_since(),
            urgency: if records > 0 { urgency } else { Urgency::Lazy },
            last_commit: now,
            last_input: now,
            heartbeat: None,
            records,
            appends: self.out.len(),
            bytes: self.out.size(),
        };
        self.timer.decide(now, pending, heartbeat)
    }

    /// Its last records are about to be appended.
    pub(crate) const fn seal(&mut self, now: Time) {
        self.timer.sealed(now);
        self.out.from(None);
    }

    /// Writes and commits it, with these positions. `changelog` is the topic of the role's state.
    pub(crate) fn write(
        &self,
        session: &mut dyn Session,
        positions: &[(TopicPartition, Offset)],
        changelog: Option<&str>,
    ) -> Result<(), Failed> {
        fail_point(FailPoint::BeforeBegin, &self.id);
        session.begin().map_err(|error| Failed { error, origin: None, is_open: false })?;
        self.out.each_with_origin(|record, origin| {
            session.append(record).map_err(|error| Failed { error, origin, is_open: true })?;
            fail_point(FailPoint::Append, &self.id);
            if changelog == Some(record.topic) {
                fail_point(FailPoint::Changelog, &self.id);
            }
            Ok(())
        })?;
        session.commit(positions).map_err(|error| {
            let is_open = matches!(error, CommitError::Record { .. });
            Failed { error, origin: None, is_open }
        })?;
        fail_point(FailPoint::AfterCommit, &self.id);
        Ok(())
    }

    /// Its size, for reports.
    pub(crate) const fn committed(&self, took: Span) -> Committed {
        Committed { records: self.batch.records(), appends: self.out.len(), bytes: self.out.size(), took }
    }

    /// Begins the next one: what was stepped is in the log, or dropped.
    pub(crate) fn restart(&mut self, now: Time) {
        self.out.clear();
        self.batch = Batch::default();
        self.timer.ended(now);
    }

    /// Moves all times back, as the clock was.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.batch.set_back(by);
        self.timer.set_back(by);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use winback_log::Append;

    use super::*;
    use crate::commit::CommitPolicy;

    fn transaction(policy: CommitPolicy) -> Transaction {
        Transaction::new("id".to_owned(), CommitTimer::new(policy, Time::from_millis(0)))
    }

    const fn record(offset: i64) -> Origin {
        Origin { slot: 0, offset: Offset(offset), element: None }
    }

    fn outcome(error: CommitError, aborted: Result<(), CommitError>) -> String {
        match (Failed { error, origin: None, is_open: true }).outcome(aborted) {
            Outcome::Aborted(error) => format!("aborted {}", error.kind()),
            Outcome::Unknown(error) => format!("unknown {}", error.kind()),
            Outcome::Ended(error) => format!("ended {}", error.kind()),
        }
    }

    #[test]
    fn each_failure_has_its_meaning() {
        let why = || "why".to_owned();
        let fenced = || CommitError::Fenced { id: "id".to_owned(), why: why() };
        assert_eq!(outcome(CommitError::Aborted(why()), Ok(())), "aborted aborted");
        assert_eq!(
            outcome(CommitError::Displaced(why()), Err(CommitError::Aborted(why()))),
            "aborted displaced"
        );
        assert_eq!(outcome(CommitError::Unknown(why()), Ok(())), "unknown unknown");
        assert_eq!(outcome(CommitError::Aborted(why()), Err(CommitError::Unknown(why()))), "unknown aborted");
        assert_eq!(outcome(CommitError::Aborted(why()), Err(fenced())), "ended fenced");
        assert_eq!(outcome(fenced(), Ok(())), "ended fenced");
        assert_eq!(outcome(CommitError::Fatal(why()), Ok(())), "ended fatal");
        assert_eq!(outcome(CommitError::NoPositions, Ok(())), "ended cannot_commit");
    }

    #[test]
    fn a_transaction_has_room_until_it_is_full_or_cut_or_its_step_panicked() {
        let mut transaction = transaction(CommitPolicy { max_appends: 2, ..CommitPolicy::default() });
        let copy = Append::keyed("copies", b"key", b"value");
        transaction.out_mut().append(&copy);
        assert!(transaction.has_room());
        transaction.out_mut().append(&copy);
        assert!(!transaction.has_room());
        transaction.restart(Time::from_millis(0));
        transaction.batch_mut().cut(true);
        assert!(!transaction.has_room());
        transaction.restart(Time::from_millis(0));
        assert!(transaction.has_room() && transaction.is_empty());
    }

    #[test]
    fn positions_without_records_are_not_urgent_whatever_the_role_says() {
        let (mut transaction, now) = (transaction(CommitPolicy::default()), Time::from_millis(500));
        transaction.batch_mut().has_moved(now);
        let second = Decision::Wait(Duration::from_secs(1));
        assert_eq!(transaction.decide(now, Urgency::Now, None), second);
        transaction.batch_mut().stepped(record(7), 0);
        transaction.batch_mut().has_effects(now);
        assert_eq!(transaction.decide(now, Urgency::Now, None), Decision::Commit);
        assert!(!transaction.is_overdue(Urgency::Soon, || Time::from_millis(900)));
        assert!(transaction.is_overdue(Urgency::Now, || Time::from_millis(900)));
    }
}
