//! How many bytes of dead letters a lane may write in an hour, and what it says of those that it leaves out.
//!
//! Whoever can write to a source can fill the dead-letter topic with records that nobody understands. Over the limit no
//! letter is written; one a minute says how many were left out, why, and where their records stand. It follows
//! transactions as a role does: what was counted since the last commit is dropped with a rollback.

use std::collections::BTreeMap;

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::TopicPartition;

use crate::letters::Letters;

const WINDOW: Span = Span::from_hours(1);
/// The least time between two letters about what was left out.
const APART: Span = Span::from_mins(1);

/// Letters that were left out and not reported yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub(crate) source: String,
    pub(crate) count: u64,
    pub(crate) reasons: BTreeMap<&'static str, u64>,
    /// First and last record of each partition.
    pub(crate) positions: BTreeMap<TopicPartition, (Offset, Offset)>,
}

#[derive(Clone, Debug, Default)]
struct State {
    began: Option<Time>,
    spent: usize,
    left: Option<LeftOut>,
    reported: Option<Time>,
}

/// What a lane may write still.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// Bytes an hour; `None` is without limit.
    limit: Option<usize>,
    running: State,
    settled: State,
    hurry: bool,
}

impl Allowance {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self { limit, running: State::default(), settled: State::default(), hurry: false }
    }

    /// Whether letters of that many bytes may be written; then they count.
    pub(crate) fn admits(&mut self, bytes: usize, now: Time) -> bool {
        let Some(limit) = self.limit else { return true };
        let state = &mut self.running;
        if state.began.is_none_or(|began| now.since(began) >= WINDOW) {
            (state.began, state.spent) = (Some(now), 0);
        }
        if state.spent.saturating_add(bytes) > limit {
            return false;
        }
        state.spent += bytes;
        true
    }

    /// The letters of that record are left out.
    pub(crate) fn leave_out(&mut self, letters: &Letters, partition: &TopicPartition, offset: Offset) {
        let source = letters.last().map(|letter| letter.source.clone()).unwrap_or_default();
        let left = self.running.left.get_or_insert_with(|| LeftOut {
            source,
            count: 0,
            reasons: BTreeMap::new(),
            positions: BTreeMap::new(),
        });
        letters.each_reason(|_, reason, count| {
            left.count += count;
            *left.reasons.entry(reason).or_default() += count;
        });
        let range = left.positions.entry(partition.clone()).or_insert((offset, offset));
        *range = (range.0.min(offset), range.1.max(offset));
    }

    /// What was left out is reported with the next transaction, since it may be the last.
    pub(crate) const fn hurry(&mut self) {
        self.hurry = true;
    }

    pub(crate) const fn has_report(&self) -> bool {
        self.running.left.is_some()
    }

    /// What is to be reported now.
    pub(crate) fn report(&mut self, now: Time) -> Option<LeftOut> {
        let state = &mut self.running;
        let due = state.reported.is_none_or(|at| now.since(at) >= APART) || self.hurry;
        let left = state.left.take_if(|_| due)?;
        state.reported = Some(now);
        Some(left)
    }

    /// Notes that the stepped records are committed.
    pub(crate) fn committed(&mut self) {
        self.hurry = false;
        if self.limit.is_some() {
            self.settled = self.running.clone();
        }
    }

    /// Notes that the steps since the last commit were dropped.
    pub(crate) fn rolled_back(&mut self) {
        self.hurry = false;
        if self.limit.is_some() {
            self.running = self.settled.clone();
        }
    }

    /// The clock was set back by that much, and so are the times that were taken from it.
    pub(crate) fn set_back(&mut self, by: Span) {
        for state in [&mut self.running, &mut self.settled] {
            state.began.iter_mut().chain(&mut state.reported).for_each(|time| *time = *time - by);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead_letter::DeadLetter;

    const fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    fn letters(reason: &'static str) -> Letters {
        let mut letters = Letters::default();
        letters.add(DeadLetter { source: "web".to_owned(), element: None, reason, text: String::new() });
        letters
    }

    fn leave_out(allowance: &mut Allowance, offset: i64, reason: &'static str) {
        allowance.leave_out(&letters(reason), &TopicPartition::new("visits", 1), Offset(offset));
    }

    #[test]
    fn an_hour_has_so_many_bytes_and_the_next_has_them_again() {
        let mut allowance = Allowance::new(Some(100));
        assert!(allowance.admits(60, at(0)) && !allowance.admits(60, at(10)));
        assert!(allowance.admits(40, at(10)), "what fits is written");
        assert!(!allowance.admits(1, at(3_599)) && allowance.admits(100, at(3_600)));
        assert!(!Allowance::new(Some(100)).admits(101, at(0)));
        assert!(Allowance::new(None).admits(usize::MAX, at(0)));
    }

    #[test]
    fn what_is_left_out_is_reported_once_a_minute_with_reasons_and_positions() {
        let mut allowance = Allowance::new(Some(0));
        leave_out(&mut allowance, 7, "bad_time");
        let report = allowance.report(at(0)).unwrap();
        assert_eq!((report.count, report.source.as_str()), (1, "web"));
        for (offset, reason) in [(9, "bad_time"), (8, "mapping"), (30, "bad_time")] {
            leave_out(&mut allowance, offset, reason);
        }
        assert_eq!(allowance.report(at(59)), None);
        let report = allowance.report(at(60)).unwrap();
        assert_eq!(report.reasons, BTreeMap::from([("bad_time", 2), ("mapping", 1)]));
        assert_eq!(report.positions.values().collect::<Vec<_>>(), [&(Offset(8), Offset(30))]);
        leave_out(&mut allowance, 31, "mapping");
        allowance.hurry();
        assert!(allowance.report(at(61)).is_some(), "nothing is kept back at the end");
    }

    #[test]
    fn what_is_rolled_back_was_never_counted_nor_reported() {
        let mut allowance = Allowance::new(Some(100));
        assert!(allowance.admits(100, at(0)));
        leave_out(&mut allowance, 7, "bad_time");
        allowance.committed();
        assert!(allowance.report(at(0)).is_some());
        leave_out(&mut allowance, 8, "bad_time");
        allowance.rolled_back();
        assert_eq!(allowance.report(at(0)).map(|left| left.count), Some(1), "it is reported again");
    }
}
