//! The checks before a run: it refuses a log into which a move is incomplete. It also refuses an empty Kafka beside
//! the deployment's own file, because everyone would be triggered again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use winback_core::ids::Offset;
use winback_deployment::Context;
use winback_deployment::config::ConfigError;
use winback_log::{Log, OpenOptions, TopicPartition};

use super::target::{Target, look};

/// The most files that are looked into.
const MOST_FILES: usize = 16;

/// Refuses such a run.
///
/// # Errors
/// With what to do instead; or when the log is away.
pub fn check(context: &Context, log: &dyn Log, fresh: bool) -> anyhow::Result<()> {
    let found = look(log, &context.topics.inbox)?;
    if let Target::Begun(moved) = &found {
        let to = log.name();
        return refuse(format!(
            "{to}: the move from {from} is not complete: run `winback migrate {from} {to}` again",
            from = moved.from
        ));
    }
    if fresh || !log.is_shared() || found != Target::Empty {
        return Ok(());
    }
    let Some(file) = files(Path::new(".")).into_iter().find(|file| has_fired(context, file)) else {
        return Ok(());
    };
    let (file, to) = (format!("sqlite:{}", file.display()), log.name());
    refuse(format!(
        "{to} is empty, and `{}` has fired triggers in {file}: everyone would be triggered again; `winback migrate {file} \
         {to}` takes the state along, `winback run --fresh` begins without it",
        context.config.deployment
    ))
}

fn refuse(text: String) -> anyhow::Result<()> {
    Err(ConfigError::Wrong { path: "log".to_owned(), text }.into())
}

/// The files in that folder that may be a file log.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let is_log = |path: &PathBuf| {
        let named = path.extension().is_some_and(|ending| ending == "db");
        named && std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() > 0)
    };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(is_log);
    let mut files: Vec<PathBuf> =
        paths.map(|path| path.strip_prefix(".").map(Path::to_path_buf).unwrap_or(path)).collect();
    files.sort();
    files.truncate(MOST_FILES);
    files
}

/// True if that file is a log in which this deployment has fired. An unreadable file is no reason to refuse.
fn has_fired(context: &Context, file: &Path) -> bool {
    let url = format!("sqlite:{}", file.display());
    let Ok(log) = winback_log::open(&url, Arc::clone(&context.clock), &OpenOptions::default()) else {
        return false;
    };
    let topic = &context.topics.triggers;
    let partitions = log.describe(&[topic]).ok().and_then(|mut found| found.pop().flatten());
    let partitions: Vec<TopicPartition> = (0..partitions.map_or(0, |info| info.spec.partitions))
        .map(|at| TopicPartition::new(Arc::clone(topic), at))
        .collect();
    let ends = log.reader().and_then(|mut reader| reader.ends(&partitions));
    ends.is_ok_and(|ends| ends.iter().any(|end| *end > Offset::ZERO))
}
