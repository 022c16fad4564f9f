//! The time to commit a transaction: a pure decision over times that are arguments.
//!
//! Effects wait at most 100 ms, so that a busy input shares a transaction. They wait hardly at all if the input is
//! idle. Positions alone are worth a transaction once a second.

use std::time::Duration;

use winback_core::time::{Span, Time};

use crate::role::Urgency;

/// The limits of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitPolicy {
    /// The longest that an effect waits.
    pub effects_within: Span,
    /// The longest that moved positions wait.
    pub positions_within: Span,
    /// The input is idle when nothing came for this long.
    pub idle: Span,
    /// The least time between two commits of one idle or urgent lane.
    pub apart: Span,
    /// The most records stepped in a transaction.
    pub max_records: usize,
    /// The most records appended in a transaction, roughly.
    pub max_appends: usize,
    /// The most bytes appended in a transaction, roughly.
    pub max_bytes: usize,
}

impl Default for CommitPolicy {
    fn default() -> Self {
        Self {
            effects_within: Span::from_millis(100),
            positions_within: Span::from_secs(1),
            idle: Span::from_millis(2),
            apart: Span::from_millis(20),
            max_records: 50_000,
            max_appends: 20_000,
            max_bytes: 16 << 20,
        }
    }
}

/// The uncommitted work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Since when there are effects, when there are any.
    pub effects_since: Option<Time>,
    /// Since when a position differs from the committed one, when one does.
    pub moved_since: Option<Time>,
    /// The role's urgency.
    pub urgency: Urgency,
    /// The time of the last commit or failure.
    pub last_commit: Time,
    /// The time of the last record.
    pub last_input: Time,
    /// The time of the role's next heartbeat, if it has one.
    pub heartbeat: Option<Time>,
    /// Records stepped.
    pub records: usize,
    /// Records to append.
    pub appends: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// The decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Commit now.
    Commit,
    /// Ask again after this long at the latest.
    Wait(Duration),
    /// There is nothing to wait for.
    Nothing,
}

impl CommitPolicy {
    /// True if the transaction has reached its largest size.
    pub const fn is_full(&self, records: usize, appends: usize, bytes: usize) -> bool {
        records >= self.max_records || appends >= self.max_appends || bytes >= self.max_bytes
    }

    /// The decision at `now`.
    pub fn decide(&self, now: Time, pending: &Pending) -> Decision {
        if self.is_full(pending.records, pending.appends, pending.bytes) {
            return Decision::Commit;
        }
        let due = [self.effects_due(pending), self.positions_due(pending), pending.heartbeat];
        match due.into_iter().flatten().min() {
            None => Decision::Nothing,
            Some(due) if due <= now => Decision::Commit,
            Some(due) => {
                let millis = u64::try_from(due.since(now).millis()).unwrap_or_default();
                Decision::Wait(Duration::from_millis(millis))
            }
        }
    }

    fn effects_due(&self, pending: &Pending) -> Option<Time> {
        let since = pending.effects_since?;
        let idle = pending.last_input + self.idle;
        let apart = pending.last_commit + self.apart;
        let soon = match pending.urgency {
            Urgency::Now => idle.min(apart),
            Urgency::Soon | Urgency::Lazy => idle.max(apart),
        };
        Some(soon.min(since + self.effects_within))
    }

    fn positions_due(&self, pending: &Pending) -> Option<Time> {
        pending.moved_since.map(|since| since + self.positions_within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> Time {
        Time::from_millis(millis)
    }

    fn pending() -> Pending {
        Pending {
            effects_since: None,
            moved_since: None,
            urgency: Urgency::Lazy,
            last_commit: at(0),
            last_input: at(0),
            heartbeat: None,
            records: 0,
            appends: 0,
            bytes: 0,
        }
    }

    #[test]
    fn the_table_of_decisions() {
        let some = |millis| Some(at(millis));
        let effects = Pending { effects_since: some(1_000), urgency: Urgency::Soon, ..pending() };
        let wait = |millis| Decision::Wait(Duration::from_millis(millis));
        let cases = [
            ("nothing", 5_000, pending(), Decision::Nothing),
            (
                "idle, last commit long ago",
                1_002,
                Pending { last_input: at(1_000), ..effects },
                Decision::Commit,
            ),
            ("not idle yet", 1_001, Pending { last_input: at(1_000), ..effects }, wait(1)),
            (
                "idle, last commit too near",
                1_010,
                Pending { last_input: at(1_000), last_commit: at(1_000), ..effects },
                wait(10),
            ),
            ("busy", 1_099, Pending { last_input: at(1_099), ..effects }, wait(1)),
            ("busy for 100 ms", 1_100, Pending { last_input: at(1_100), ..effects }, Decision::Commit),
            (
                "urgent and busy, last commit 20 ms ago",
                1_000,
                Pending { last_input: at(1_000), last_commit: at(980), urgency: Urgency::Now, ..effects },
                Decision::Commit,
            ),
            (
                "urgent and busy, last commit 19 ms ago",
                1_000,
                Pending { last_input: at(1_000), last_commit: at(981), urgency: Urgency::Now, ..effects },
                wait(1),
            ),
            (
                "urgent and idle, last commit just now",
                1_002,
                Pending { last_input: at(1_000), last_commit: at(1_001), urgency: Urgency::Now, ..effects },
                Decision::Commit,
            ),
            ("positions only", 1_500, Pending { moved_since: some(1_000), ..pending() }, wait(500)),
            (
                "positions for a second",
                2_000,
                Pending { moved_since: some(1_000), ..pending() },
                Decision::Commit,
            ),
            ("heartbeat", 500, Pending { heartbeat: some(500), ..pending() }, Decision::Commit),
            ("heartbeat to come", 400, Pending { heartbeat: some(500), ..pending() }, wait(100)),
            ("many records", 0, Pending { records: 50_000, ..pending() }, Decision::Commit),
            ("many bytes", 0, Pending { bytes: 16 << 20, ..pending() }, Decision::Commit),
        ];
        for (name, now, pending, expected) in cases {
            assert_eq!(CommitPolicy::default().decide(at(now), &pending), expected, "{name}");
        }
    }
}
