//! Data that can be removed at once: single records of the own log, local snapshots, drafts in the outbox.

use std::path::{Path, PathBuf};

use winback_core::ids::Offset;
use winback_deployment::config::Config;
use winback_log::{Log, TopicPartition};

use super::location::{Fate, Location};
use super::matcher::Subject;

/// The bytes at a draft's beginning that name its trigger.
const HEAD: usize = 2_048;

/// Removes what the log lets go, and counts it.
///
/// # Errors
/// When the log is away.
pub fn clear(log: &dyn Log, locations: &mut [Location]) -> anyhow::Result<()> {
    for location in locations {
        let mut some: Vec<(TopicPartition, Vec<Offset>)> = Vec::new();
        for found in
            location.found.iter().filter(|found| matches!(found.fate, Fate::Removable | Fate::Replaced))
        {
            match some.last_mut().filter(|(partition, _)| *partition == found.partition) {
                Some((_, offsets)) => offsets.push(found.offset),
                None => some.push((found.partition.clone(), vec![found.offset])),
            }
        }
        for (partition, offsets) in some {
            location.removed += log.remove(&partition, &offsets)?.unwrap_or_default();
        }
    }
    Ok(())
}

/// Files that hold something of the subject: snapshots of its partition of the state, and its drafts.
pub fn files(
    config: &Config,
    subject: &Subject,
    shared: bool,
    partition: i32,
) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let snapshots = if shared && subject.id.is_some() { snapshots(config, partition) } else { Vec::new() };
    (snapshots, drafts(&config.worker.outbox_dir, subject))
}

/// Those of every instance that has its folder here.
fn snapshots(config: &Config, partition: i32) -> Vec<PathBuf> {
    let prefix = format!("{}.", config.deployment);
    // A process that was killed while it wrote one leaves it under the second name.
    let names =
        ["snapshot", "new"].map(|end| format!("{}.detector-changelog-{partition}.{end}", config.deployment));
    let instances = entries(&config.snapshots.dir).into_iter();
    let own = instances.filter(|path| file_name(path).starts_with(&prefix));
    own.flat_map(|folder| names.each_ref().map(|name| folder.join(name)))
        .filter(|path| path.is_file())
        .collect()
}

/// Drafts name their trigger in their head.
fn drafts(outbox: &Path, subject: &Subject) -> Vec<PathBuf> {
    if subject.triggers.is_empty() {
        return Vec::new();
    }
    let files = entries(outbox).into_iter().flat_map(|day| entries(&day));
    files.filter(|path| path.is_file() && names(path, subject)).collect()
}

fn names(path: &Path, subject: &Subject) -> bool {
    let Ok(bytes) = std::fs::read(path) else { return false };
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)]);
    head.lines()
        .filter_map(|line| line.strip_prefix("X-Winback-Trigger: "))
        .any(|id| subject.triggers.contains(id.trim()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<PathBuf> =
        entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    entries.sort();
    entries
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
