//! Makes the next snapshot out of the last one and the changelog's tail.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::{Log, LogError, Message, Reader, TopicPartition};

use super::file::{FORM, Head, SnapshotError, SnapshotWriter};
use super::load::{Loading, Step};
use super::{Snapshots, Standing};

const POLL_MAX: usize = 10_000;
const WAIT: Duration = Duration::from_millis(100);
/// The most bytes of the tail that are held; then what is there is merged, and the rest read on.
const TAIL_BYTES: usize = 64 << 20;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The changelog's record that the snapshot now goes to.
    pub next: Offset,
    /// Records of the changelog that were read for it.
    pub read: u64,
}

/// Why there is no new snapshot.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The file.
    #[error(transparent)]
    File(#[from] SnapshotError),
    /// The run ends.
    #[error("asked to stop")]
    Stopped,
}

impl From<Infallible> for KeepError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

type Tail = BTreeMap<Bytes, Option<Bytes>>;

/// Brings the snapshot of `changelog` up to its end, when at least `least` records came since it was made, or it ages.
///
/// # Errors
/// When the log is away or the file cannot be written; the snapshot that was there stays.
pub fn keep(
    log: &dyn Log,
    snapshots: &Snapshots,
    changelog: &TopicPartition,
    now: Time,
    least: u64,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Kept>, KeepError> {
    match renew(log, snapshots, changelog, now, least, stop) {
        Err(KeepError::File(error @ SnapshotError::Torn { .. })) => {
            tracing::warn!(%error, "a snapshot is made anew");
            let path = snapshots.path(changelog);
            std::fs::remove_file(&path).map_err(|error| SnapshotError::Io { path, error })?;
            renew(log, snapshots, changelog, now, least, stop)
        }
        kept => kept,
    }
}

fn renew(
    log: &dyn Log,
    snapshots: &Snapshots,
    changelog: &TopicPartition,
    now: Time,
    least: u64,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Kept>, KeepError> {
    let info = log.describe(&[&changelog.topic])?.into_iter().next().flatten();
    let topic_id = info.ok_or_else(|| LogError::NoTopic(changelog.topic.to_string()))?.id;
    let mut reader = log.reader()?;
    let one = std::slice::from_ref(changelog);
    let first = |offsets: Vec<Offset>| offsets.first().copied().unwrap_or(Offset::ZERO);
    let (beginning, end) = (first(reader.beginnings(one)?), first(reader.written_ends(one)?));
    let standing = Standing { changelog, topic_id: &topic_id, beginning, end, now };
    let old = Loading::open(snapshots, &standing);
    let mut next = old.as_ref().map_or(Offset::ZERO, |old| old.head.next);
    let fresh = old.is_some_and(|old| !snapshots.ages(&old.head, now));
    if fresh && u64::try_from(end.0 - next.0).unwrap_or_default() < least {
        return Ok(None);
    }
    let (mut read, path) = (0, snapshots.path(changelog));
    std::fs::create_dir_all(snapshots.dir())
        .map_err(|error| SnapshotError::Io { path: snapshots.dir().to_path_buf(), error })?;
    reader.assign(&[(changelog.clone(), next)])?;
    loop {
        let (tail, count) = read_tail(reader.as_mut(), changelog, &mut next, end, stop)?;
        read += count;
        let head = Head {
            form: FORM.to_owned(),
            topic: changelog.topic.to_string(),
            topic_id: topic_id.clone(),
            partition: changelog.partition.0,
            next,
            made_at: now,
        };
        // Only a snapshot that fits is merged with; what does not fit was read over from the beginning.
        let old = if read == count { Loading::open(snapshots, &standing) } else { Loading::begin(&path)? };
        merge(old, tail, SnapshotWriter::create(&path, &head)?, stop)?;
        if next >= end {
            return Ok(Some(Kept { next, read }));
        }
    }
}

/// Reads until the end or until enough is held; moves `next` behind what was read.
fn read_tail(
    reader: &mut dyn Reader,
    changelog: &TopicPartition,
    next: &mut Offset,
    end: Offset,
    stop: &dyn Fn() -> bool,
) -> Result<(Tail, u64), KeepError> {
    let (mut tail, mut bytes, mut count) = (Tail::new(), 0, 0);
    let mut messages = Vec::new();
    while *next < end && bytes < TAIL_BYTES {
        if stop() {
            return Err(KeepError::Stopped);
        }
        reader.poll(POLL_MAX, WAIT, &mut messages)?;
        for message in messages.drain(..) {
            let key = Bytes::copy_from_slice(message.key().unwrap_or_default());
            let value = message.value().map(Bytes::copy_from_slice);
            bytes += key.len() + value.as_ref().map_or(0, Bytes::len);
            tail.insert(key, value);
            count += 1;
        }
        *next = reader.position(changelog).unwrap_or(*next).max(*next);
    }
    Ok((tail, count))
}

/// Both in the order of their keys; the tail's value of a key counts.
fn merge(
    old: Option<Loading>,
    tail: Tail,
    mut out: SnapshotWriter,
    stop: &dyn Fn() -> bool,
) -> Result<(), KeepError> {
    let mut tail = tail.into_iter().peekable();
    if let Some(mut old) = old {
        let mut visit = |record: &Message| -> Result<(), KeepError> {
            let key = record.key().unwrap_or_default();
            while let Some((newer, value)) = tail.next_if(|(newer, _)| newer.as_ref() < key) {
                value.map_or(Ok(()), |value| out.record(&newer, &value))?;
            }
            match tail.next_if(|(newer, _)| newer.as_ref() == key) {
                Some((_, None)) => {}
                Some((_, Some(value))) => out.record(key, &value)?,
                None => out.record(key, record.value().unwrap_or_default())?,
            }
            Ok(())
        };
        while old.step(&mut visit)? == Step::More {
            if stop() {
                return Err(KeepError::Stopped);
            }
        }
    }
    for (key, value) in tail {
        value.map_or(Ok(()), |value| out.record(&key, &value))?;
    }
    out.finish()?;
    Ok(())
}
