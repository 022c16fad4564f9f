//! Reads a snapshot in slices: first all of it with its checksum, then its records.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crc32fast::Hasher;
use serde::Deserialize;

use super::file::{FORM, Head, SnapshotError, TRAILER, record_at};
use super::{Snapshots, Standing};
use crate::role::Row;

/// Bytes or records of one step: some tens of milliseconds, in which the lane's other partitions wait. With fewer records
/// a role that shares the decoding out to threads waits for them more often (`cargo bench -p winback-detector`).
const CHUNK: usize = 4 << 20;
pub(super) const RECORDS: usize = 32_768;

/// The first part of every version's head; the rest is read after this part is recognised.
#[derive(Deserialize)]
struct Form {
    form: String,
}

/// A snapshot on its way in.
#[derive(Debug)]
pub(crate) struct Loading {
    path: PathBuf,
    pub(crate) head: Head,
    file: File,
    body: Vec<u8>,
    hasher: Hasher,
    /// The checksum was found right, so that records may be given.
    whole: bool,
    at: usize,
}

/// The result of a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// There is more.
    More,
    /// All records were given.
    Done,
}

impl Loading {
    /// Opens the snapshot of that partition when there is one that fits the log; says why not when there is one that
    /// does not.
    pub(crate) fn open(snapshots: &Snapshots, standing: &Standing<'_>) -> Option<Self> {
        let path = snapshots.path(standing.changelog);
        let loading = match Self::begin(&path) {
            Ok(loading) => loading?,
            Err(error) => {
                tracing::warn!(%error, "a snapshot is not used");
                return None;
            }
        };
        if let Some(why) = snapshots.misfit(&loading.head, standing) {
            tracing::warn!(path = %path.display(), why, "a snapshot is not used");
            return None;
        }
        Some(loading)
    }

    /// `None` where there is no file.
    pub(super) fn begin(path: &Path) -> Result<Option<Self>, SnapshotError> {
        let io = |error| SnapshotError::Io { path: path.to_path_buf(), error };
        let torn = |why: String| SnapshotError::Torn { path: path.to_path_buf(), why };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(error)),
        };
        let size = usize::try_from(file.metadata().map_err(io)?.len()).unwrap_or(usize::MAX);
        let mut body = Vec::with_capacity(size.min(1 << 32));
        file.by_ref().take(64 << 10).read_to_end(&mut body).map_err(io)?;
        let end = body.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or_else(|| torn("it has no first line".to_owned()))?;
        let Form { form } = serde_json::from_slice(&body[..end]).map_err(|why| torn(why.to_string()))?;
        if form != FORM {
            return Err(SnapshotError::Form { path: path.to_path_buf(), form });
        }
        let head: Head = serde_json::from_slice(&body[..end]).map_err(|why| torn(why.to_string()))?;
        let (hasher, path) = (Hasher::new(), path.to_path_buf());
        Ok(Some(Self { path, head, file, body, hasher, whole: false, at: end + 1 }))
    }

    /// Goes on, for some tens of milliseconds; `visit` is called with records only once the whole file was found sound.
    pub(crate) fn step<E: From<SnapshotError>>(
        &mut self,
        visit: &mut dyn FnMut(&[Row<'_>]) -> Result<(), E>,
    ) -> Result<Step, E> {
        if !self.whole {
            self.read_on()?;
            return Ok(Step::More);
        }
        let mut rows = Vec::with_capacity(RECORDS);
        while rows.len() < RECORDS {
            // Every record was looked at before the first was given, so that this ends at the end only.
            let Some((key, value)) = record_at(&self.body, self.at) else { break };
            self.at = value.end;
            rows.push(Row { offset: self.head.next, key: &self.body[key], value: Some(&self.body[value]) });
        }
        visit(&rows)?;
        Ok(if rows.len() < RECORDS { Step::Done } else { Step::More })
    }

    fn read_on(&mut self) -> Result<(), SnapshotError> {
        let before = self.body.len();
        let read = self.file.by_ref().take(CHUNK as u64).read_to_end(&mut self.body);
        read.map_err(|error| SnapshotError::Io { path: self.path.clone(), error })?;
        if self.body.len() > before {
            return Ok(());
        }
        let Some(records) = self.body.len().checked_sub(TRAILER) else {
            return Err(self.torn("it is too short".to_owned()));
        };
        self.hasher.update(&self.body[..records]);
        let found = self.body.split_off(records);
        if self.hasher.clone().finalize().to_le_bytes() != *found {
            return Err(self.torn("its checksum is not that of its bytes".to_owned()));
        }
        let mut at = self.at;
        while at < self.body.len() {
            let (_, value) = record_at(&self.body, at)
                .ok_or_else(|| self.torn(format!("the record at byte {at} makes no sense")))?;
            at = value.end;
        }
        self.whole = true;
        Ok(())
    }

    fn torn(&self, why: String) -> SnapshotError {
        SnapshotError::Torn { path: self.path.clone(), why }
    }
}
