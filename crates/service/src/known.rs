//! The list as it is, read for the registrar on a thread of its own.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use winback_core::ids::Offset;
use winback_registrar::{List, ListReader};

use super::{Shared, threads};
use winback_deployment::scan;

/// Between two tries while the log is away.
const PAUSE: Duration = Duration::from_millis(500);

/// Reads the list of a run's log.
pub(super) struct KnownList {
    shared: Arc<Shared>,
    reading: Option<Receiver<Result<List, String>>>,
    /// The failure, and the time of the next try.
    failed: Option<(String, Instant)>,
}

impl KnownList {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared, reading: None, failed: None }
    }
}

impl ListReader for KnownList {
    fn begin(&mut self) {
        self.failed = None;
        let (send, receive) = channel();
        let shared = self.shared.clone();
        let spawned = threads::spawn(&self.shared, "known-accounts", move || {
            // Nobody waits for it any more once another reading has begun.
            drop(send.send(read(&shared).map_err(|error| format!("{error:#}"))));
        });
        match spawned {
            Ok(_) => self.reading = Some(receive),
            Err(error) => self.failed = Some((error.to_string(), Instant::now() + PAUSE)),
        }
    }

    fn poll(&mut self) -> Result<List, String> {
        if let Some((why, again)) = &self.failed {
            let why = why.clone();
            if Instant::now() >= *again {
                self.begin();
            }
            return Err(why);
        }
        let waits = "reading the list of accounts";
        match self.reading.as_ref().map(Receiver::try_recv) {
            Some(Ok(Ok(list))) => {
                self.reading = None;
                Ok(list)
            }
            Some(Err(TryRecvError::Empty)) => Err(waits.to_owned()),
            Some(Ok(Err(why))) => {
                self.failed = Some((why.clone(), Instant::now() + PAUSE));
                Err(why)
            }
            // A thread that panicked is a failure of the run.
            Some(Err(TryRecvError::Disconnected)) | None => Err(waits.to_owned()),
        }
    }
}

/// Reads each partition to its end as it was at the beginning: what is older than the registrar's position lies before it.
fn read(shared: &Shared) -> anyhow::Result<List> {
    let mut list = List::new();
    for partition in scan::partitions(&*shared.log, &shared.topics.accounts)? {
        scan::each(&*shared.log, &partition, Offset::ZERO, |message| {
            let Some(id) = message.key().and_then(|key| std::str::from_utf8(key).ok()) else {
                return Ok(ControlFlow::Continue(()));
            };
            match message.value() {
                Some(value) => drop(list.insert(id.into(), value.into())),
                None => drop(list.remove(id)),
            }
            let stops = shared.shutdown.is_asked();
            Ok(if stops { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
    }
    Ok(list)
}
