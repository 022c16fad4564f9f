//! A log that does not answer: the lane waits, says so, and ends when that lasts too long.

use std::time::Duration;

use winback_core::time::Span;
use winback_log::LogError;

use crate::error::LaneError;
use crate::lane::Lane;
use crate::role::Role;

/// After a failure of the log that may pass, this long until the next attempt.
const AWAY_BACKOFF: Duration = Duration::from_millis(200);

impl<R: Role> Lane<R> {
    /// A failure that may pass: everything is tried again until it lasts too long.
    pub(crate) fn wait_for_the_log(&mut self, error: &LogError) -> Result<Duration, LaneError> {
        let now = self.clock.now();
        let since = *self.away_since.get_or_insert(now);
        tracing::warn!(lane = self.config.name, %error, "the log is away");
        let mut status = self.status.lock();
        (status.last_error, status.away) = (Some(error.to_string()), Some(error.to_string()));
        status.waiting_since = None; // nothing can be stepped until it is back
        drop(status);
        if now.since(since) > self.config.away_limit {
            return Err(self.away(error.to_string()));
        }
        self.next_wait = AWAY_BACKOFF;
        Ok(AWAY_BACKOFF)
    }

    pub(crate) fn away(&self, why: String) -> LaneError {
        let seconds = u64::try_from(self.config.away_limit.millis() / 1_000).unwrap_or_default();
        LaneError::Away { seconds, why }
    }

    /// Goes on with what it knows, but not for ever.
    pub(crate) fn has_no_answer(&self, is_news: bool, waited: Span, what: &str) -> Result<(), LaneError> {
        if is_news {
            let why = format!("the log does not say {what}");
            tracing::warn!(lane = self.config.name, why, "the lane waits");
            let mut status = self.status.lock();
            (status.last_error, status.away) = (Some(why.clone()), Some(why));
        }
        if waited > self.config.away_limit {
            return Err(self.away(format!("the log does not say {what}")));
        }
        Ok(())
    }
}
