//! The lane's reports: the status that others watch, the observer, and the log lines.

use std::sync::Arc;

use winback_core::time::{Span, Time};
use winback_log::{ClientFigure, CommitError, TopicPartition};

use crate::batch::Batch;
use crate::dead_letter::CANNOT_COMMIT;
use crate::error::LaneError;
use crate::inputs::Inputs;
use crate::isolation::PoisonCandidate;
use crate::observer::{Committed, Observer, Rebalanced};
use crate::panics::PANICKED;
use crate::partition::PartitionState;
use crate::role::Readiness;
use crate::slot::Slot;
use crate::status::LaneStatus;

/// The one place that writes a lane's status, counts and log lines.
pub(crate) struct Report {
    status: Arc<LaneStatus>,
    observer: Arc<dyn Observer>,
}

/// The state of a lane behind a turn.
pub(crate) struct Turned<'a> {
    pub(crate) now: Time,
    /// A record could be stepped, and was not.
    pub(crate) is_stuck: bool,
    pub(crate) stopped: Option<&'a str>,
    pub(crate) restoring: Option<(u64, u64)>,
    pub(crate) inputs: &'a Inputs,
}

impl Report {
    pub(crate) fn new(name: String, observer: Arc<dyn Observer>) -> Self {
        Self { status: Arc::new(LaneStatus::new(name)), observer }
    }

    pub(crate) fn status(&self) -> Arc<LaneStatus> {
        Arc::clone(&self.status)
    }

    fn name(&self) -> &str {
        self.status.name()
    }

    /// A turn begins. A clock that was set back takes the status with it.
    pub(crate) fn turns(&self, now: Time, set_back: Option<Span>) {
        let mut status = self.status.lock();
        status.turned_at = Some(now);
        if let Some(by) = set_back {
            tracing::warn!(lane = self.name(), millis = by.millis(), "the clock was set back");
            status.waiting_since = status.waiting_since.map(|since| since - by);
        }
    }

    /// A turn ended well.
    pub(crate) fn turned(&self, turned: &Turned<'_>) {
        let mut status = self.status.lock();
        if status.stopped.as_deref() != turned.stopped {
            match turned.stopped {
                Some(why) => {
                    tracing::error!(
                        lane = self.name(),
                        why,
                        "the lane is stopped: too much would become dead letters"
                    );
                }
                None => {
                    tracing::warn!(lane = self.name(), "the lane goes on: what comes can be processed again");
                }
            }
            status.stopped = turned.stopped.map(str::to_owned);
        }
        status.restoring = turned.restoring;
        status.waiting_since = if turned.is_stuck { status.waiting_since.or(Some(turned.now)) } else { None };
        status.partitions.clear();
        status.partitions.extend(turned.inputs.iter().map(Slot::status));
    }

    /// The lane ended by itself.
    pub(crate) fn ended(&self, error: &LaneError) {
        tracing::error!(lane = self.name(), kind = error.kind(), %error, "the lane ended");
        self.status.end(error);
    }

    /// The lane was not drained in time.
    pub(crate) fn not_drained(&self, error: &LaneError) {
        self.status.lock().ended = Some(error.to_string());
    }

    /// The log failed, and nothing can be stepped until it is back.
    pub(crate) fn unavailable(&self, error: &str) {
        tracing::warn!(lane = self.name(), error, "the log is unavailable");
        let mut status = self.status.lock();
        (status.last_error, status.unavailable) = (Some(error.to_owned()), Some(error.to_owned()));
        status.waiting_since = None;
    }

    /// The log does not answer a request; the lane goes on with what it knows.
    pub(crate) fn unanswered(&self, why: &str) {
        tracing::warn!(lane = self.name(), why, "the lane waits");
        let mut status = self.status.lock();
        (status.last_error, status.unavailable) = (Some(why.to_owned()), Some(why.to_owned()));
    }

    /// The log answers.
    pub(crate) fn available(&self) {
        self.status.lock().unavailable = None;
    }

    /// The role's answers at the beginning of a turn.
    pub(crate) fn role(&self, readiness: Readiness, missing: Option<String>) {
        let mut status = self.status.lock();
        status.waiting_for = match readiness {
            Readiness::Ready => None,
            Readiness::Waiting(why) => Some(why),
        };
        status.missing = missing;
    }

    /// Records were stepped.
    pub(crate) fn stepped(&self) {
        self.status.lock().waiting_since = None;
    }

    /// The group changed the assignment, and the lane has answered.
    pub(crate) fn rebalanced(&self, how: Rebalanced) {
        self.observer.rebalanced(how);
    }

    /// A partition's state was restored from so many records.
    pub(crate) fn restored(&self, partition: &TopicPartition, records: u64, took: Span) {
        self.observer.restored(partition, records, took);
    }

    /// A partition runs.
    pub(crate) fn runs(&self, partition: &TopicPartition) {
        tracing::info!(lane = self.name(), %partition, "a partition runs");
    }

