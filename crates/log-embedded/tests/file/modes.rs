//! The file and all that stand beside it are their owner's alone.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use winback_core::time::Time;
use winback_log::{Cleanup, Log as _};

use super::{join, open, record, spec, write};

/// Names the file to a child process of this test binary.
const CHILD_FILE: &str = "WINBACK_TEST_MODES_FILE";

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

/// Not a test by itself: a log that is written and runs lanes, under the umask that the parent set.
#[test]
fn child_that_makes_the_log() {
    let Some(path) = std::env::var_os(CHILD_FILE).map(PathBuf::from) else { return };
    let log = open(&path).unwrap();
    log.create(&spec("in", 1, Cleanup::Delete(None))).unwrap();
    write(&log, &[record("in", 0, b"k", b"v")]);
    let _session = join(&log).unwrap();
    for end in ["", "-wal", "-shm", ".lock"] {
        let mut name = path.clone().into_os_string();
        name.push(end);
        assert_eq!(mode(Path::new(&name)), 0o600, "log.db{end}");
    }
}

#[test]
fn the_file_is_its_owners_alone_whatever_the_umask() {
    for umask in ["0000", "0022", "0077", "0777"] {
        let folder = tempfile::tempdir().unwrap();
        let ended = Command::new("sh")
            .args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "modes::child_that_makes_the_log"])
            .env(CHILD_FILE, folder.path().join("log.db"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(ended.status.success() && said.contains("1 passed"), "umask {umask}: {said}");
        assert!(folder.path().join("log.db").exists());
    }
}

#[test]
fn a_file_that_everybody_may_read_keeps_its_mode_and_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    drop(open(&path).unwrap());
    let warnings = |path: &Path| open(path).unwrap().warnings().unwrap();
    assert_eq!(warnings(&path), Vec::<String>::new());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = warnings(&path);
    assert!(said.len() == 1 && said[0].contains("chmod 600") && said[0].contains("log.db"), "{said:?}");
    assert_eq!(mode(&path), 0o644);
}

#[test]
fn a_clock_that_is_behind_the_logs_stamps_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let clock = super::TestClock::new();
    let open =
        || winback_log_embedded::EmbeddedLog::sqlite(&path, std::sync::Arc::new(clock.clone())).unwrap();
    let log = open();
    log.create(&spec("in", 1, Cleanup::Delete(None))).unwrap();
    write(&log, &[record("in", 0, b"k", b"v")]);
    assert_eq!(log.warnings().unwrap(), Vec::<String>::new());
    clock.advance(winback_core::time::Span::from_mins(-6));
    let said = open().warnings().unwrap();
    assert!(said.len() == 1 && said[0].contains("stamps up to"), "{said:?}");
    assert!(said[0].contains(&Time::from_millis(1_790_000_000_000).to_string()), "{said:?}");
}
