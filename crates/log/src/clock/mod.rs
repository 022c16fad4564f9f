//! Where the time comes from, and a wall clock that is not followed when it jumps.

mod boot;
mod guard;

use std::sync::Arc;

use parking_lot::Mutex;
use winback_core::time::{Span, Time};

use self::boot::Boot;
use self::guard::{DOUBT, Guard, Stamp, Trust};

/// The source of time: the machine's clock, or another that a test or a demonstration brings along.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Time;

    /// Whether the last answer of [`Clock::now`] was held back from a wall clock that jumped ahead: then nothing is
    /// removed for its age.
    fn is_held(&self) -> bool {
        false
    }

    /// A length of the world's time on this clock: longer on one that runs faster.
    fn of_world(&self, span: Span) -> Span {
        span
    }
}

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let now = Time::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
        now + crate::fail_point::wall_ahead()
    }
}

/// The clock for a log: of a log in a file or in memory the machine's own stamps are the log's, so that its clock is
/// guarded. On Kafka the brokers stamp.
pub fn clock_for(url: &str) -> Arc<dyn Clock> {
    if url.starts_with("kafka:") { Arc::new(SystemClock) } else { Arc::new(GuardedClock::system()) }
}

/// A wall clock, compared with the time since boot. A jump ahead of more than five minutes is held back until the wall
/// clock agrees again, or has kept to it for ten minutes.
///
/// It knows one process only: the wall clock is believed when the process starts.
pub struct GuardedClock {
    wall: Box<dyn Clock>,
    boot: Box<dyn Fn() -> Span + Send + Sync>,
    /// Whether the time since boot counts a machine's sleep.
    counts_sleep: bool,
    state: Mutex<(Guard, bool)>,
}

impl GuardedClock {
    /// The machine's clocks.
    pub fn system() -> Self {
        let boot = Boot::new();
        let counts_sleep = boot.counts_sleep();
        let mut clock = Self::over(Box::new(SystemClock), Box::new(move || boot.passed()));
        clock.counts_sleep = counts_sleep;
        clock
    }

    /// The clocks of a test.
    pub fn over(wall: Box<dyn Clock>, boot: Box<dyn Fn() -> Span + Send + Sync>) -> Self {
        Self { wall, boot, counts_sleep: true, state: Mutex::default() }
    }

    fn tell(&self, stamp: Stamp, wall: Time, was_held: bool) {
        let (now, minutes) = (stamp.at, DOUBT.millis() / 60_000);
        match stamp.trust {
            Trust::Held if !was_held => {
                let hint =
                    if self.counts_sleep { "" } else { "; this system does not say how long it slept" };
                tracing::warn!(
                    %wall, %now,
                    "the wall clock jumped ahead: it is not followed until it agrees again or {minutes} minutes \
                     went by{hint}"
                );
            }
            Trust::Agrees if was_held => tracing::info!(%now, "the wall clock agrees again"),
            Trust::Believed => tracing::warn!(
                %now,
                "the wall clock stayed ahead for {minutes} minutes: it is believed, and what is old by it expires"
            ),
            Trust::Held | Trust::Agrees => {}
        }
    }
}

impl Clock for GuardedClock {
    fn now(&self) -> Time {
        let mut state = self.state.lock();
        let (wall, boot) = (self.wall.now(), (self.boot)());
        let stamp = state.0.step(wall, boot);
        let was_held = std::mem::replace(&mut state.1, stamp.trust == Trust::Held);
        drop(state);
        self.tell(stamp, wall, was_held);
        stamp.at
    }

    fn is_held(&self) -> bool {
        self.state.lock().1
    }
}

impl std::fmt::Debug for GuardedClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuardedClock").field("state", &*self.state.lock()).finish_non_exhaustive()
    }
}
