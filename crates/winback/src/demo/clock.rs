//! A clock that starts in the past and runs faster until it has caught up.

use std::time::Instant;

use winback_core::time::{Span, Time};
use winback_log::{Clock, GuardedClock};

/// Starts so long ago, runs `pace` times as fast as the world, and never passes the world's time.
pub(crate) struct FastClock {
    started: Instant,
    from: Time,
    pace: u32,
    world: GuardedClock,
}

impl FastClock {
    pub(crate) fn new(ago: Span, pace: u32) -> Self {
        let world = GuardedClock::system();
        Self { started: Instant::now(), from: world.now() - ago, pace, world }
    }

    /// Whether it has caught up with the world, and runs no faster any more.
    pub(crate) fn has_caught_up(&self) -> bool {
        self.played() >= self.world.now()
    }

    fn played(&self) -> Time {
        let elapsed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.from + Span::from_millis(elapsed.saturating_mul(i64::from(self.pace)))
    }

    /// When it began.
    pub(crate) const fn from(&self) -> Time {
        self.from
    }
}

impl Clock for FastClock {
    fn now(&self) -> Time {
        self.played().min(self.world.now())
    }

    fn is_held(&self) -> bool {
        self.world.is_held()
    }
}
