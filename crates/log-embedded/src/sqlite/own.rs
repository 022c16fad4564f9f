//! Files that only their owner may read, since they hold what is known of accounts.

use std::fs::{OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// For the owner alone.
const MODE: u32 = 0o600;
/// The bits of a mode that let others than the owner and the group in.
const OTHERS: u32 = 0o007;

/// Makes the file where it is not there, for its owner alone, whatever the umask is. One that is there keeps its mode: it
/// is the operator's. SQLite gives the files that it makes beside the database the database's mode.
pub(super) fn make(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(MODE).open(path)?;
    file.set_permissions(Permissions::from_mode(MODE))
}

/// Whether everybody on the machine may read or write it.
pub(super) fn is_open_to_all(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & OTHERS != 0)
}
