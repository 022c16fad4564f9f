//! Topics have no common order: whatever comes first, the facts and what they come to are the same.

use proptest::prelude::*;

use crate::world::{dump, expected, feed, feed_all, lines, open, topics};

/// Delivers the topics in the order of the picks, a few records at a time.
fn delivered(picks: &[(usize, usize)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let mut ledger = open(&path).unwrap();
    let topics = topics(&lines());
    for (topic, count) in picks {
        let (name, lines) = &topics[*topic];
        feed(&mut ledger, *name, lines, *count).unwrap();
    }
    feed_all(&mut ledger, &lines(), 3).unwrap();
    dump(&path)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn permuted_topics_give_the_same_tables(picks in prop::collection::vec((0..6_usize, 1..4_usize), 0..16)) {
        prop_assert_eq!(delivered(&picks), expected(&lines()));
    }
}

#[test]
fn a_ledger_that_reads_everything_again_is_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let mut ledger = open(&path).unwrap();
    feed_all(&mut ledger, &lines(), 5).unwrap();
    let before = dump(&path);
    ledger.rewind().unwrap();
    feed_all(&mut ledger, &lines(), 2).unwrap();
    assert_eq!(dump(&path), before);
}

#[test]
fn daily_counts_equal_a_recount() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    feed_all(&mut open(&path).unwrap(), &lines(), 2).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let mut compared = 0;
    for (what, column) in [
        ("churned", "churned_at"),
        ("triggered", "triggered_at"),
        ("attempted", "attempted_at"),
        ("answered", "answered_at"),
        ("returned", "returned_at"),
    ] {
        let read = |sql: &str| -> Vec<(i64, String, i64)> {
            let mut statement = connection.prepare(sql).unwrap();
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            statement.query_map([], row).unwrap().map(Result::unwrap).collect()
        };
        let kept = read(&format!(
            "SELECT day, tier, sum(spells) FROM daily WHERE what = '{what}' AND spells <> 0 GROUP BY 1, 2 ORDER BY 1, 2"
        ));
        let counted = read(&format!(
            "SELECT {column} / 86400000, tier, count(*) FROM spells WHERE {column} IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
        ));
        assert_eq!(kept, counted, "{what}");
        compared += kept.len();
    }
    assert!(compared >= 10, "{compared}");
}
