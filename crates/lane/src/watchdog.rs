//! Finds out whether a lane stands still.
//!
//! By the watcher's clock, not the lane's: a lane whose clock jumps has not stood still, and one that hangs reads no clock.

use std::time::{Duration, Instant};

use winback_core::time::Time;

use crate::status::LaneSnapshot;

/// Looks at one snapshot of a lane after the other.
#[derive(Clone, Debug)]
pub struct Watchdog {
    after: Duration,
    turned: Sign,
    waiting: Sign,
}

/// A time that the lane tells, and since when it tells the same.
#[derive(Clone, Copy, Debug)]
struct Sign {
    told: Option<Time>,
    since: Instant,
}

impl Sign {
    fn look(&mut self, told: Option<Time>, now: Instant) -> Duration {
        if self.told != told {
            *self = Self { told, since: now };
        }
        now.saturating_duration_since(self.since)
    }
}

impl Watchdog {
    /// Watches a lane from `now` on; it stands still when nothing moves for longer than `after`.
    pub const fn new(after: Duration, now: Instant) -> Self {
        let sign = Sign { told: None, since: now };
        Self { after, turned: sign, waiting: sign }
    }

    /// What stands still at `now`, when something does. A lane that ended by itself is not stalled.
    pub fn stalled(&mut self, lane: &LaneSnapshot, now: Instant) -> Option<String> {
        let silent = self.turned.look(lane.turned_at, now);
        let waited = self.waiting.look(lane.waiting_since, now);
        if lane.ended.is_some() {
            return None;
        }
        if silent > self.after {
            return Some(format!("the lane has not turned for {} s", silent.as_secs()));
        }
        (lane.waiting_since.is_some() && waited > self.after)
            .then(|| format!("records wait, and none was stepped for {} s", waited.as_secs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: Duration = Duration::from_secs(30);

    fn lane(turned: i64, waiting: Option<i64>) -> LaneSnapshot {
        let time = Time::from_millis;
        LaneSnapshot {
            turned_at: Some(time(turned)),
            waiting_since: waiting.map(time),
            ..LaneSnapshot::default()
        }
    }

    fn watch(looks: &[(u64, LaneSnapshot)]) -> Option<String> {
        let start = Instant::now();
        let mut dog = Watchdog::new(AFTER, start);
        let mut last = None;
        for (seconds, snapshot) in looks {
            last = dog.stalled(snapshot, start + Duration::from_secs(*seconds));
        }
        last
    }

    #[test]
    fn a_lane_that_does_not_turn_stands_still() {
        assert_eq!(watch(&[(0, lane(1, None)), (30, lane(1, None))]), None);
        let stalled = watch(&[(0, lane(1, None)), (40, lane(1, None))]);
        assert_eq!(stalled.unwrap(), "the lane has not turned for 40 s");
        assert_eq!(
            watch(&[(0, lane(1, None)), (40, lane(1, None)), (41, lane(2, None))]),
            None,
            "it turns again"
        );
    }

    #[test]
    fn a_lane_that_turns_and_steps_nothing_of_what_waits_stands_still() {
        let stalled = watch(&[(0, lane(1, Some(1))), (20, lane(2, Some(1))), (40, lane(3, Some(1)))]);
        assert_eq!(stalled.unwrap(), "records wait, and none was stepped for 40 s");
        assert_eq!(watch(&[(0, lane(1, Some(1))), (20, lane(2, Some(2))), (40, lane(3, Some(3)))]), None);
    }

    #[test]
    fn a_clock_that_jumps_is_no_stall() {
        assert_eq!(watch(&[(0, lane(1, Some(1))), (1, lane(200_000_000, Some(1)))]), None);
    }

    #[test]
    fn who_ended_does_not_stand_still() {
        let ended = LaneSnapshot { ended: Some("fenced".to_owned()), ..lane(1, None) };
        assert_eq!(watch(&[(0, ended.clone()), (100, ended)]), None);
    }
}
