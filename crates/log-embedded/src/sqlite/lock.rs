//! The lock that makes one process the one that runs lanes: an OS lock on a file beside the log, which ends with the
//! process however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use winback_log::LogError;

/// Held until it is dropped.
pub(super) struct LaneLock {
    _file: File,
}

impl LaneLock {
    /// Takes the lock of the log at `path`.
    pub(super) fn take(path: &Path) -> Result<Self, LogError> {
        let beside = beside(path);
        let failed = |error: std::io::Error| LogError::Unavailable {
            log: format!("sqlite:{}", path.display()),
            why: format!("its lock {} cannot be taken: {error}", beside.display()),
        };
        super::own::make(&beside).map_err(failed)?;
        let mut file = OpenOptions::new().read(true).write(true).open(&beside).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LogError::Locked(holder(path, &mut file))),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let note = |file: &mut File| {
            file.set_len(0)?;
            write!(file, "{}", std::process::id())
        };
        note(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// The log's file, and who holds it where that can be read.
fn holder(path: &Path, file: &mut File) -> String {
    let mut process = String::new();
    match file.read_to_string(&mut process) {
        Ok(read) if read > 0 => format!("{} (process {})", path.display(), process.trim()),
        _ => path.display().to_string(),
    }
}
