//! A write-ahead log that was cut or damaged: a prefix of what was committed is there, and goes on exactly once.

use std::path::Path;
use std::time::Duration;

use winback_core::ids::Offset;
use winback_log::{Append, Cleanup, Log};

use super::{join, open, read, record, spec, write};

const RECORDS: u32 = 60;
/// Places of the write-ahead log at which it is cut and damaged.
const PLACES: usize = 24;

/// Copies one record after another, each in a transaction, up to `until`.
fn copy(log: &dyn Log, until: i64) {
    let (mut session, at) = join(log).unwrap();
    let mut messages = Vec::new();
    while session.position(&at).unwrap() < Offset(until) {
        messages.clear();
        session.poll(1, Duration::ZERO, &mut messages).unwrap();
        session.begin().unwrap();
        for message in &messages {
            let value = message.value().unwrap();
            session.append(&Append { key: None, ..record("out", 0, b"", value) }).unwrap();
        }
        let next = session.position(&at).unwrap();
        session.commit(&[(at.clone(), next)]).unwrap();
    }
}

fn numbers(log: &dyn Log) -> Vec<u32> {
    let number = |value: &[u8]| u32::from_be_bytes(value.try_into().unwrap());
    read(log, "out", 0).unwrap().iter().map(|message| number(message.value().unwrap())).collect()
}

/// The file and its write-ahead log, as a process that was killed leaves them.
fn killed(folder: &Path) -> (Vec<u8>, Vec<u8>) {
    let path = folder.join("log.db");
    let log = open(&path).unwrap();
    log.create(&spec("in", 1, Cleanup::Delete(None))).unwrap();
    log.create(&spec("out", 1, Cleanup::Delete(None))).unwrap();
    let texts: Vec<_> = (0..RECORDS).map(u32::to_be_bytes).collect();
    write(&log, &texts.iter().map(|text| record("in", 0, b"k", text)).collect::<Vec<_>>());
    // What is in the file itself cannot be lost with the write-ahead log.
    assert!(log.scrub(false).unwrap());
    copy(&log, i64::from(RECORDS) / 2);
    (std::fs::read(&path).unwrap(), std::fs::read(folder.join("log.db-wal")).unwrap())
}

fn goes_on(file: &[u8], wal: &[u8], what: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    std::fs::write(&path, file).unwrap();
    std::fs::write(folder.path().join("log.db-wal"), wal).unwrap();
    let log = open(&path).unwrap();
    let prefix = numbers(&log);
    let (session, at) = join(&log).unwrap();
    let position = session.position(&at).unwrap();
    assert_eq!(position, Offset(i64::try_from(prefix.len()).unwrap()), "{what}: records and positions");
    assert!(prefix.iter().copied().eq(0..u32::try_from(prefix.len()).unwrap()), "{what}: {prefix:?}");
    drop(session);
    copy(&log, i64::from(RECORDS));
    assert!(numbers(&log).into_iter().eq(0..RECORDS), "{what}");
    prefix.len()
}

#[test]
fn a_damaged_write_ahead_log_keeps_a_prefix_and_goes_on_exactly_once() {
    let folder = tempfile::tempdir().unwrap();
    let (file, wal) = killed(folder.path());
    assert_eq!(goes_on(&file, &wal, "whole"), RECORDS as usize / 2);
    let mut kept = Vec::new();
    for place in 0..PLACES {
        // Somewhere within a frame, each time elsewhere.
        let at = (wal.len() * place / PLACES + place * 37).min(wal.len() - 1);
        kept.push(goes_on(&file, &wal[..at], &format!("cut at {at}")));
        let mut flipped = wal.clone();
        flipped[at] ^= 0x41;
        let with_flip = goes_on(&file, &flipped, &format!("flipped at {at}"));
        assert!(with_flip <= RECORDS as usize / 2);
    }
    assert!(kept.is_sorted() && kept[0] == 0 && kept[PLACES - 1] > PLACES / 2, "{kept:?}");
}
