//! An unavailable log: the lane retries, reports it, and ends when it lasts too long.

use std::time::Duration;

use winback_core::time::{Span, Time};

use crate::error::LaneError;

/// The wait before the next attempt, after a failure of the log that may pass.
const BACKOFF: Duration = Duration::from_millis(200);

/// The time for which the log has been unavailable, and its limit.
#[derive(Debug)]
pub(crate) struct Outage {
    limit: Span,
    since: Option<Time>,
}

impl Outage {
    pub(crate) const fn new(limit: Span) -> Self {
        Self { limit, since: None }
    }

    pub(crate) const fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// The log failed at `now`: the time until the next attempt, unless it has lasted too long.
    pub(crate) fn failed(&mut self, now: Time, why: &str) -> Result<Duration, LaneError> {
        let since = *self.since.get_or_insert(now);
        self.check(now.since(since), why)?;
        Ok(BACKOFF)
    }

    /// The log answers again.
    pub(crate) const fn ended(&mut self) {
        self.since = None;
    }

    /// An error once an answer has been missing for longer than the limit.
    pub(crate) fn check(&self, waited: Span, why: &str) -> Result<(), LaneError> {
        if waited <= self.limit {
            return Ok(());
        }
        let seconds = u64::try_from(self.limit.millis() / 1_000).unwrap_or_default();
        Err(LaneError::Unavailable { seconds, why: why.to_owned() })
    }

    /// Moves all times back, as the clock was.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.since.iter_mut().for_each(|since| *since = *since - by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: i64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    #[test]
    fn an_outage_ends_the_lane_after_its_limit_and_not_before() {
        let mut outage = Outage::new(Span::from_secs(10));
        assert_eq!(outage.failed(at(1), "down").unwrap(), BACKOFF);
        assert!(outage.is_on());
        outage.failed(at(11), "down").unwrap();
        let error = outage.failed(at(12), "down").unwrap_err();
        assert!(matches!(error, LaneError::Unavailable { seconds: 10, why } if why == "down"));
    }

    #[test]
    fn an_answer_begins_the_time_anew_and_a_clock_that_is_set_back_does_not_lengthen_it() {
        let mut outage = Outage::new(Span::from_secs(10));
        outage.failed(at(1), "down").unwrap();
        outage.ended();
        assert!(!outage.is_on());
        outage.failed(at(20), "down").unwrap();
        outage.set_back(Span::from_secs(15));
        outage.failed(at(15), "down").unwrap();
        outage.failed(at(16), "down").unwrap_err();
    }
}
