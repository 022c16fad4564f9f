//! The sorted records, into the topic.

use anyhow::Context as _;
use indicatif::ProgressBar;
use winback_core::time::Time;
use winback_log::{Append, Log};

use super::{Sorter, Taken};

/// Appends every record, stamped with when it happened, or with `now` if that is later; how many were written.
///
/// # Errors
/// When the log is away or a temporary file cannot be read.
pub fn write(
    log: &dyn Log,
    topic: &str,
    sorter: Sorter,
    taken: &Taken,
    now: Time,
    bar: &ProgressBar,
) -> anyhow::Result<u64> {
    // What stands before the first record whose time is known happened with the earliest.
    let first = taken.times.map_or(now, |(first, _)| first);
    let mut writer = log.writer()?;
    let mut written = 0;
    for entry in sorter.finish().context("cannot read a temporary file")? {
        let entry = entry.context("cannot read a temporary file")?;
        let happened = if entry.time == Time::MIN { first } else { entry.time };
        let (key, value, timestamp) =
            (entry.key.as_deref(), Some(entry.value.as_slice()), Some(happened.min(now)));
        writer.append(&Append { topic, partition: None, key, value, headers: &[], timestamp })?;
        written += 1;
        bar.inc(1);
    }
    writer.flush()?;
    bar.finish_and_clear();
    Ok(written)
}
