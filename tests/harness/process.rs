//! One call of the binary.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::eventually;

/// No call of the tests lasts longer.
const LONGEST: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(20);

const SIGTERM: i32 = 15;

/// A call that ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// The standard output.
    pub(crate) out: String,
    /// The standard error.
    pub(crate) err: String,
}

impl Ended {
    /// Fails unless the exit code is that one.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// True if it ended as a process does after SIGTERM: well, or by the signal if it did not listen yet.
    pub(crate) fn is_as_asked(&self) -> bool {
        self.code == Some(0) || self.signal == Some(SIGTERM)
    }

    /// Fails unless it says all of that, and does not speak of a panic.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            let said = self.err.contains(part) || self.out.contains(part);
            assert!(said, "it does not say `{part}`\nstdout: {}\nstderr: {}", self.out, self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// Its output as JSON, one value a line.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        let line = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.out.lines().map(line).collect()
    }
}

/// A call that runs; it is killed when this goes.
pub(crate) struct Running {
    child: Child,
    out: File,
    err: File,
    call: String,
}

impl Running {
    /// Starts a command. Its output goes to files, so that it never waits for a reader.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let (out, err) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
        command.stdin(Stdio::null());
        command.stdout(out.try_clone().unwrap()).stderr(err.try_clone().unwrap());
        let call = format!("{command:?}");
        Self { child: command.spawn().unwrap(), out, err, call }
    }

    /// Kills it at once, as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its process number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal by its name, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        // It is not waited for yet, so that its number is still its own.
        let sent =
            Command::new("sh").args(["-c", "kill -s \"$1\" \"$2\"", "kill", name, &pid]).status().unwrap();
        assert!(sent.success(), "{} took no {name}", self.call);
    }

    /// What it has printed so far, and what it has said beside.
    pub(crate) fn so_far(&self) -> (String, String) {
        (peeked(&self.out), peeked(&self.err))
    }

    /// True if it ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub(crate) fn ended(mut self) -> Ended {
        let status = eventually(&self.call, LONGEST, || self.child.try_wait().unwrap());
        self.told(status)
    }

    /// Waits for its end for so long; then kills it, and there is none.
    pub(crate) fn ended_within(mut self, within: Duration) -> Option<Ended> {
        let deadline = Instant::now() + within;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(self.told(status));
            }
            std::thread::park_timeout(LOOK_EVERY);
        }
        None
    }

    /// Ends it at once, as `kill -9` does, and says what it had said.
    pub(crate) fn killed(mut self) -> Ended {
        self.child.kill().unwrap();
        let status = self.child.wait().unwrap();
        self.told(status)
    }

    fn told(&mut self, status: ExitStatus) -> Ended {
        let (out, err) = (text(&mut self.out), text(&mut self.err));
        Ended { code: status.code(), signal: status.signal(), out, err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended: then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What is in the file. The process's own place in it does not move.
fn peeked(file: &File) -> String {
    let mut bytes = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    let read = file.read_at(&mut bytes, 0).unwrap();
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}
