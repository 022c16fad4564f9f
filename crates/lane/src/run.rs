//! A thread's whole life: turn until asked to stop, then drain.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::LaneError;
use crate::lane::Lane;
use crate::panics::caught;
use crate::role::Role;

/// Asks lanes to stop; shared by all of a process.
#[derive(Clone, Debug)]
pub struct Shutdown {
    asked: Arc<AtomicBool>,
    within: Duration,
}

impl Shutdown {
    /// One that was not asked yet; drains get `within`.
    pub fn new(within: Duration) -> Self {
        Self { asked: Arc::default(), within }
    }

    /// From now on lanes drain and end.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Release);
    }

    /// True if it was asked.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }
}

/// Turns the lane until `shutdown` is asked, then drains it.
///
/// # Errors
/// The lane's, or the drain's; a panic outside of a step is one, too.
pub fn run_lane<R: Role>(lane: Lane<R>, shutdown: &Shutdown) -> Result<(), LaneError> {
    let status = lane.status();
    caught(move || turn_and_drain(lane, shutdown)).unwrap_or_else(|why| {
        let error = LaneError::Panicked { at: "outside of a step".to_owned(), why };
        tracing::error!(lane = status.name(), %error, "the lane ended");
        status.end(&error);
        Err(error)
    })
}

fn turn_and_drain<R: Role>(mut lane: Lane<R>, shutdown: &Shutdown) -> Result<(), LaneError> {
    while !shutdown.is_asked() {
        let wait = lane.turn()?;
        if lane.is_unavailable() {
            std::thread::park_timeout(wait); // no poll waits while the log is away
        }
    }
    lane.drain(shutdown.within)
}
