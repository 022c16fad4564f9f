use std::sync::atomic::{AtomicI64, Ordering};

use winback_core::ids::Partition;
use winback_log::{Append, Cleanup, Log as _, TimestampKind, TopicSpec};
use winback_log_embedded::EmbeddedLog;

use super::*;
use crate::output::Output;
use crate::role::{At, Input, RestoreError, Start, Step as Stepped};
use crate::snapshot::Keep;

#[derive(Debug, Default)]
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Time {
        Time::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Counts the rows that it is given.
#[derive(Debug, Default)]
struct Rows(usize);

impl Role for Rows {
    fn name(&self) -> &'static str {
        "rows"
    }
    fn start(&mut self, _: &TopicPartition) -> Start {
        Start::Earliest
    }
    fn assigned(&mut self, _: &Input) {}
    fn restore(&mut self, _: &Input, rows: &[Row<'_>]) -> Result<(), RestoreError> {
        self.0 += rows.len();
        Ok(())
    }
    fn step(&mut self, _: At<'_>, _: &Message, _: &mut Output) -> Stepped {
        Stepped::Done
    }
    fn committed(&mut self) {}
    fn rolled_back(&mut self) {}
    fn released(&mut self, _: &Input) {}
}

struct World {
    clock: Arc<Hands>,
    log: Arc<EmbeddedLog>,
    snapshots: Arc<Snapshots>,
    changelog: TopicPartition,
    inputs: Inputs,
    slot: usize,
    _folder: tempfile::TempDir,
}

impl World {
    /// A changelog whose records go after a millisecond: retention, where only compaction should be.
    fn new() -> Self {
        let clock = Arc::new(Hands(AtomicI64::new(1_000_000)));
        let log = Arc::new(EmbeddedLog::simulated(Arc::clone(&clock) as Arc<dyn Clock>));
        let spec = TopicSpec {
            name: "changelog".to_owned(),
            partitions: 1,
            replication: 1,
            cleanup: Cleanup::Delete(Some(Span::from_millis(1))),
            timestamps: TimestampKind::Append,
            max_record_bytes: 1 << 20,
        };
        log.create(&spec).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let snapshots = Arc::new(Snapshots::new(folder.path(), Span::from_days(7)));
        let mut inputs = Inputs::default();
        let slot = inputs.add(TopicPartition::new("input", 0), 0, 1).unwrap().slot;
        let changelog = TopicPartition::new("changelog", 0);
        Self { clock, log, snapshots, changelog, inputs, slot, _folder: folder }
    }

    fn write(&self, key: &str) {
        let mut writer = self.log.writer().unwrap();
        let record = Append {
            topic: "changelog",
            partition: Some(Partition(0)),
            key: Some(key.as_bytes()),
            value: Some(b"1"),
            headers: &[],
            timestamp: None,
        };
        writer.append(&record).unwrap();
        writer.flush().unwrap();
    }

    fn keep(&self) {
        let (log, snapshots, changelog) = (self.log.as_ref(), &*self.snapshots, &self.changelog);
        let keep = Keep { log, snapshots, changelog, now: self.clock.now(), least: 1, stop: &|| false };
        keep.run().unwrap().unwrap();
    }

    fn cut(&self) {
        self.clock.0.fetch_add(10_000, Ordering::Relaxed);
        self.write("newer");
        while self.log.maintain(Duration::from_secs(1)).unwrap() {}
    }

    fn tear(&self) {
        let path = self.snapshots.path(&self.changelog);
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(path, bytes).unwrap();
    }

    /// The number of rows that a restore gives.
    fn restore(&self) -> Result<usize, LaneError> {
        let (log, snapshots) = (Arc::clone(&self.log), Some(Arc::clone(&self.snapshots)));
        let mut restorer = Restorer::new(log, snapshots, Span::from_millis(10));
        let mut role = Rows::default();
        restorer.add(self.changelog.clone(), self.slot, self.clock.now());
        for _ in 0..100 {
            if !restorer.slice(&*self.clock, &mut role, &self.inputs)?.is_empty() {
                return Ok(role.0);
            }
        }
        panic!("the restore does not end");
    }
}

#[test]
fn a_snapshot_stands_for_what_was_cut_and_a_torn_one_for_nothing() {
    let world = World::new();
    world.write("older");
    world.keep();
    world.cut();
    assert_eq!(world.restore().unwrap(), 2);
    world.tear();
    let error = world.restore().unwrap_err();
    assert!(
        matches!(error, LaneError::Truncated { beginning: Offset(1), next: Offset::ZERO, .. }),
        "what is left is not the state: {error}"
    );
}

#[test]
fn a_torn_snapshot_of_a_whole_changelog_is_read_past() {
    let world = World::new();
    world.write("older");
    world.keep();
    world.tear();
    assert_eq!(world.restore().unwrap(), 1);
}
