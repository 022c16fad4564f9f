//! Bytes of the file that the disk changed: whoever reads ends, with an error or with what was written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use proptest::prelude::*;
use winback_core::time::Span;
use winback_log::{Append, Cleanup, Log as _, LogError};

use super::{join, open, read, record, spec, write};

/// The pages of the file.
const PAGE: usize = 16_384;
/// No reading of so small a file takes so long.
const DEADLINE: Duration = Duration::from_secs(60);

/// The records of each partition, by offset.
type Records = BTreeMap<(String, i32), Vec<(i64, Vec<u8>, Option<Vec<u8>>)>>;

/// A log of some thirty pages, closed, and its records.
fn whole() -> &'static (Vec<u8>, Records) {
    static WHOLE: OnceLock<(Vec<u8>, Records)> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let log = open(&path).unwrap();
        log.create(&spec("in", 2, Cleanup::Delete(None))).unwrap();
        log.create(&spec("table", 1, Cleanup::Compact { tombstones: Span::from_days(1) })).unwrap();
        for number in 0..500_u32 {
            let (key, value) =
                (format!("key-{}", number % 50), vec![number.to_le_bytes()[0]; 300 + number as usize]);
            let partition = i32::try_from(number % 2).unwrap();
            write(
                &log,
                &[
                    record("in", partition, key.as_bytes(), &value),
                    record("table", 0, key.as_bytes(), &value),
                ],
            );
        }
        write(&log, &[Append { value: None, ..record("table", 0, b"key-7", b"") }]);
        while log.maintain(Duration::from_secs(1)).unwrap() {}
        drop(log);
        let records = read_all(&path).unwrap();
        (std::fs::read(&path).unwrap(), records)
    })
}

fn read_all(path: &Path) -> Result<Records, LogError> {
    let log = open(path)?;
    let mut records = Records::new();
    for (topic, partition) in [("in", 0), ("in", 1), ("table", 0)] {
        let messages = read(&log, topic, partition)?;
        let record = |message: &winback_log::Message| {
            (message.offset.0, message.key().unwrap().to_vec(), message.value().map(<[u8]>::to_vec))
        };
        records.insert((topic.to_owned(), partition), messages.iter().map(record).collect());
    }
    Ok(records)
}

/// Runs it on a thread of its own, and fails where it does not end.
fn ends<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (told, heard) = mpsc::channel();
    std::thread::spawn(move || drop(told.send(work())));
    heard.recv_timeout(DEADLINE).expect("it ends by itself")
}

fn damaged(flips: &[(prop::sample::Index, usize, u8)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = whole().0.clone();
    let pages = bytes.len() / PAGE;
    for (page, at, with) in flips {
        bytes[page.index(pages) * PAGE + at] ^= with;
    }
    std::fs::write(folder.path().join("log.db"), bytes).unwrap();
    folder
}

/// Bytes anywhere in a page, and often in its head, where its shape is told.
fn flips() -> impl Strategy<Value = Vec<(prop::sample::Index, usize, u8)>> {
    let at = prop_oneof![0_usize..PAGE, 0_usize..120];
    prop::collection::vec((any::<prop::sample::Index>(), at, 1_u8..=255), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn who_reads_a_damaged_file_ends_and_believes_nothing_wrong(flips in flips()) {
        let folder = damaged(&flips);
        let path = folder.path().join("log.db");
        match ends(move || read_all(&path)) {
            Ok(records) => prop_assert!(records == whole().1, "what is read is what was written"),
            Err(error) => prop_assert!(error.to_string().contains("log.db") || error.kind() == "no_topic"
                || error.kind() == "config", "{}", error),
        }
    }

    #[test]
    fn who_runs_lanes_on_a_damaged_file_ends(flips in flips()) {
        let folder = damaged(&flips);
        let path = folder.path().join("log.db");
        // It may end well or with an error.
        drop(ends(move || -> Result<(), String> {
            let text = |error: LogError| error.to_string();
            let log = open(&path).map_err(text)?;
            let spec = winback_log::SessionSpec {
                group: "group".to_owned(), transactional_id: "id".to_owned(), topics: vec!["in".into()],
            };
            let mut session = log.session(spec).map_err(text)?;
            let mut messages = Vec::new();
            for _ in 0..30 {
                let event = session.poll(50, Duration::ZERO, &mut messages).map_err(text)?;
                if let Some(winback_log::GroupEvent::Assigned(partitions)) = event {
                    let starts: Vec<_> =
                        partitions.into_iter().map(|at| (at, winback_core::ids::Offset::ZERO)).collect();
                    session.assign(&starts).map_err(text)?;
                }
                let at = winback_log::TopicPartition::new("in", 0);
                let Some(next) = session.position(&at) else { continue };
                session.begin().map_err(|error| error.to_string())?;
                session.append(&record("table", 0, b"key", b"value")).map_err(|error| error.to_string())?;
                session.commit(&[(at, next)]).map_err(|error| error.to_string())?;
            }
            while log.maintain(Duration::from_secs(1)).map_err(text)? {}
            Ok(())
        }));
    }
}

#[test]
fn a_record_with_another_byte_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let log = open(&path).unwrap();
    log.create(&spec("in", 1, Cleanup::Delete(None))).unwrap();
    write(&log, &[record("in", 0, b"k", b"first"), record("in", 0, b"k", b"the second one")]);
    drop(log);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(10).position(|some| some == b"second one").unwrap();
    bytes[at] = b'S';
    std::fs::write(&path, bytes).unwrap();
    let error = read(&open(&path).unwrap(), "in", 0).unwrap_err();
    assert_eq!(error.kind(), "damaged");
    for part in ["log.db", "offset 1", "checksum", "backup", ".recover"] {
        assert!(error.to_string().contains(part), "{part} is not in {error}");
    }
}

/// Neither a checksum nor an order tells that rows are missing.
#[test]
fn a_page_that_lost_rows_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let mut bytes = whole().0.clone();
    // A leaf of an index, of which the records are one, has 0x0a as its kind and the count of its cells behind.
    let leaves: Vec<usize> = (1..bytes.len() / PAGE)
        .map(|page| page * PAGE)
        .filter(|&at| bytes[at] == 0x0a && bytes[at + 4] > 5)
        .collect();
    assert!(leaves.len() > 3, "{leaves:?}");
    for &leaf in &leaves {
        let was = bytes[leaf + 4];
        bytes[leaf + 4] = was - 2;
        std::fs::write(&path, &bytes).unwrap();
        bytes[leaf + 4] = was;
        let started = open(&path).and_then(|log| join(&log).map(drop));
        assert!(started.is_err(), "lanes start on a file whose page at {leaf} lost rows");
    }
}
