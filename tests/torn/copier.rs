//! The loop under test: a real lane on its own thread. The naive loop is held against the same cases.

use std::sync::Arc;
use std::thread::JoinHandle;

use winback_lane::{
    DeadLetters, Lane, LaneConfig, LaneError, LaneSnapshot, LaneStatus, NoObserver, Shutdown, run_lane,
};
use winback_log::{SessionSpec, SystemClock};
use winback_log_kafka::KafkaLog;

use crate::role::Marker;
use crate::topics::Topics;
use crate::world::{DEADLINE, options};

/// Something that copies a case's input to its output until it is stopped.
pub(crate) trait Copier {
    /// The number of ended transactions, committed or aborted.
    fn ended(&self) -> u64;
    /// True if all of the input is committed, as far as it knows itself.
    fn has_copied(&self, ends: &[i64]) -> bool;
    /// Ends it; what it says of its way.
    fn stop(self: Box<Self>) -> String;
}

/// The lane.
pub(crate) struct LaneCopier {
    status: Arc<LaneStatus>,
    shutdown: Shutdown,
    thread: JoinHandle<Result<(), LaneError>>,
}

impl LaneCopier {
    pub(crate) fn start(topics: &Topics, bootstrap: String) -> Self {
        let spec = SessionSpec {
            group: topics.name.clone(),
            transactional_id: format!("{}.marker.0", topics.name),
            topics: vec![topics.input().into()],
        };
        let role = Marker::new(topics.output(), topics.changelog());
        let dead = DeadLetters { topic: topics.dead(), max_bytes: 50_000 };
        let config = LaneConfig::new(topics.name.clone(), dead);
        let shutdown = Shutdown::new(DEADLINE);
        let (asked, (tell, told)) = (shutdown.clone(), std::sync::mpsc::channel());
        let thread = std::thread::spawn(move || {
            let log = Arc::new(KafkaLog::new(options(bootstrap)).unwrap());
            let lane = Lane::open(log, Arc::new(SystemClock), spec, config, role, Arc::new(NoObserver))?;
            tell.send(lane.status()).unwrap();
            run_lane(lane, &asked)
        });
        let status = told.recv_timeout(DEADLINE).expect("the lane opens");
        Self { status, shutdown, thread }
    }

    fn snapshot(&self) -> LaneSnapshot {
        let snapshot = self.status.snapshot();
        assert_eq!(snapshot.ended, None, "a lane mends whatever happens to its requests");
        snapshot
    }
}

impl Copier for LaneCopier {
    fn ended(&self) -> u64 {
        let LaneSnapshot { commits, aborts, unknown, .. } = self.snapshot();
        commits + aborts + unknown
    }

    fn has_copied(&self, ends: &[i64]) -> bool {
        let partitions = self.snapshot().partitions;
        let committed = partitions.iter().map(|partition| partition.committed.map_or(-1, |at| at.0));
        committed.eq(ends.iter().copied())
    }

    fn stop(self: Box<Self>) -> String {
        let LaneSnapshot { commits, aborts, unknown, .. } = self.snapshot();
        self.shutdown.ask();
        let ended = self.thread.join().expect("the lane's thread does not panic");
        assert!(ended.is_ok(), "{ended:?}");
        format!("{commits} committed, {aborts} aborted, {unknown} unknown")
    }
}
