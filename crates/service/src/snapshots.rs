//! Keeps local snapshots of the detector's changelog, beside the lanes: a restart reads only what came since.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use winback_core::time::Span;
use winback_deployment::topics::TOMBSTONES;
use winback_lane::{Keep, KeepError, LaneStatus, PartitionState, Snapshots};
use winback_log::TopicPartition;

use super::Shared;

/// The interval at which the end of the run is looked for.
const LOOK: Duration = Duration::from_millis(200);
/// Fewer new records than this are read faster than a snapshot is written.
const LEAST: u64 = 1_000;

/// The folder, where the log is shared: the file has its state beside it already.
pub(super) fn folder(shared: &Shared) -> Option<Arc<Snapshots>> {
    let config = &shared.config;
    if !shared.log.is_shared() || config.snapshots.dir == PathBuf::new() {
        return None;
    }
    let dir = config.snapshots.dir.join(format!("{}.{}", config.deployment, config.instance));
    Some(Arc::new(Snapshots::new(dir, TOMBSTONES)))
}

/// Starts the thread that keeps them, for the partitions that these lanes have.
pub(super) fn start(
    shared: &Arc<Shared>,
    snapshots: Arc<Snapshots>,
    lanes: Vec<Arc<LaneStatus>>,
    threads: &mut Vec<JoinHandle<()>>,
) -> std::io::Result<()> {
    let keeper = Keeper { shared: shared.clone(), snapshots, lanes };
    threads.push(super::threads::spawn(shared, "snapshots", move || keeper.run())?);
    Ok(())
}

struct Keeper {
    shared: Arc<Shared>,
    snapshots: Arc<Snapshots>,
    lanes: Vec<Arc<LaneStatus>>,
}

impl Keeper {
    fn run(&self) {
        let every = self.shared.config.snapshots.every;
        let mut due = self.shared.clock.now() + every;
        while !self.shared.shutdown.is_asked() {
            std::thread::sleep(LOOK);
            if self.shared.clock.now() < due {
                continue;
            }
            self.partitions().iter().for_each(|changelog| self.keep(changelog));
            due = self.shared.clock.now() + every;
        }
    }

    /// The changelog's partitions whose state is in this process.
    fn partitions(&self) -> Vec<TopicPartition> {
        let snapshots = self.lanes.iter().map(|lane| lane.snapshot());
        let partitions = snapshots.flat_map(|lane| lane.partitions);
        let running = partitions.filter(|partition| partition.state == PartitionState::Running);
        let topic = &self.shared.topics.changelog;
        running
            .map(|status| TopicPartition { topic: topic.clone(), partition: status.partition.partition })
            .collect()
    }

    fn keep(&self, changelog: &TopicPartition) {
        let (now, stop) = (self.shared.clock.now(), || self.shared.shutdown.is_asked());
        let (log, snapshots) = (&*self.shared.log, &*self.snapshots);
        match (Keep { log, snapshots, changelog, now, least: LEAST, stop: &stop }).run() {
            Ok(Some(kept)) => {
                let took: Span = self.shared.clock.now().since(now);
                tracing::info!(%changelog, next = %kept.next, read = kept.read, %took, "a snapshot was made");
            }
            Ok(None) | Err(KeepError::Stopped) => {}
            Err(error) => {
                tracing::warn!(%changelog, %error, "no snapshot was made; a restart will take longer");
            }
        }
    }
}
