//! Points at which a test lets its process die, as a power cut would: the fault tests enumerate them.
//!
//! Without the feature `fail-points`, which only tests ask for, a point is nothing at all.

use winback_core::closed_enum;
use winback_core::time::Span;

closed_enum! {
    /// Where a process can be made to die.
    FailPoint {
        /// A transaction is wanted and not begun.
        BeforeBegin = "before_begin",
        /// A record was appended to the open transaction.
        Append = "append",
        /// A record of the changelog was.
        Changelog = "changelog",
        /// The positions are in the open transaction.
        Positions = "positions",
        /// All that the transaction holds is written, and nobody has asked to commit it.
        BeforeCommit = "before_commit",
        /// The log said that it is committed; memory does not follow any more.
        AfterCommit = "after_commit",
        /// Partitions are asked for, what was stepped is committed, and they are not given back yet.
        Revoke = "revoke",
        /// A record of the changelog was read back.
        Restore = "restore",
        /// A snapshot is written and durable, and not in its place yet.
        Snapshot = "snapshot",
        /// A dead letter is among what the transaction will hold.
        DeadLetter = "dead_letter",
    }
}

/// Ends the process with `SIGABRT` where `WINBACK_FAIL_AT` says so.
///
/// The variable is `POINT[@PART][:N]`: the point's name, a part of the dotted name `who` (a group or a transactional id,
/// so that a role can be named), and which time the process comes by, 1 without it.
#[cfg(feature = "fail-points")]
pub fn fail_point(point: FailPoint, who: &str) {
    if ordered::order().is_some_and(|order| order.is_due(point, who)) {
        std::process::abort();
    }
}

/// Nothing.
#[cfg(not(feature = "fail-points"))]
#[inline]
pub const fn fail_point(_: FailPoint, _: &str) {}

/// How far a test wants the wall clock ahead: the milliseconds in the file that `WINBACK_WALL_AHEAD` names.
pub(crate) fn wall_ahead() -> Span {
    static FILE: File = File::new();
    Span::from_millis(number(&FILE, "WINBACK_WALL_AHEAD").unwrap_or(0))
}

/// How many pages a test lets a log's file have: the number in the file that `WINBACK_MOST_PAGES` names.
pub(crate) fn most_pages() -> Option<i64> {
    static FILE: File = File::new();
    number(&FILE, "WINBACK_MOST_PAGES")
}

/// The file that a variable of the environment names.
type File = std::sync::OnceLock<Option<std::path::PathBuf>>;

#[cfg(feature = "fail-points")]
fn number(file: &File, variable: &str) -> Option<i64> {
    let file = file.get_or_init(|| std::env::var_os(variable).map(Into::into));
    std::fs::read_to_string(file.as_ref()?).ok()?.trim().parse().ok()
}

/// Nothing.
#[cfg(not(feature = "fail-points"))]
#[inline]
const fn number(_: &File, _: &str) -> Option<i64> {
    None
}

#[cfg(feature = "fail-points")]
mod ordered {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::FailPoint;

    /// What was ordered, and how often the process came by.
    #[derive(Debug)]
    pub(super) struct Order {
        point: FailPoint,
        part: Option<String>,
        nth: u64,
        passed: AtomicU64,
    }

    impl Order {
        pub(super) fn parse(text: &str) -> Option<Self> {
            let (text, nth) = match text.rsplit_once(':') {
                Some((text, nth)) => (text, nth.parse().ok()?),
                None => (text, 1),
            };
            let (point, part) = match text.split_once('@') {
                Some((point, part)) => (point, Some(part.to_owned())),
                None => (text, None),
            };
            Some(Self { point: FailPoint::parse(point)?, part, nth, passed: AtomicU64::new(0) })
        }

        pub(super) fn is_due(&self, point: FailPoint, who: &str) -> bool {
            let mine = || self.part.as_ref().is_none_or(|part| who.split('.').any(|name| name == part));
            point == self.point && mine() && self.passed.fetch_add(1, Ordering::Relaxed) + 1 == self.nth
        }
    }

    pub(super) fn order() -> Option<&'static Order> {
        static ORDER: OnceLock<Option<Order>> = OnceLock::new();
        let read = || std::env::var("WINBACK_FAIL_AT").ok().and_then(|text| Order::parse(&text));
        ORDER.get_or_init(read).as_ref()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn an_order_names_a_point_a_part_and_which_time() {
            let order = Order::parse("after_commit@detector:2").unwrap();
            let passes = [
                (FailPoint::AfterCommit, "shop.matcher.0.web-0", false),
                (FailPoint::BeforeCommit, "shop.detector.0.0", false),
                (FailPoint::AfterCommit, "shop.detector.0.0", false),
                (FailPoint::AfterCommit, "shop.detector.1.0", true),
                (FailPoint::AfterCommit, "shop.detector.0.0", false),
            ];
            for (at, (point, who, due)) in passes.into_iter().enumerate() {
                assert_eq!(order.is_due(point, who), due, "pass {at}");
            }
            assert!(Order::parse("restore").unwrap().is_due(FailPoint::Restore, "anybody"));
        }

        #[test]
        fn an_order_for_no_point_is_none() {
            for text in ["", "nowhere", "restore:x", "@detector"] {
                assert!(Order::parse(text).is_none(), "{text}");
            }
        }
    }
}
