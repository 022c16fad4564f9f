//! The time a detector lane takes from its start to running, with the state of many accounts. It restores from the
//! changelog alone, and from a snapshot. The same lane made the state before, from accounts in the inbox.

use std::sync::Arc;
use std::time::{Duration, Instant};

use winback_core::debounce::AccountChange;
use winback_core::time::Span;
use winback_detector::{DetectorMetrics, DetectorRole, DetectorTopics};
use winback_lane::{DeadLetters, Keep, Lane, LaneConfig, NoObserver, PartitionState, Snapshots};
use winback_log::{Append, Cleanup, Clock as _, SessionSpec, SharedLog, SystemClock, TopicPartition};
use winback_proto::{Encoding, WireMessage as _, inbox};
use winback_telemetry::Metrics;

use super::feed::nth;
use super::machine::timed;
use super::{size, topic};

const INBOX: &str = "restore.inbox";
const CHANGELOG: &str = "restore.changelog";
const PARTITIONS: i32 = 4;
const ROUNDS: usize = 3;
const TOMBSTONES: Span = Span::from_days(7);
const DEADLINE: Duration = Duration::from_secs(600);

pub(super) fn run(log: &SharedLog) -> anyhow::Result<()> {
    let accounts = size("WINBACK_BENCH_RESTORE", 200_000)?;
    let partitions = topic(log, INBOX, PARTITIONS, Cleanup::Delete(None))?;
    let changelogs = topic(log, CHANGELOG, PARTITIONS, Cleanup::Compact { tombstones: TOMBSTONES })?;
    for name in ["restore.triggers", "restore.shadow-triggers", "restore.decisions", "restore.dead"] {
        topic(log, name, PARTITIONS, Cleanup::Delete(None))?;
    }
    write(log, accounts)?;
    let ends = log.reader()?.end_offsets(&partitions)?;
    let caught_up = |lane: &Lane<DetectorRole>| {
        let committed = lane.status().snapshot().partitions;
        let of = |partition: &TopicPartition| committed.iter().find(|status| status.partition == *partition);
        partitions
            .iter()
            .zip(&ends)
            .all(|(partition, end)| of(partition).is_some_and(|status| status.committed >= Some(*end)))
    };
    println!("  {accounts} accounts stepped in {:.2} s", until(log, None, caught_up)?.as_secs_f64());
    let folder = tempfile::tempdir()?;
    let snapshots = Arc::new(Snapshots::new(folder.path(), TOMBSTONES));
    for round in 0..ROUNDS {
        restored(log, "the changelog", None)?;
        if round == 0 {
            let (took, records) = timed(|| keep(log, &snapshots, &changelogs))?;
            let bytes: u64 = std::fs::read_dir(folder.path())?
                .filter_map(|entry| entry.ok()?.metadata().ok())
                .map(|file| file.len())
                .sum();
            println!(
                "  snapshots of {records} records, {} MB, in {:.2} s",
                bytes >> 20,
                took.wall.as_secs_f64()
            );
        }
        restored(log, "snapshots", Some(snapshots.clone()))?;
    }
    Ok(())
}

fn keep(log: &SharedLog, snapshots: &Snapshots, changelogs: &[TopicPartition]) -> anyhow::Result<u64> {
    let mut records = 0;
    for changelog in changelogs {
        let (now, least) = (SystemClock.now(), 0);
        let kept = Keep { log: &**log, snapshots, changelog, now, least, stop: &|| false }.run()?;
        records += kept.map_or(0, |kept| kept.read);
    }
    Ok(records)
}

fn restored(log: &SharedLog, from: &str, snapshots: Option<Arc<Snapshots>>) -> anyhow::Result<()> {
    let running = |lane: &Lane<DetectorRole>| {
        let partitions = lane.status().snapshot().partitions;
        partitions.len() == usize::try_from(PARTITIONS).unwrap_or_default()
            && partitions.iter().all(|partition| partition.state == PartitionState::Running)
    };
    let took = until(log, snapshots, running)?;
    println!(
        "  from {from}: running {:.2} s after its start, joining the group included",
        took.as_secs_f64()
    );
    Ok(())
}

/// Runs a lane until that is so, and says how long that took.
fn until(
    log: &SharedLog,
    snapshots: Option<Arc<Snapshots>>,
    done: impl Fn(&Lane<DetectorRole>) -> bool,
) -> anyhow::Result<Duration> {
    let spec = SessionSpec {
        group: "restore".to_owned(),
        transactional_id: "restore".to_owned(),
        topics: vec![INBOX.into()],
    };
    let dead = DeadLetters { topic: "restore.dead".to_owned(), max_bytes: 1 << 20 };
    let mut settings = LaneConfig::new("detector", dead);
    settings.snapshots = snapshots;
    let topics = DetectorTopics {
        triggers: "restore.triggers".into(),
        shadow_triggers: "restore.shadow-triggers".into(),
        decisions: "restore.decisions".into(),
        changelog: CHANGELOG.into(),
        inbox_partitions: PARTITIONS,
        encoding: Encoding::Protobuf,
        source: "bench/detector".to_owned(),
    };
    let role = DetectorRole::new(topics, DetectorMetrics::new(&Metrics::new()));
    let begun = Instant::now();
    let mut lane =
        Lane::open(log.clone(), Arc::new(SystemClock), spec, settings, role, Arc::new(NoObserver))?;
    while !done(&lane) {
        lane.turn()?;
        anyhow::ensure!(begun.elapsed() < DEADLINE, "not there after {} s", DEADLINE.as_secs());
    }
    let took = begun.elapsed();
    lane.drain(Duration::from_secs(10))?;
    Ok(took)
}

fn write(log: &SharedLog, accounts: u64) -> anyhow::Result<()> {
    let mut writer = log.writer()?;
    for number in 0..accounts {
        let account = nth(number);
        let key = account.id.clone();
        let value =
            inbox::change_to_wire(&AccountChange::Upsert(Box::new(account))).to_bytes(Encoding::Protobuf);
        writer.append(&Append::keyed(INBOX, key.as_str().as_bytes(), &value))?;
    }
    writer.flush()?;
    Ok(())
}