    /// A partition begins without state behind the start of its input, so that history is missing.
    pub(crate) fn history_is_missing(
        &self,
        partition: &TopicPartition,
        base: winback_core::ids::Offset,
        what: &str,
    ) {
        tracing::warn!(
            lane = self.name(),
            %partition,
            "there is no state, and the input is read from offset {base} on: the records before it are not taken in, and \
             {what} of that time are missing"
        );
    }

    /// A partition was given back.
    pub(crate) fn let_go(&self, partition: &TopicPartition, to: PartitionState) {
        tracing::info!(lane = self.name(), %partition, state = %to, "a partition is given back");
    }

    /// The client library's statistics.
    pub(crate) fn statistics(&self, statistics: &[(ClientFigure, f64)]) {
        self.observer.statistics(statistics);
    }

    /// A transaction is in the log. `writes_for_others` as the role says.
    pub(crate) fn committed(&self, commit: &Committed, batch: &Batch, writes_for_others: bool) {
        self.observer.committed(commit);
        let losses = batch.losses();
        losses.each(|source, reason, count| self.observer.dead_letters(source, reason, count));
        losses.each_without_letter(|source, count| self.observer.left_out(source, count));
        let mut status = self.status.lock();
        status.commits += 1;
        status.records += u64::try_from(commit.records).unwrap_or_default();
        status.dead_letters += losses.total();
        let count = losses.of(CANNOT_COMMIT);
        if count > 0 && writes_for_others {
            let cause = status.last_error.as_deref().unwrap_or("no error is known");
            status.quarantined = Some(format!(
                "{count} records became dead letters ({CANNOT_COMMIT}) and may not be at fault, since what they wrote was \
                 about others: `winback dead-letters list` names them; mend the cause, see `cannot_commit` in the runbook, \
                 and restart; the log said: {cause}"
            ));
        }
    }

    /// A transaction failed; what that means is not decided yet.
    pub(crate) fn transaction_failed(&self, error: &CommitError) {
        tracing::warn!(lane = self.name(), kind = error.kind(), %error, "a transaction failed");
        self.observer.failed(error.kind());
        self.status.lock().last_error = Some(error.to_string());
    }

    /// It was aborted.
    pub(crate) fn aborted(&self) {
        self.status.lock().aborts += 1;
    }

    /// Its outcome is unknown.
    pub(crate) fn outcome_unknown(&self) {
        self.status.lock().unknown += 1;
    }

    /// A step panicked.
    pub(crate) fn panicked(&self, record: &PoisonCandidate, why: &str) {
        let PoisonCandidate { partition, offset, .. } = record;
        tracing::error!(
            lane = self.name(), %partition, %offset, why, "a step panicked: its batch is dropped and read again"
        );
        self.observer.failed(PANICKED);
        let mut status = self.status.lock();
        status.aborts += 1;
        status.last_error = Some(format!("the step of {partition}@{offset} panicked: the log says why"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letter::DeadLetter;
    use crate::letters::Letters;
    use crate::observer::NoObserver;

    const COMMIT: Committed = Committed { records: 3, appends: 1, bytes: 9, took: Span::from_millis(4) };

    fn report() -> Report {
        Report::new("lane".to_owned(), Arc::new(NoObserver))
    }

    #[test]
    fn records_that_wait_are_told_since_when_and_a_step_ends_it() {
        let (report, inputs) = (report(), Inputs::default());
        for millis in [100, 200] {
            let now = Time::from_millis(millis);
            let turned = Turned { now, is_stuck: true, stopped: None, restoring: None, inputs: &inputs };
            report.turned(&turned);
        }
        assert_eq!(report.status().snapshot().waiting_since, Some(Time::from_millis(100)));
        report.turns(Time::from_millis(150), Some(Span::from_millis(50)));
        assert_eq!(report.status().snapshot().waiting_since, Some(Time::from_millis(50)));
        report.stepped();
        assert_eq!(report.status().snapshot().waiting_since, None);
    }

    #[test]
    fn a_record_that_may_not_be_at_fault_is_told_with_the_last_error() {
        let (mut batch, mut letters) = (Batch::default(), Letters::default());
        let (source, text) = (String::new(), String::new());
        letters.add(DeadLetter { source, element: None, reason: CANNOT_COMMIT, text });
        batch.bury(&letters);
        let report = report();
        report.transaction_failed(&CommitError::Aborted("no space".to_owned()));
        report.committed(&COMMIT, &batch, false);
        assert_eq!(report.status().snapshot().quarantined, None, "the role writes about the record alone");
        report.committed(&COMMIT, &batch, true);
        let status = report.status().snapshot();
        let told = status.quarantined.unwrap();
        assert!(told.starts_with("1 records became dead letters") && told.ends_with("no space"), "{told}");
        assert_eq!((status.commits, status.records, status.dead_letters), (2, 6, 2));
    }

    #[test]
    fn an_outage_is_told_until_the_log_answers_and_its_error_stays() {
        let report = report();
        report.unavailable("down");
        assert_eq!(report.status().snapshot().unavailable.as_deref(), Some("down"));
        report.available();
        let status = report.status().snapshot();
        assert_eq!((status.unavailable, status.last_error.as_deref()), (None, Some("down")));
    }
}
