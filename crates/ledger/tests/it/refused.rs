//! Databases that cannot be used, and records that cannot be understood: what is said of them.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rusqlite::Connection;
use winback_ledger::{Database as _, Feed, LedgerError, Sqlite};

use crate::world::{account, broken, feed, feed_all, lines, open};

fn told(result: Result<winback_ledger::Ledger, LedgerError>) -> String {
    match result {
        Ok(_) => "opened".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn made(dir: &Path) -> std::path::PathBuf {
    let path = dir.join("ledger.db");
    feed_all(&mut open(&path).unwrap(), &lines(), 100).unwrap();
    path
}

#[test]
fn a_newer_ledger_is_refused_with_both_versions() {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path());
    let connection = Connection::open(&path).unwrap();
    connection.execute("INSERT INTO ledger_migrations (version) VALUES (99)", []).unwrap();
    let text = told(open(&path));
    assert!(text.contains("schema 99, this one knows 2") && text.contains("run that version"), "{text}");
}

#[test]
fn another_database_and_no_database_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let other = dir.path().join("other.db");
    Connection::open(&other).unwrap().execute("CREATE TABLE cats (name TEXT)", []).unwrap();
    assert!(told(open(&other)).contains("is no ledger of winback: name another file"));
    let text = dir.path().join("text.db");
    std::fs::write(&text, "a letter that is long enough to be read as a header of a database").unwrap();
    assert!(told(open(&text)).contains("is no ledger of winback: name another file"));
    let nowhere = dir.path().join("no/such/folder/ledger.db");
    assert!(told(open(&nowhere)).contains("no/such/folder"), "{}", told(open(&nowhere)));
}

#[test]
fn a_second_keeper_is_refused_and_told_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let _first = open(&path).unwrap();
    let text = told(open(&path));
    let process = format!("(process {})", std::process::id());
    assert!(text.contains(&process) && text.contains("stop it"), "{text}");
}

#[test]
fn a_full_database_says_so_and_keeps_what_it_had() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let mut database = Sqlite::open(&path).unwrap();
    database.run("PRAGMA max_page_count = 50").unwrap();
    let key = Box::new(|| Some(crate::world::key()));
    let mut ledger = winback_ledger::Ledger::over(Box::new(database), crate::world::WINDOW, key).unwrap();
    let many: Vec<_> = (0..2_000).map(|at| account(&format!("a-{at}"), 1, 0, 0, "churned")).collect();
    let error = loop {
        if let Err(error) = feed(&mut ledger, Feed::Accounts, &many, 50) {
            break error;
        }
    };
    assert!(error.is_passing(), "{error}");
    let text = error.to_string();
    assert!(text.contains("ledger.db") && text.contains("make room on the disk"), "{text}");
    let position = ledger.positions(&[("accounts".to_owned(), 0)]).unwrap()[0];
    let count = "SELECT count(*) FROM account_states";
    let kept: i64 = Connection::open(&path).unwrap().query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(kept, position);
}

#[test]
fn a_database_that_another_program_holds_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path());
    let mut database = Sqlite::open(&path).unwrap();
    database.run("PRAGMA busy_timeout = 1").unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = database.begin().unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("end it"), "{error}");
}

#[test]
fn a_database_that_may_not_be_written_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = made(dir.path());
    let mut database = Sqlite::read(&path).unwrap();
    let error = database.execute("DELETE FROM spells", &[]).unwrap_err();
    assert!(error.is_passing() && error.to_string().contains("must be allowed to write the file"), "{error}");
    // A folder in which nothing can be made; who is root may write everywhere.
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
    let is_root = std::fs::write(dir.path().join("probe"), "").is_ok();
    let text = told(open(&dir.path().join("new.db")));
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    assert!(is_root || text.contains("must be allowed to write in that folder"), "{text}");
}

#[test]
fn records_that_cannot_be_understood_are_noted_and_passed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let mut ledger = open(&path).unwrap();
    for topic in [Feed::Accounts, Feed::Triggers, Feed::Decisions, Feed::Actions, Feed::Answers] {
        assert!(feed(&mut ledger, topic, &[broken(topic)], 1).unwrap());
    }
    let sql = "SELECT count(*) FROM refused WHERE position = 0 AND why <> ''";
    let noted: i64 = Connection::open(&path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(noted, 5);
}
