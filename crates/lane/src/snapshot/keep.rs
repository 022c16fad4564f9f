//! Makes the next snapshot out of the last one and the changelog's tail.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::{Log, LogError, Reader, TopicPartition};

use super::file::{FORM, Head, SnapshotError, SnapshotWriter, own_folder};
use super::load::{Loading, Step};
use super::{Snapshots, Standing};
use crate::role::Row;

const POLL_MAX: usize = 10_000;
const WAIT: Duration = Duration::from_millis(100);
/// The most bytes of the tail that are held; then what is there is merged, and the rest read on.
const TAIL_BYTES: usize = 64 << 20;

/// The result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The changelog's record that the snapshot now goes to.
    pub next: Offset,
    /// Records of the changelog that were read for it.
    pub read: u64,
}

/// The reason why there is no new snapshot.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The file.
    #[error(transparent)]
    File(#[from] SnapshotError),
    /// The changelog's first records were deleted: what is left is not the state, and must not be taken for it.
    #[error(
        "the changelog begins at offset {beginning}, and no snapshot reaches it: its records were deleted; see `a changelog that was cut` in the runbook"
    )]
    Cut {
        /// Its earliest offset.
        beginning: Offset,
    },
    /// The run ends.
    #[error("asked to stop")]
    Stopped,
}

/// A fault test writes few records, and says that they are worth it.
#[cfg(feature = "fail-points")]
fn least_of(asked: u64) -> u64 {
    let told = std::env::var("WINBACK_SNAPSHOT_LEAST").ok().and_then(|text| text.parse().ok());
    told.unwrap_or(asked)
}

#[cfg(not(feature = "fail-points"))]
const fn least_of(asked: u64) -> u64 {
    asked
}

type Tail = BTreeMap<Bytes, Option<Bytes>>;

/// A snapshot to be brought up to its changelog's end.
#[derive(Clone, Copy)]
pub struct Keep<'a> {
    /// The log of the changelog.
    pub log: &'a dyn Log,
    /// The folder.
    pub snapshots: &'a Snapshots,
    /// The changelog's partition.
    pub changelog: &'a TopicPartition,
    /// The present.
    pub now: Time,
    /// With fewer new records than this nothing is done, unless the snapshot ages.
    pub least: u64,
    /// Asked now and then.
    pub stop: &'a dyn Fn() -> bool,
}

impl Keep<'_> {
    /// Makes the new snapshot; `None` where it is not worth it yet.
    ///
    /// # Errors
    /// When the log is away, the changelog was cut or the file cannot be written; the snapshot that was there stays.
    pub fn run(&self) -> Result<Option<Kept>, KeepError> {
        match self.renew() {
            Err(KeepError::File(error @ (SnapshotError::Torn { .. } | SnapshotError::Form { .. }))) => {
                tracing::warn!(%error, "a snapshot is made anew");
                let path = self.snapshots.path(self.changelog);
                std::fs::remove_file(&path).map_err(|error| SnapshotError::Io { path, error })?;
                self.renew()
            }
            kept => kept,
        }
    }

    fn renew(&self) -> Result<Option<Kept>, KeepError> {
        let Self { log, snapshots, changelog, now, least, .. } = *self;
        let info = log.describe(&[&changelog.topic])?.into_iter().next().flatten();
        let topic_id = info.ok_or_else(|| LogError::NoTopic(changelog.topic.to_string()))?.id;
        let mut reader = log.reader()?;
        let one = std::slice::from_ref(changelog);
        let first = |offsets: Vec<Offset>| offsets.first().copied().unwrap_or(Offset::ZERO);
        let (beginning, end) = (first(reader.beginnings(one)?), first(reader.high_watermarks(one)?));
        let standing = Standing { changelog, topic_id: &topic_id, beginning, end, now };
        let mut old = Loading::open(snapshots, &standing);
        let mut next = old.as_ref().map_or(Offset::ZERO, |old| old.head.next);
        if next < beginning {
            return Err(KeepError::Cut { beginning });
        }
        let fresh = old.as_ref().is_some_and(|old| !snapshots.ages(&old.head, now));
        if fresh && u64::try_from(end.0 - next.0).unwrap_or_default() < least_of(least) {
            return Ok(None);
        }
        own_folder(snapshots.dir())
            .map_err(|error| SnapshotError::Io { path: snapshots.dir().to_path_buf(), error })?;
        reader.assign(&[(changelog.clone(), next)])?;
        let (mut read, path) = (0, snapshots.path(changelog));
        loop {
            let (tail, count) = self.read_tail(reader.as_mut(), &mut next, end)?;
            read += count;
            let head = Head {
                form: FORM.to_owned(),
                topic: changelog.topic.to_string(),
                topic_id: topic_id.clone(),
                partition: changelog.partition.0,
                next,
                made_at: now,
            };
            self.merge(old.take(), tail, SnapshotWriter::create(&path, &head)?)?;
            if next >= end {
                return Ok(Some(Kept { next, read }));
            }
            old = Loading::begin(&path)?;
        }
    }

    /// Reads until the end or until enough is held; moves `next` behind what was read.
    fn read_tail(
        &self,
        reader: &mut dyn Reader,
        next: &mut Offset,
        end: Offset,
    ) -> Result<(Tail, u64), KeepError> {
        let (mut tail, mut bytes, mut count) = (Tail::new(), 0, 0);
        let mut messages = Vec::new();
        while *next < end && bytes < TAIL_BYTES {
            self.go_on()?;
            reader.poll(POLL_MAX, WAIT, &mut messages)?;
            for message in messages.drain(..) {
                let key = Bytes::copy_from_slice(message.key().unwrap_or_default());
                let value = message.value().map(Bytes::copy_from_slice);
                bytes += key.len() + value.as_ref().map_or(0, Bytes::len);
                tail.insert(key, value);
                count += 1;
            }
            *next = reader.position(self.changelog).unwrap_or(*next).max(*next);
        }
        Ok((tail, count))
    }

    /// Both in the order of their keys; the tail's value of a key counts.
    fn merge(&self, old: Option<Loading>, tail: Tail, mut out: SnapshotWriter) -> Result<(), KeepError> {
        let mut tail = tail.into_iter().peekable();
        if let Some(mut old) = old {
            let mut merge = |row: &Row<'_>| -> Result<(), KeepError> {
                let key = row.key;
                while let Some((newer, value)) = tail.next_if(|(newer, _)| newer.as_ref() < key) {
                    value.map_or(Ok(()), |value| out.record(&newer, &value))?;
                }
                match tail.next_if(|(newer, _)| newer.as_ref() == key) {
                    Some((_, None)) => {}
                    Some((_, Some(value))) => out.record(key, &value)?,
                    None => out.record(key, row.value.unwrap_or_default())?,
                }
                Ok(())
            };
            let mut visit = |rows: &[Row<'_>]| rows.iter().try_for_each(&mut merge);
            while old.step(&mut visit)? == Step::More {
                self.go_on()?;
            }
        }
        for (key, value) in tail {
            value.map_or(Ok(()), |value| out.record(&key, &value))?;
        }
        Ok(out.finish()?)
    }

    fn go_on(&self) -> Result<(), KeepError> {
        if (self.stop)() { Err(KeepError::Stopped) } else { Ok(()) }
    }
}
