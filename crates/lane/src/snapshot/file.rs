//! The file: a line of JSON that says what it is, the records, and a checksum of all before it. Written beside and renamed,
//! so that a file of that name is whole unless the disk broke it.
//!
//! A record is the key's length, the value's length (32 bits, little endian), the key, the value. Records stand in the
//! order of their keys, so that two files are merged by reading both once.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crc32fast::Hasher;
use serde::{Deserialize, Serialize};
use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::{FailPoint, fail_point};

/// The form of the file; another one is not read.
pub(super) const FORM: &str = "winback-snapshot-1";
/// The bytes of the checksum.
pub(super) const TRAILER: usize = 4;

/// The identity of a snapshot's content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// [`FORM`].
    pub(crate) form: String,
    /// The changelog's topic.
    pub(crate) topic: String,
    /// The id of the topic's incarnation.
    pub(crate) topic_id: String,
    /// Its partition.
    pub(crate) partition: i32,
    /// The changelog's record that is read next.
    pub(crate) next: Offset,
    /// The time at which the changelog was read.
    pub(crate) made_at: Time,
}

/// A snapshot that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The machine refused.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's message.
        error: io::Error,
    },
    /// Another version wrote it.
    #[error(
        "{path} has the form {form}, and this version reads {}: it is made anew from the changelog",
        FORM
    )]
    Form {
        /// The file.
        path: PathBuf,
        /// The form that it says.
        form: String,
    },
    /// It is not what was written.
    #[error("{path} is torn: {why}")]
    Torn {
        /// The file.
        path: PathBuf,
        /// The evidence.
        why: String,
    },
}

/// A new file that only its owner reads; what a killed attempt left there goes.
pub(super) fn own_file(path: &Path) -> io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A new folder that only its owner enters, with the folders above it.
pub(super) fn own_folder(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a snapshot.
pub(super) struct SnapshotWriter {
    out: BufWriter<File>,
    hasher: Hasher,
    fresh: PathBuf,
    path: PathBuf,
    topic: String,
}

impl SnapshotWriter {
    pub(super) fn create(path: &Path, head: &Head) -> Result<Self, SnapshotError> {
        let fresh = path.with_extension("new");
        let file = own_file(&fresh).map_err(|error| SnapshotError::Io { path: fresh.clone(), error })?;
        let out = BufWriter::with_capacity(1 << 20, file);
        let mut writer =
            Self { out, hasher: Hasher::new(), fresh, path: path.to_path_buf(), topic: head.topic.clone() };
        // A head is strings and numbers: nothing that JSON cannot say.
        let line = serde_json::to_string(head).unwrap_or_default() + "\n";
        writer.bytes(&[line.as_bytes()])?;
        Ok(writer)
    }

    pub(super) fn record(&mut self, key: &[u8], value: &[u8]) -> Result<(), SnapshotError> {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).map(u32::to_le_bytes);
        match (length(key), length(value)) {
            (Ok(keys), Ok(values)) => self.bytes(&[&keys, &values, key, value]),
            _ => {
                let error = io::Error::new(io::ErrorKind::FileTooLarge, "a record of over 4 GiB");
                Err(self.io(error))
            }
        }
    }

    fn bytes(&mut self, parts: &[&[u8]]) -> Result<(), SnapshotError> {
        for part in parts {
            self.hasher.update(part);
            self.out.write_all(part).map_err(|error| self.io(error))?;
        }
        Ok(())
    }

    /// Makes it durable, then puts it in place.
    pub(super) fn finish(mut self) -> Result<(), SnapshotError> {
        let checksum = self.hasher.clone().finalize().to_le_bytes();
        let written = self
            .out
            .write_all(&checksum)
            .and_then(|()| self.out.flush())
            .and_then(|()| self.out.get_ref().sync_all())
            .inspect(|()| fail_point(FailPoint::Snapshot, &self.topic))
            .and_then(|()| std::fs::rename(&self.fresh, &self.path));
        written.map_err(|error| self.io(error))
    }

    fn io(&self, error: io::Error) -> SnapshotError {
        SnapshotError::Io { path: self.fresh.clone(), error }
    }
}

impl Drop for SnapshotWriter {
    fn drop(&mut self) {
        // Once it was renamed there is nothing of this name.
        let _ = std::fs::remove_file(&self.fresh);
    }
}

/// The record at `at`, and where the next one stands; `None` where the bytes end or make no sense.
pub(super) fn record_at(bytes: &[u8], at: usize) -> Option<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    let length = |at: usize| {
        let four: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(four)).ok()
    };
    let (keys, values) = (length(at)?, length(at + 4)?);
    let key = at + 8..(at + 8).checked_add(keys)?;
    let value = key.end..key.end.checked_add(values)?;
    (value.end <= bytes.len()).then_some((key, value))
}
