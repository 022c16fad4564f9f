//! A clock that starts in the past and runs faster until it has caught up.

use std::time::Instant;

use winback_core::time::{Span, Time};
use winback_log::{Clock, SystemClock};

/// Starts so long ago, runs `pace` times as fast as the world, and never passes the world's time.
pub(crate) struct FastClock {
    started: Instant,
    from: Time,
    pace: u32,
}

impl FastClock {
    pub(crate) fn new(ago: Span, pace: u32) -> Self {
        Self { started: Instant::now(), from: SystemClock.now() - ago, pace }
    }

    /// When it began.
    pub(crate) const fn from(&self) -> Time {
        self.from
    }
}

impl Clock for FastClock {
    fn now(&self) -> Time {
        let elapsed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let played = Span::from_millis(elapsed.saturating_mul(i64::from(self.pace)));
        (self.from + played).min(SystemClock.now())
    }
}
