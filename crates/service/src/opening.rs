//! Lanes on their way into their groups. All open at once: on Kafka each waits for several answers of the broker, and a
//! process that takes over for another must not wait for their sum.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use winback_lane::{LaneError, LaneStatus};
use winback_log::TopicPartition;

use super::started::Started;
use crate::RoleName;

/// The interval at which a wait looks for the end of the run.
const LOOK: Duration = Duration::from_millis(20);

/// The one message of a lane's thread: it has joined, or the reason why it has not.
pub(super) type Joined = Result<Arc<LaneStatus>, LaneError>;

/// A lane whose thread has begun.
pub(super) struct Opening {
    pub(super) role: RoleName,
    /// The source's name, or the topic's.
    pub(super) reads: String,
    /// All partitions of what it reads.
    pub(super) partitions: Vec<TopicPartition>,
    pub(super) joined: Receiver<Joined>,
    pub(super) thread: JoinHandle<()>,
}

impl Opening {
    /// Waits until it has joined; `None` when the run is to end first. Then its thread is left alone: it has begun nothing,
    /// and may wait for a broker for long.
    fn wait(self, stop: &AtomicBool, threads: &mut Vec<JoinHandle<()>>) -> Option<anyhow::Result<Started>> {
        let joined = loop {
            match self.joined.recv_timeout(LOOK) {
                Ok(joined) => break joined,
                Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Acquire) => return None,
                Err(RecvTimeoutError::Timeout) => {}
                Err(why @ RecvTimeoutError::Disconnected) => {
                    return Some(Err(why).context("a lane ended before it joined"));
                }
            }
        };
        let Self { role, reads, partitions, thread, .. } = self;
        threads.push(thread);
        Some(joined.map(|status| Started { role, reads, partitions, status }).map_err(Into::into))
    }
}

/// Waits until all have joined, or the run is to end; what has joined is answered, its threads with it.
///
/// # Errors
/// The first that did not join, in the order of their start.
pub(super) fn wait(
    opening: Vec<Opening>,
    stop: &AtomicBool,
    threads: &mut Vec<JoinHandle<()>>,
) -> anyhow::Result<Vec<Started>> {
    opening.into_iter().filter_map(|lane| lane.wait(stop, threads)).collect()
}

#[cfg(test)]
mod tests {
    use parking_lot::{Condvar, Mutex};
    use winback_lane::PositionsFrom;
    use winback_log::{
        Clock, Log, LogAdmin, LogError, Reader, Session, SessionSpec, SharedLog, SystemClock, Writer,
    };
    use winback_log_embedded::EmbeddedLog;

    use super::*;
    use crate::Plan;
    use winback_deployment::config::Config;

    /// Nobody waits at the gate for longer.
    const LONGEST: Duration = Duration::from_secs(20);

    /// A log whose sessions open only when that many are asked for.
    struct Gated {
        log: SharedLog,
        needed: usize,
        asked: Mutex<usize>,
        open: Condvar,
    }

    impl Gated {
        fn new(needed: usize) -> Arc<Self> {
            let log = EmbeddedLog::memory(Arc::new(SystemClock)).shared();
            Arc::new(Self { log, needed, asked: Mutex::default(), open: Condvar::new() })
        }

        fn release(&self) {
            *self.asked.lock() = self.needed;
            self.open.notify_all();
        }
    }

    impl Log for Gated {
        fn name(&self) -> String {
            "gated".to_owned()
        }

        fn session(&self, spec: SessionSpec) -> Result<Box<dyn Session>, LogError> {
            let mut asked = self.asked.lock();
            *asked += 1;
            self.open.notify_all();
            let waited = self.open.wait_while_for(&mut asked, |asked| *asked < self.needed, LONGEST);
            drop(asked);
            if waited.timed_out() {
                return Err(LogError::Fatal("the others were not asked for".to_owned()));
            }
            self.log.session(spec)
        }

        fn reader(&self) -> Result<Box<dyn Reader>, LogError> {
            self.log.reader()
        }

        fn writer(&self) -> Result<Box<dyn Writer>, LogError> {
            self.log.writer()
        }

        fn admin(&self) -> &dyn LogAdmin {
            self.log.admin()
        }

        fn is_shared(&self) -> bool {
            false
        }
    }

    fn start(log: &Arc<Gated>, stop: bool) -> anyhow::Result<crate::Running> {
        let mut config = Config::load(None, &|_| None).unwrap();
        config.http.listen.clear();
        let plan = Plan {
            roles: vec![RoleName::Registrar, RoleName::Matcher, RoleName::Detector],
            sources: vec!["web".to_owned(), "mail".to_owned()],
            positions: PositionsFrom::Refuse,
            config_path: String::new(),
            stop: Arc::new(AtomicBool::new(stop)),
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        crate::start(config, log.clone(), clock, &plan)
    }

    #[test]
    fn all_lanes_open_at_once() {
        // The registrar, two sources, answers, retries, the detector.
        let log = Gated::new(6);
        start(&log, false).unwrap().stop().unwrap();
    }

    #[test]
    fn a_run_that_is_to_end_does_not_wait_for_lanes_that_are_opening() {
        let log = Gated::new(1_000);
        start(&log, true).unwrap().stop().unwrap();
        assert!(*log.asked.lock() < log.needed, "nobody was let in");
        log.release();
    }
}
