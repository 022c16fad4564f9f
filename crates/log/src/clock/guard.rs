//! A wall clock against the time since the machine booted: a pure decision, without a clock of its own.
//!
//! A wall clock that jumps ahead and comes back leaves stamps of a time that never was: signals behind them expire, and
//! bursts wait until that time comes. So a jump is not followed at once.

use winback_core::time::{Span, Time};

/// The largest jump ahead that is followed at once.
pub(super) const JUMP: Span = Span::from_mins(5);
/// A wall clock that stays where it jumped to for so long is believed.
pub(super) const DOUBT: Span = Span::from_mins(10);

/// The relation of a stamp to the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// The stamp is the wall clock's time.
    Agrees,
    /// The wall clock is too far ahead: the stamp is the last one plus the time that passed since.
    Held,
    /// The stamp is the wall clock's time again, though it never came back from its jump.
    Believed,
}

/// A time to use, and its relation to the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) at: Time,
    pub(super) trust: Trust,
}

/// The last stamp, and since when the wall clock is doubted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guard {
    last: Option<(Time, Span)>,
    doubt: Option<Doubt>,
}

#[derive(Clone, Copy, Debug)]
struct Doubt {
    /// The time since boot when it began.
    since: Span,
    /// The wall clock's time at boot, as the wall clock has it now.
    booted: Time,
}

impl Guard {
    /// The stamp for what both clocks say. A wall clock that goes back is followed: what is stored never falls, and lanes
    /// move their own times along.
    pub(super) fn step(&mut self, wall: Time, boot: Span) -> Stamp {
        let due = self.last.map_or(wall, |(stamp, then)| stamp + later(boot, then));
        let trust = self.trust(wall, due, boot);
        let at = if trust == Trust::Held { due } else { wall };
        self.last = Some((at, boot));
        Stamp { at, trust }
    }

    fn trust(&mut self, wall: Time, due: Time, boot: Span) -> Trust {
        if wall.since(due) <= JUMP {
            self.doubt = None;
            return Trust::Agrees;
        }
        let booted = Time::from_millis(wall.millis().saturating_sub(boot.millis()));
        // Another jump begins another doubt: a clock that goes on jumping is never believed.
        let same = self.doubt.filter(|doubt| booted.since(doubt.booted).millis().unsigned_abs() <= jump());
        let doubt = same.unwrap_or(Doubt { since: boot, booted });
        if later(boot, doubt.since) >= DOUBT {
            self.doubt = None;
            return Trust::Believed;
        }
        self.doubt = Some(doubt);
        Trust::Held
    }
}

const fn jump() -> u64 {
    JUMP.millis().unsigned_abs()
}

/// The time from `then` to `now`; nothing where threads read them in another order.
fn later(now: Span, then: Span) -> Span {
    Span::from_millis(now.millis().saturating_sub(then.millis()).max(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Time = Time::from_millis(1_790_000_000_000);

    /// The stamps of a wall clock that is `ahead(seconds)` of the truth, second by second.
    fn stamps(seconds: i64, ahead: impl Fn(i64) -> Span) -> Vec<(Time, Stamp)> {
        let mut guard = Guard::default();
        let stamp = |second| {
            let truth = START + Span::from_secs(second);
            (truth, guard.step(truth + ahead(second), Span::from_secs(second)))
        };
        (0..seconds).map(stamp).collect()
    }

    #[test]
    fn two_days_ahead_for_fourteen_seconds_leave_no_stamp() {
        let away = |second| if (100..114).contains(&second) { Span::from_days(2) } else { Span::ZERO };
        for (truth, stamp) in stamps(200, away) {
            assert_eq!(stamp.at, truth);
            assert_eq!(stamp.trust == Trust::Held, away(truth.since(START).millis() / 1_000) != Span::ZERO);
        }
    }

    #[test]
    fn a_clock_that_stays_ahead_is_believed_after_ten_minutes() {
        let away = |second| if second >= 100 { Span::from_days(2) } else { Span::ZERO };
        let stamps = stamps(800, away);
        let believed = stamps.iter().position(|(_, stamp)| stamp.trust == Trust::Believed).unwrap();
        assert_eq!(believed, 700);
        assert!(stamps[..700].iter().all(|(truth, stamp)| stamp.at == *truth));
        assert!(stamps[700..].iter().all(|(truth, stamp)| stamp.at == *truth + Span::from_days(2)));
        assert!(stamps[701..].iter().all(|(_, stamp)| stamp.trust == Trust::Agrees));
    }

    #[test]
    fn a_sleep_that_the_boot_clock_counts_is_no_jump() {
        let mut guard = Guard::default();
        guard.step(START, Span::ZERO);
        let night = Span::from_hours(9);
        assert_eq!(guard.step(START + night, night), Stamp { at: START + night, trust: Trust::Agrees });
    }

    #[test]
    fn a_clock_that_goes_on_jumping_is_never_believed() {
        let away = |second: i64| Span::from_days(if second < 10 { 0 } else { 1 + second / 300 });
        assert!(stamps(3_000, away)[10..].iter().all(|(_, stamp)| stamp.trust == Trust::Held));
    }

    proptest! {
        /// Whatever both clocks do: small steps and steps back are followed, a large step ahead is not, unless the wall
        /// clock has kept to it for ten minutes.
        #[test]
        fn no_stamp_is_far_ahead_of_what_passed(steps in prop::collection::vec(
            (prop_oneof![Just(0_i64), -400_000_i64..400_000, -200_000_000_i64..200_000_000], 0_i64..90_000), 1..200,
        )) {
            let (mut guard, mut wall, mut boot) = (Guard::default(), START, Span::ZERO);
            let mut last = guard.step(wall, boot).at;
            // The time since boot at the first of the stamps that were held without a break.
            let mut held = None;
            for (drift, passed) in steps {
                boot = boot + Span::from_millis(passed);
                wall = wall + Span::from_millis(passed + drift);
                let stamp = guard.step(wall, boot);
                let due = last + Span::from_millis(passed);
                match stamp.trust {
                    Trust::Agrees => {
                        prop_assert!(stamp.at == wall && wall.since(due) <= JUMP);
                        held = None;
                    }
                    Trust::Held => {
                        prop_assert!(stamp.at == due && wall.since(due) > JUMP);
                        held = held.or(Some(boot));
                    }
                    Trust::Believed => {
                        prop_assert!(stamp.at == wall && wall.since(due) > JUMP);
                        prop_assert!(held.take().is_some_and(|since| later(boot, since) >= DOUBT));
                    }
                }
                last = stamp.at;
            }
        }

        /// A clock that is wrong for less than ten minutes and comes back leaves nothing behind.
        #[test]
        fn what_comes_back_in_time_leaves_nothing(
            from in 1_i64..300, lasts in 1_i64..600, ahead in 301_i64..10_000_000,
        ) {
            let wrong = |second| (from..from + lasts).contains(&second);
            let away = |second| if wrong(second) { Span::from_secs(ahead) } else { Span::ZERO };
            for (truth, stamp) in stamps(1_000, away) {
                prop_assert_eq!(stamp.at, truth);
            }
        }
    }
}
