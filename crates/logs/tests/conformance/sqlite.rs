//! The suite on a SQLite file, and what only a file can meet: other processes, kills, files that are no log.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use winback_core::ids::Offset;
use winback_log::{Log, LogError, SessionSpec, SystemClock};
use winback_log_embedded::EmbeddedLog;

use crate::harness::{Harness, Lane, partitions, plain, read_all, spec, text, write_numbers};

/// Names the file to a child process of this test binary.
const CHILD_FILE: &str = "WINBACK_TEST_CHILD_FILE";

struct Sqlite {
    log: EmbeddedLog,
    _folder: Option<tempfile::TempDir>,
}

impl Harness for Sqlite {
    fn log(&self) -> &dyn Log {
        &self.log
    }

    fn unique(&self, base: &str) -> String {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        format!("{base}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn compact(&self, _topic: &str) -> bool {
        while self.log.maintain(Duration::from_secs(1)).unwrap() {}
        true
    }
}

fn at(path: &Path) -> Result<EmbeddedLog, LogError> {
    EmbeddedLog::sqlite(path, Arc::new(SystemClock))
}

fn make() -> Option<Sqlite> {
    let folder = tempfile::tempdir().unwrap();
    let log = at(&folder.path().join("log.db")).unwrap();
    Some(Sqlite { log, _folder: Some(folder) })
}

conformance!(make);

fn open(path: &Path) -> Sqlite {
    Sqlite { log: at(path).unwrap(), _folder: None }
}

fn join(log: &EmbeddedLog) -> Result<Box<dyn winback_log::Session>, LogError> {
    let topics = vec!["in".into()];
    log.session(SessionSpec { group: "group".to_owned(), transactional_id: "id".to_owned(), topics })
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Runs `child_that_holds_the_log` in a process of its own until it has done its work.
fn start_child(path: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite::child_that_holds_the_log", "--nocapture"])
        .env(CHILD_FILE, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = [0; 5];
    child.stderr.as_mut().unwrap().read_exact(&mut said).unwrap();
    assert_eq!(&said, b"ready");
    child
}

/// Not a test by itself: what the child process does. It copies three records, leaves a transaction open and stays.
#[test]
fn child_that_holds_the_log() {
    let Some(path) = std::env::var_os(CHILD_FILE).map(PathBuf::from) else { return };
    let harness = open(&path);
    let mut lane = Lane::join(&harness, "group", "id", &["in"]);
    lane.own(&harness, 1);
    let mut copied = 0;
    while copied < 3 {
        copied += lane.copy(3 - copied, "out");
    }
    lane.session.begin().unwrap();
    lane.session.append(&plain("out", 0, b"never committed")).unwrap();
    eprint!("ready");
    // Until the parent kills it, or is gone itself.
    let _ = std::io::stdin().read(&mut [0]);
}

fn fresh(path: &Path) -> Sqlite {
    let harness = open(path);
    for name in ["in", "out"] {
        harness.log.create(&spec(name, 1)).unwrap();
    }
    write_numbers(&harness, "in", 0, 0..5);
    harness
}

#[test]
fn a_second_process_may_write_and_read_but_not_run_lanes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let harness = fresh(&path);
    let child = start_child(&path);
    match join(&harness.log).map(drop) {
        Err(error @ LogError::Locked(_)) => {
            let text = error.to_string();
            assert!(text.contains("log.db") && text.contains(&child.id().to_string()), "{text}");
        }
        other => panic!("{other:?}"),
    }
    write_numbers(&harness, "in", 0, 5..6);
    assert_eq!(read_all(&harness, "in", 1).len(), 6);
    assert_eq!(read_all(&harness, "out", 1).len(), 3);
    kill(child);
    join(&harness.log).map(drop).unwrap();
}

#[test]
fn a_killed_process_leaves_what_it_committed_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    drop(fresh(&path));
    kill(start_child(&path));
    let harness = open(&path);
    let mut lane = Lane::join(&harness, "group", "id", &["in"]);
    lane.own(&harness, 1);
    assert_eq!(lane.session.committed(&partitions("in", 1)).unwrap(), [Some(Offset(3))]);
    while lane.copy(10, "out") < 2 {}
    let seen: Vec<_> = read_all(&harness, "out", 1).iter().map(text).collect();
    assert_eq!(seen, ["0", "1", "2", "3", "4"]);
}

#[test]
fn a_second_log_on_the_file_in_this_process_runs_no_lanes_either() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let (first, second) = (fresh(&path), open(&path));
    let session = join(&first.log).unwrap();
    assert!(matches!(join(&second.log).map(drop), Err(LogError::Locked(_))));
    drop(session);
    drop(first);
    join(&second.log).map(drop).unwrap();
}

#[test]
fn what_another_handle_writes_wakes_a_waiting_poll() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let (first, second) = (fresh(&path), open(&path));
    let mut lane = Lane::alone(&first, "in", 1);
    lane.take(&first, 5);
    let late = std::thread::spawn(move || write_numbers(&second, "in", 0, 5..6));
    let mut messages = Vec::new();
    while messages.is_empty() {
        lane.answer(Duration::from_secs(30), 10, &mut messages);
    }
    late.join().unwrap();
    assert_eq!(text(&messages[0]), "5");
}

#[test]
fn a_file_that_is_no_log_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, says: &str| {
        let error = at(&folder.path().join(name)).map(|log| log.name()).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(says), "{error}");
    };
    std::fs::write(folder.path().join("notes.txt"), "not a database at all, only some text\n".repeat(200))
        .unwrap();
    refused("notes.txt", "not a log of winback");
    let other = rusqlite::Connection::open(folder.path().join("other.db")).unwrap();
    other.execute_batch("CREATE TABLE theirs (a)").unwrap();
    refused("other.db", "not a log of winback");
    at(&folder.path().join("newer.db")).unwrap();
    let newer = rusqlite::Connection::open(folder.path().join("newer.db")).unwrap();
    newer.execute_batch("PRAGMA user_version = 99").unwrap();
    refused("newer.db", "newer winback");
    refused("no-such-folder/log.db", "folder must be there");
    std::fs::create_dir(folder.path().join("folder.db")).unwrap();
    refused("folder.db", "folder must be there");
}

#[test]
fn anyone_may_look_with_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let _log = fresh(&path);
    let look = rusqlite::Connection::open(&path).unwrap();
    let found: (String, i64, String) = look
        .query_row(
            "SELECT name, max(offset), CAST(value AS TEXT) FROM records JOIN topics ON topics.id = topic GROUP BY name",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!(found, ("in".to_owned(), 4, "4".to_owned()));
}
