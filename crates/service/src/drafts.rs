//! Withdraws drafts beside the worker's lanes: an account may answer while its draft lies in the outbox.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use winback_worker::{Seen, Worker};

use super::Shared;

/// The interval at which the end of the run is looked for.
const LOOK: Duration = Duration::from_millis(200);
/// The interval between two looks at the outbox.
const EVERY: Duration = Duration::from_secs(2);

/// Starts the thread that looks after the drafts.
pub(super) fn start(
    shared: &Arc<Shared>,
    worker: Arc<Worker>,
    threads: &mut Vec<JoinHandle<()>>,
) -> std::io::Result<()> {
    let own = shared.clone();
    threads.push(super::threads::spawn(shared, "drafts", move || keep(&own, &worker))?);
    Ok(())
}

fn keep(shared: &Shared, worker: &Worker) {
    let (mut seen, mut due) = (Seen::default(), Instant::now());
    while !shared.shutdown.is_asked() {
        if Instant::now() >= due {
            worker.withdraw(&mut seen, shared.clock.now());
            due = Instant::now() + EVERY;
        }
        std::thread::park_timeout(LOOK);
    }
}
