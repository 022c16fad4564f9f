//! `--until-idle`: each role has caught up with what the roles before it had done when they were.
//!
//! A role's stage is over when all partitions of what it reads saw an end at or after the stage began, and all before
//! that end is committed; for a matcher that commit holds the progress that says so. Then the next role's stage begins,
//! so that what the last progress set off is consumed, too.

use winback_core::time::Time;
use winback_lane::LaneSnapshot;

use super::started::Started;
use crate::RoleName;

const ORDER: [RoleName; 4] = [RoleName::Registrar, RoleName::Matcher, RoleName::Detector, RoleName::Worker];

/// The stage of the run on its way to idle.
pub(super) struct Stages {
    at: usize,
    since: Time,
}

impl Stages {
    pub(super) const fn new(now: Time) -> Self {
        Self { at: 0, since: now }
    }

    /// Goes on as far as the lanes are; true when every stage is over. The detector's is not while its calendar or an event
    /// is told: the worker has to act on what comes of it. Whether that is so is asked after the lanes were looked at, or
    /// an event that came between the two would be missed, and the next stage begins after the answer.
    pub(super) fn advance(
        &mut self,
        lanes: &[(&Started, LaneSnapshot)],
        has_backlog: impl Fn() -> bool,
        now: impl Fn() -> Time,
    ) -> bool {
        while let Some(role) = ORDER.get(self.at) {
            if !is_over(*role, lanes, self.since) || (*role == RoleName::Detector && has_backlog()) {
                return false;
            }
            self.at += 1;
            self.since = now();
        }
        true
    }
}

fn is_over(role: RoleName, lanes: &[(&Started, LaneSnapshot)], since: Time) -> bool {
    let of_role = || lanes.iter().filter(|(lane, _)| lane.role == role);
    of_role().all(|(lane, _)| {
        lane.partitions.iter().all(|partition| {
            of_role().filter(|(other, _)| other.reads == lane.reads).any(|(_, snapshot)| {
                // What is stopped is no further by itself; the run says so at its end.
                if snapshot.stopped.is_some() {
                    return true;
                }
                let mine = snapshot.partitions.iter().find(|status| status.partition == *partition);
                mine.and_then(|status| status.caught_up_at).is_some_and(|at| at >= since)
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workers_stage_begins_when_nothing_is_told_any_more() {
        let (early, late) = (Time::from_millis(1), Time::from_millis(2));
        let mut stages = Stages::new(early);
        assert!(!stages.advance(&[], || true, || early));
        assert_eq!((ORDER[stages.at], stages.since), (RoleName::Detector, early));
        assert!(stages.advance(&[], || false, || late));
        assert_eq!(stages.since, late);
    }
}
