//! A clock that starts in the past and runs faster until it has caught up, or is told that the show is over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use winback_core::time::{Span, Time};
use winback_log::{Clock, GuardedClock};

/// Starts so long ago, runs `pace` times as fast as the world, and never passes the world's time.
pub(crate) struct FastClock {
    started: Instant,
    from: Time,
    pace: u32,
    world: GuardedClock,
    over: AtomicBool,
}

impl FastClock {
    pub(crate) fn new(ago: Span, pace: u32) -> Self {
        let world = GuardedClock::system();
        Self { started: Instant::now(), from: world.now() - ago, pace, world, over: AtomicBool::new(false) }
    }

    /// True if it has caught up with the world and runs at normal speed.
    pub(crate) fn has_caught_up(&self) -> bool {
        self.played() >= self.world.now()
    }

    /// From now on it is the world's clock, whatever is left until it has caught up.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Release);
    }

    fn played(&self) -> Time {
        if self.over.load(Ordering::Acquire) {
            return Time::MAX;
        }
        let elapsed = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.from + Span::from_millis(elapsed.saturating_mul(i64::from(self.pace)))
    }

    /// The time at which it began.
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

    fn of_world(&self, span: Span) -> Span {
        let pace = if self.over.load(Ordering::Acquire) { 1 } else { self.pace };
        Span::from_millis(span.millis().saturating_mul(i64::from(pace)))
    }
}

#[cfg(test)]
mod tests {
    use winback_log::SystemClock;

    use super::*;

    #[test]
    fn a_clock_that_is_ended_is_the_worlds_from_then_on() {
        let clock = FastClock::new(Span::from_days(1_000), 2);
        let yesterday = SystemClock.now() - Span::from_days(1);
        assert!(clock.now() < yesterday && !clock.has_caught_up());
        assert_eq!(clock.of_world(Span::from_secs(3)), Span::from_secs(6));
        clock.end();
        assert_eq!(clock.of_world(Span::from_secs(3)), Span::from_secs(3));
        assert!(clock.now() > yesterday && clock.has_caught_up());
    }
}
