//! A child process that does not outlive this one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::BrokerError;

const LOOK_EVERY: Duration = Duration::from_millis(50);
const TAIL: usize = 2_000;

/// Reads until this process closes the pipe, which it does by ending, however it ends.
const WATCHDOG: &str = "cat >/dev/null; kill -KILL \"$1\" 2>/dev/null; rm -rf -- \"$2\"";

#[derive(Clone, Copy, Debug)]
pub(super) enum Signal {
    Terminate,
    Stop,
    Continue,
}

impl Signal {
    const fn name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Stop => "STOP",
            Self::Continue => "CONT",
        }
    }
}

/// A broker's process and its watchdog.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    watchdog: Child,
    log: PathBuf,
    /// The place in the log at which this process begins; a restart continues the same file.
    begin: usize,
}

impl Process {
    /// Starts a command with its output in `broker.log` of `folder`, which goes when this process ends.
    pub(super) fn spawn(mut command: Command, folder: &Path) -> Result<Self, BrokerError> {
        let io = |doing| move |error| BrokerError::Io { doing, error };
        let log = folder.join("broker.log");
        let begin = read(&log).len();
        let out = File::options().create(true).append(true).open(&log).map_err(io("opening broker.log"))?;
        let err = out.try_clone().map_err(io("opening broker.log"))?;
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let mut child = command.spawn().map_err(io("starting the broker"))?;
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog", &child.id().to_string()])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match watchdog {
            Ok(watchdog) => Ok(Self { child, watchdog, log, begin }),
            Err(error) => {
                end(&mut child);
                Err(BrokerError::Io { doing: "starting the broker's watchdog", error })
            }
        }
    }

    /// Waits until the log has `text`.
    pub(super) fn wait_for(&mut self, text: &str, deadline: Duration) -> Result<(), BrokerError> {
        let deadline = Instant::now() + deadline;
        loop {
            let log = read(&self.log);
            let since = log.get(self.begin..).unwrap_or_default();
            if since.contains(text) {
                return Ok(());
            }
            let ended = !matches!(self.child.try_wait(), Ok(None));
            if ended || Instant::now() >= deadline {
                let mut from = since.len().saturating_sub(TAIL);
                while !since.is_char_boundary(from) {
                    from += 1;
                }
                return Err(BrokerError::Failed { why: since[from..].to_owned() });
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    pub(super) fn signal(&self, signal: Signal) {
        // The process is ours and not yet waited for, so its number is still its own.
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$1\" \"$2\"", "signal", signal.name(), &self.child.id().to_string()])
            .status();
        debug_assert!(sent.is_ok_and(|status| status.success()), "the broker took no signal");
    }

    pub(super) fn wait(&mut self) {
        // A process that cannot be waited for has ended.
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The watchdog first: it must not see the pipe close and remove the folder.
        end(&mut self.watchdog);
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    // Either fails only for a process that has ended.
    let _ = child.kill();
    let _ = child.wait();
}

fn read(log: &Path) -> String {
    fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
