//! The lane's clock, and the moment at which it was set back.

use std::sync::Arc;

use winback_core::time::{Span, Time};
use winback_log::Clock;

/// A clock that is compared with itself at the beginning of each turn.
pub(crate) struct TurnClock {
    clock: Arc<dyn Clock>,
    turned_at: Time,
}

impl TurnClock {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let turned_at = clock.now();
        Self { clock, turned_at }
    }

    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    pub(crate) fn inner(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Begins a turn: the present, and how far the clock was set back since the turn before.
    pub(crate) fn turn(&mut self) -> (Time, Option<Span>) {
        let now = self.clock.now();
        let back = (now < self.turned_at).then(|| self.turned_at.since(now));
        self.turned_at = now;
        (now, back)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[derive(Default)]
    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> Time {
            Time::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    #[test]
    fn a_clock_that_is_set_back_is_noticed_once() {
        let hand = Arc::new(Hand::default());
        let set = |millis| hand.0.store(millis, Ordering::SeqCst);
        set(1_000);
        let mut clock = TurnClock::new(Arc::clone(&hand) as Arc<dyn Clock>);
        assert_eq!(clock.turn(), (Time::from_millis(1_000), None));
        set(400);
        assert_eq!(clock.turn(), (Time::from_millis(400), Some(Span::from_millis(600))));
        assert_eq!(clock.turn(), (Time::from_millis(400), None));
        set(500);
        assert_eq!(clock.turn(), (Time::from_millis(500), None));
    }
}
