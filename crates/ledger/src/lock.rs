//! The lock that makes one process the keeper of a ledger's file. It ends with the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::LedgerError;

/// Held until it is dropped.
#[derive(Debug)]
pub(crate) struct KeeperLock {
    _file: File,
}

impl KeeperLock {
    /// Takes the lock of the ledger at `path`.
    pub(crate) fn take(path: &Path) -> Result<Self, LedgerError> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".lock");
        let name = path.display().to_string();
        let failed = |error: &std::io::Error| LedgerError::Unavailable {
            path: name.clone(),
            fault: format!("its lock {} cannot be taken ({error})", Path::new(&beside).display()),
            fix: "winback must be allowed to write in that folder".to_owned(),
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&beside).map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut process = String::new();
                let read = file.read_to_string(&mut process).unwrap_or_default();
                let by = if read > 0 { format!(" (process {})", process.trim()) } else { String::new() };
                return Err(LedgerError::Held { path: name, by });
            }
            Err(TryLockError::Error(error)) => return Err(failed(&error)),
        }
        let mut note = || {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())
        };
        note().map_err(|error: std::io::Error| failed(&error))?;
        Ok(Self { _file: file })
    }
}
