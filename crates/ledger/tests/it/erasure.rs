//! An erasure takes the account's id out of every table and out of the file, whenever it comes.

use winback_ledger::{Ledger, LedgerError};

use crate::world::{WINDOW, dump, erased, feed_all, lines, open, signal, trigger};

#[test]
fn an_erased_account_is_a_token_everywhere_and_keeps_its_counts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let mut ledger = open(&path).unwrap();
    feed_all(&mut ledger, &lines(), 4).unwrap();
    let text = dump(&path);
    assert!(!text.contains("dora"), "{text}");
    assert!(text.contains("account=Text(\"token-0\")"), "{text}");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let sql = "SELECT tier || '/' || reason || '/' || origin || '/' || return_arr_minor FROM spells WHERE account LIKE 'erased-%'";
    let kept: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(kept, "2/product_gap/attributed/900000");
    drop((ledger, connection));
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(4).any(|window| window == b"dora"));
    }
}

#[test]
fn what_comes_after_the_erasure_is_of_the_same_token() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let mut ledger = open(&path).unwrap();
    feed_all(&mut ledger, &[erased("eve", 1)], 4).unwrap();
    drop(ledger);
    let mut ledger = open(&path).unwrap();
    feed_all(&mut ledger, &[trigger("eve", "t-9", 3, 0), signal("eve", 2)], 4).unwrap();
    let text = dump(&path);
    assert!(!text.contains("\"eve\""), "{text}");
    assert!(text.matches("account=Text(\"token-0\")").count() >= 3, "{text}");
}

#[test]
fn without_the_key_the_ledger_waits_and_moves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    let mut ledger = Ledger::open(&path, WINDOW, Box::new(|| None)).unwrap();
    let error = feed_all(&mut ledger, &[erased("eve", 1)], 4).unwrap_err();
    assert!(matches!(error, LedgerError::NoKey) && error.is_passing(), "{error}");
    assert!(error.to_string().contains("privacy.key"), "{error}");
    assert_eq!(ledger.positions(&[("suppressions".to_owned(), 0)]).unwrap(), [0]);
    assert!(!dump(&path).contains("hash="));
}
