//! What is removed is gone from the file, its write-ahead log and the index of that, byte for byte.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use winback_core::ids::Offset;
use winback_core::time::Span;
use winback_log::{Append, Cleanup, Log, TopicPartition};
use winback_log_embedded::EmbeddedLog;

use super::{TestClock, join, open, read, record, spec, write};

/// Every removed value and key begins with it, and nothing else holds it.
const MARKER: &[u8] = b"zq7removed";

/// How often the files of the log hold the marker.
fn found(path: &Path) -> usize {
    let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let count = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(MARKER.len()).filter(|some| *some == MARKER).count()
    };
    files.map(|file| count(&file.unwrap().path())).sum()
}

fn text(kind: &str, number: usize, bytes: usize) -> Vec<u8> {
    let mut text = format!("{kind}{number:06}").into_bytes();
    text.resize(text.len().max(bytes), b'.');
    text
}

fn maintain(log: &EmbeddedLog) {
    while log.maintain(Duration::from_secs(1)).unwrap() {}
}

/// Writes `sizes` into `topic`, partition after partition, a few records a transaction.
fn fill(log: &dyn Log, topic: &str, kind: &str, sizes: &[usize]) {
    for (chunk, some) in sizes.chunks(7).enumerate() {
        let texts: Vec<_> =
            some.iter().enumerate().map(|(at, size)| (at, text(kind, chunk * 7 + at, *size))).collect();
        let records: Vec<Append<'_>> = texts
            .iter()
            .map(|(at, text)| {
                record(topic, i32::try_from(at % 3).unwrap(), &text[..16.min(text.len())], text)
            })
            .collect();
        write(log, &records);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// Records of any size, small and larger than a page, in partitions whose pages split each other's.
    #[test]
    fn nothing_is_left_of_what_retention_compaction_and_erasure_removed(
        old in prop::collection::vec(prop_oneof![16_usize..400, 16_usize..40_000], 1..150),
        young in prop::collection::vec(16_usize..2_000, 0..60),
        alone in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (path, clock) = (folder.path().join("log.db"), TestClock::new());
        let log = EmbeddedLog::sqlite(&path, Arc::new(clock.clone())).unwrap();
        log.create(&spec("aged", 3, Cleanup::Delete(Some(Span::from_days(1))))).unwrap();
        log.create(&spec("erased", 3, Cleanup::Delete(None))).unwrap();
        log.create(&spec("compacted", 3, Cleanup::Compact { tombstones: Span::from_days(1) })).unwrap();
        for topic in ["aged", "erased", "compacted"] {
            fill(&log, topic, "zq7removed", &old);
        }
        let before = found(&path);
        prop_assert!(before > 0);
        clock.advance(Span::from_days(2));
        for topic in ["aged", "erased", "compacted"] {
            fill(&log, topic, "kept-stays", &young);
        }
        for partition in 0..3 {
            let messages = read(&log, "erased", partition).unwrap();
            let gone = messages.iter().filter(|message| message.value().unwrap().starts_with(MARKER));
            let gone: Vec<Offset> = gone.map(|message| message.offset).collect();
            log.remove(&TopicPartition::new("erased", partition), &gone).unwrap();
            let keys: Vec<Vec<u8>> = read(&log, "compacted", partition).unwrap().iter()
                .filter_map(|message| message.key().filter(|key| key.starts_with(MARKER)).map(<[u8]>::to_vec)).collect();
            let buried: Vec<_> = keys.iter().map(|key| Append { value: None, ..record("compacted", partition, key, &[]) }).collect();
            write(&log, &buried);
        }
        maintain(&log);
        clock.advance(Span::from_days(2));
        fill(&log, "aged", "kept-stays", &young);
        maintain(&log);
        prop_assert!(log.scrub(false).unwrap());
        // SQLite leaves what it moved while it split a page: a few copies, until the file is written anew.
        prop_assert!(found(&path) <= 2 + before / 20, "{} of {before}", found(&path));
        // An erasure beside a run leaves that to the next start of lanes, one without a run does it.
        if alone {
            prop_assert!(log.scrub(true).unwrap());
        } else {
            log.create(&spec("in", 1, Cleanup::Delete(None))).unwrap();
            drop(join(&log).unwrap());
        }
        prop_assert_eq!(found(&path), 0);
        for topic in ["aged", "erased", "compacted"] {
            let left: usize = (0..3).map(|partition| read(&log, topic, partition).unwrap().len()).sum();
            prop_assert_eq!(left, young.len(), "{}", topic);
        }
    }
}

/// Lanes that poll do it by themselves, also where the log is never asked to.
#[test]
fn a_session_that_polls_leaves_nothing_of_what_it_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, clock) = (folder.path().join("log.db"), TestClock::new());
    let log = EmbeddedLog::sqlite(&path, Arc::new(clock.clone())).unwrap();
    log.create(&spec("in", 1, Cleanup::Delete(Some(Span::from_days(1))))).unwrap();
    let (key, value) = (text("zq7removed", 1, 20), text("zq7removed", 1, 9_000));
    write(&log, &[record("in", 0, &key, &value)]);
    let (mut session, _) = join(&log).unwrap();
    clock.advance(Span::from_days(2));
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while found(&path) > 0 {
        assert!(std::time::Instant::now() < deadline, "it is there still");
        let polled = session.poll(10, Duration::from_millis(50), &mut Vec::new());
        assert!(polled.is_ok() || polled.unwrap_err().kind() == "out_of_range");
    }
}

/// A version that did not overwrite left what it removed in free pages.
#[test]
fn a_file_of_an_older_version_is_written_anew_when_lanes_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let log = open(&path).unwrap();
    log.create(&spec("in", 1, Cleanup::Delete(None))).unwrap();
    let texts: Vec<_> = (0..200).map(|number| text("zq7removed", number, 3_000)).collect();
    write(&log, &texts.iter().map(|text| record("in", 0, &text[..16], text)).collect::<Vec<_>>());
    write(&log, &[record("in", 0, b"k", b"stays")]);
    drop(log);
    let older = rusqlite::Connection::open(&path).unwrap();
    older
        .execute_batch(
            "PRAGMA secure_delete = OFF; DELETE FROM records WHERE offset < 200; UPDATE partitions SET beginning = 200; \
             DROP TABLE marks; ALTER TABLE records DROP COLUMN checksum; PRAGMA secure_delete = OFF;",
        )
        .unwrap();
    drop(older);
    assert!(found(&path) > 100, "the older version leaves it");
    let log = open(&path).unwrap();
    assert_eq!(read(&log, "in", 0).unwrap().len(), 1, "a record without a checksum is read");
    let session = join(&log).unwrap();
    assert_eq!(found(&path), 0);
    drop((session, log));
    let marks = rusqlite::Connection::open(&path).unwrap();
    let marks: String = marks.query_row("SELECT name FROM marks", [], |row| row.get(0)).unwrap();
    assert_eq!(marks, "overwrites", "once");
}
