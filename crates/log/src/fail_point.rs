//! Points at which a test lets its process die, as a power cut would, or lets a thread panic or hang: the fault tests
//! enumerate them.
//!
//! Without the feature `fail-points`, which only tests ask for, a point is nothing at all.

use winback_core::closed_enum;
use winback_core::time::Span;

closed_enum! {
    /// The points at which a process can be made to die.
    FailPoint {
        /// A record was stepped; the role has changed what it changes.
        Step = "step",
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

/// Does what `WINBACK_FAIL_AT`, or [`order_failure`], says of this point.
///
/// An order is `POINT[@PART][:N[+]][=abort|panic|hang]`: the point's name, a part of the dotted name `who` (a group or a
/// transactional id, so that a role can be named), which time the process comes by, 1 without it, with `+` each time from
/// then on, and what happens: the process ends with `SIGABRT`, the thread panics, or it hangs.
#[cfg(feature = "fail-points")]
#[expect(clippy::panic, reason = "a test asked for it")]
pub fn fail_point(point: FailPoint, who: &str) {
    match ordered::due(point, who) {
        None => {}
        Some(ordered::Way::Abort) => std::process::abort(),
        Some(ordered::Way::Panic) => panic!("a test asked for it at {point}"),
        Some(ordered::Way::Hang) => ordered::hang(),
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
pub fn most_pages() -> Option<i64> {
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
pub use ordered::{call_off_failures, order_failure};

#[cfg(feature = "fail-points")]
mod ordered {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, LazyLock};

    use parking_lot::{Condvar, Mutex};

    use super::FailPoint;

    /// What happens at a point.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Way {
        Abort,
        Panic,
        Hang,
    }

    /// The order to die, and the number of visits.
    #[derive(Debug)]
    pub(super) struct Order {
        point: FailPoint,
        part: Option<String>,
        nth: u64,
        always: bool,
        way: Way,
        passed: AtomicU64,
    }

    static ORDERS: LazyLock<Mutex<Vec<Arc<Order>>>> = LazyLock::new(|| {
        let order = std::env::var("WINBACK_FAIL_AT").ok().and_then(|text| Order::parse(&text));
        Mutex::new(order.into_iter().map(Arc::new).collect())
    });
    static CALLED_OFF: Condvar = Condvar::new();

    impl Order {
        pub(super) fn parse(text: &str) -> Option<Self> {
            let (text, way) = match text.split_once('=') {
                None | Some((_, "abort")) => (text.trim_end_matches("=abort"), Way::Abort),
                Some((text, "panic")) => (text, Way::Panic),
                Some((text, "hang")) => (text, Way::Hang),
                Some(_) => return None,
            };
            let (text, always) = text.strip_suffix('+').map_or((text, false), |text| (text, true));
            let (text, nth) = match text.rsplit_once(':') {
                Some((text, nth)) => (text, nth.parse().ok()?),
                None => (text, 1),
            };
            let (point, part) = match text.split_once('@') {
                Some((point, part)) => (point, Some(part.to_owned())),
                None => (text, None),
            };
            let passed = AtomicU64::new(0);
            Some(Self { point: FailPoint::parse(point)?, part, nth, always, way, passed })
        }

        pub(super) fn is_due(&self, point: FailPoint, who: &str) -> bool {
            let mine = || self.part.as_ref().is_none_or(|part| who.split('.').any(|name| name == part));
            if point != self.point || !mine() {
                return false;
            }
            let time = self.passed.fetch_add(1, Ordering::Relaxed) + 1;
            time == self.nth || (self.always && time > self.nth)
        }
    }

    pub(super) fn due(point: FailPoint, who: &str) -> Option<Way> {
        let orders = ORDERS.lock().clone();
        orders.iter().find(|order| order.is_due(point, who)).map(|order| order.way)
    }

    /// Until all orders are called off; for ever where nobody does.
    pub(super) fn hang() {
        let mut orders = ORDERS.lock();
        while !orders.is_empty() {
            CALLED_OFF.wait(&mut orders);
        }
    }

    /// Adds an order for this process, as if `WINBACK_FAIL_AT` said it; false when it is none.
    pub fn order_failure(text: &str) -> bool {
        let order = Order::parse(text);
        let is_one = order.is_some();
        ORDERS.lock().extend(order.map(Arc::new));
        is_one
    }

    /// Calls all orders off; who hangs goes on.
    pub fn call_off_failures() {
        ORDERS.lock().clear();
        CALLED_OFF.notify_all();
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
        fn an_order_says_what_happens_and_whether_it_happens_again() {
            let order = Order::parse("step@matcher:2+=panic").unwrap();
            let due: Vec<bool> =
                (0..4).map(|_| order.is_due(FailPoint::Step, "shop.matcher.0.web-0")).collect();
            assert_eq!((due, order.way), (vec![false, true, true, true], Way::Panic));
            for (text, way) in [
                ("step", Way::Abort),
                ("step=abort", Way::Abort),
                ("step:1=hang", Way::Hang),
                ("step+=panic", Way::Panic),
            ] {
                assert_eq!(Order::parse(text).unwrap().way, way, "{text}");
            }
        }

        #[test]
        fn an_order_for_no_point_is_none() {
            for text in ["", "nowhere", "restore:x", "@detector", "step=dance"] {
                assert!(Order::parse(text).is_none(), "{text}");
            }
        }
    }
}
