//! A wall clock that jumps two days ahead while a file is written.

use std::sync::Arc;

use winback_core::time::{Span, Time};
use winback_log::{Cleanup, Clock as _, GuardedClock, Log as _};
use winback_log_embedded::EmbeddedLog;

use super::{TestClock, read, record, spec, write};

struct Clocks {
    wall: TestClock,
    boot: TestClock,
    guarded: Arc<GuardedClock>,
}

impl Clocks {
    fn new() -> Self {
        let (wall, boot) = (TestClock::new(), TestClock::new());
        let passed = {
            let boot = boot.clone();
            move || boot.now().since(Time::from_millis(0))
        };
        let guarded = Arc::new(GuardedClock::over(Box::new(wall.clone()), Box::new(passed)));
        guarded.now();
        Self { wall, boot, guarded }
    }

    /// Both go on.
    fn pass(&self, span: Span) {
        self.wall.advance(span);
        self.boot.advance(span);
    }
}

#[test]
fn a_jump_is_in_no_stamp_and_removes_nothing_until_it_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let clocks = Clocks::new();
    let start = clocks.wall.now();
    let log = EmbeddedLog::sqlite(&folder.path().join("log.db"), clocks.guarded.clone()).unwrap();
    log.create(&spec("in", 1, Cleanup::Delete(Some(Span::from_days(1))))).unwrap();
    let stamps = || -> Vec<Span> {
        let messages = read(&log, "in", 0).unwrap();
        messages.iter().map(|message| message.timestamp.since(start)).collect()
    };
    let maintain = || while log.maintain(std::time::Duration::from_secs(1)).unwrap() {};
    write(&log, &[record("in", 0, b"k", b"before")]);

    // Ahead for 14 seconds.
    clocks.pass(Span::from_secs(60));
    clocks.wall.advance(Span::from_days(2));
    for _ in 0..2 {
        clocks.pass(Span::from_secs(7));
        write(&log, &[record("in", 0, b"k", b"meanwhile")]);
        maintain();
        assert!(clocks.guarded.is_held());
    }
    clocks.wall.advance(Span::from_days(-2));
    clocks.pass(Span::from_secs(1));
    write(&log, &[record("in", 0, b"k", b"after")]);
    maintain();
    assert!(!clocks.guarded.is_held());
    assert_eq!(stamps(), [0, 67, 74, 75].map(Span::from_secs), "as the time passed, and all are there");

    // Ahead for good.
    clocks.wall.advance(Span::from_days(2));
    for _ in 0..10 {
        clocks.pass(Span::from_mins(1));
        write(&log, &[record("in", 0, b"k", b"meanwhile")]);
        maintain();
    }
    assert_eq!(stamps().len(), 14, "nothing expired while it was doubted");
    clocks.pass(Span::from_mins(1));
    write(&log, &[record("in", 0, b"k", b"believed")]);
    maintain();
    assert_eq!(stamps(), [Span::from_days(2) + Span::from_secs(75 + 660)], "then the rest is old");
}
