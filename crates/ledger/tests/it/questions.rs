//! The questions of `docs/ledger.md`, asked as they stand there.

use rusqlite::Connection;

use crate::world::{feed_all, lines, open};

/// The SQL blocks of the page.
fn questions() -> Vec<String> {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ledger.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = page.split("```sql\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_question_of_the_page_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    feed_all(&mut open(&path).unwrap(), &lines(), 100).unwrap();
    let connection = Connection::open(&path).unwrap();
    let ask = |sql: &str| -> usize {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |_| Ok(())).unwrap();
        rows.map(Result::unwrap).count()
    };
    let answers: Vec<usize> = questions().iter().map(|sql| ask(sql)).collect();
    assert_eq!(answers.len(), 10);
    assert!(
        answers[..4].iter().all(|rows| *rows > 0),
        "returns, reasons, plays and times are there: {answers:?}"
    );
}
