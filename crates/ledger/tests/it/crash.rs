//! A process that dies between any two statements loses and doubles nothing, and a member that wakes late writes nothing.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use winback_ledger::{Database, Ledger, LedgerError, Sqlite, Value};

use crate::world::{
    Line, WINDOW, account, action, dump, erased, expected, feed_all, gone, key, open, trigger,
};

/// A database whose process dies after so many calls. It does not even roll back.
struct Dies {
    inner: Sqlite,
    left: Arc<AtomicUsize>,
}

impl Dies {
    fn step(&self) -> Result<(), LedgerError> {
        let alive = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        let dead = LedgerError::Unavailable {
            path: "ledger.db".to_owned(),
            fault: "killed".to_owned(),
            fix: String::new(),
        };
        alive.map(drop).map_err(|_| dead)
    }
}

impl Database for Dies {
    fn name(&self) -> String {
        self.inner.name()
    }
    fn begin(&mut self) -> Result<(), LedgerError> {
        self.step()?;
        self.inner.begin()
    }
    fn commit(&mut self) -> Result<(), LedgerError> {
        self.step()?;
        self.inner.commit()?;
        // It is in the file, and nobody hears of it.
        self.step()
    }
    fn rollback(&mut self) {}
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<usize, LedgerError> {
        self.step()?;
        self.inner.execute(sql, values)
    }
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Vec<Value>>, LedgerError> {
        self.inner.query(sql, values)
    }
    fn run(&mut self, script: &str) -> Result<(), LedgerError> {
        self.step()?;
        self.inner.run(script)
    }
    fn scrub(&mut self) -> Result<(), LedgerError> {
        self.step()?;
        self.inner.scrub()
    }
}

fn few() -> Vec<Line> {
    vec![
        account("acme", 1, 0, 0, "churned"),
        gone("dora", 51),
        trigger("acme", "t-1", 10, 0),
        trigger("dora", "t-3", 15, -9),
        action("acme", "t-1", 11, "delivered"),
        erased("dora", 50),
    ]
}

/// Reads until it dies, then reads on in another process. True if it died.
fn killed_after(steps: usize, path: &Path) -> bool {
    let left = Arc::new(AtomicUsize::new(steps));
    let died = {
        let database = Box::new(Dies { inner: Sqlite::open(path).unwrap(), left });
        let ledger = Ledger::over(database, WINDOW, Box::new(|| Some(key())));
        ledger.and_then(|mut ledger| feed_all(&mut ledger, &few(), 2)).is_err()
    };
    feed_all(&mut open(path).unwrap(), &few(), 2).unwrap();
    died
}

#[test]
fn a_kill_between_any_two_statements_loses_and_doubles_nothing() {
    let expected = expected(&few());
    let (mut steps, mut kills) = (0, 0);
    loop {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger.db");
        let died = killed_after(steps, &path);
        assert_eq!(dump(&path), expected, "killed after {steps} statements");
        if !died {
            break;
        }
        (steps, kills) = (steps + 1, kills + 1);
    }
    assert!(kills > 60, "{kills} kills");
}

#[test]
fn a_member_that_wakes_late_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let member = || -> Ledger {
        Ledger::over(Box::new(Sqlite::open(&path).unwrap()), WINDOW, Box::new(|| Some(key()))).unwrap()
    };
    let mut early = member();
    let lines = few();
    crate::world::feed(&mut early, winback_ledger::Feed::Accounts, &lines[..1], 1).unwrap();
    // It has read its position, and sleeps; another member takes over.
    let mut batch = winback_ledger::Batch::default();
    batch.moved(winback_ledger::Move { topic: "accounts".to_owned(), partition: 0, from: 1, to: 2 });
    let _late = member();
    let before = dump(&path);
    let error = early.apply(&batch).unwrap_err();
    assert!(matches!(error, LedgerError::Late { .. }), "{error}");
    assert!(error.to_string().contains("accounts/0"), "{error}");
    assert!(matches!(early.positions(&[("accounts".to_owned(), 0)]), Err(LedgerError::Late { .. })));
    assert_eq!(dump(&path), before);
}

#[test]
fn a_position_that_another_moved_is_not_moved_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let mut ledger = open(&path).unwrap();
    ledger.positions(&[("accounts".to_owned(), 0)]).unwrap();
    let mut batch = winback_ledger::Batch::default();
    batch.moved(winback_ledger::Move { topic: "accounts".to_owned(), partition: 0, from: 7, to: 8 });
    assert!(matches!(ledger.apply(&batch), Err(LedgerError::Late { .. })));
    assert_eq!(ledger.positions(&[("accounts".to_owned(), 0)]).unwrap(), [0]);
}
