//! Local snapshots of a changelog, so that a restart reads only what came since.
//!
//! A snapshot is what the changelog's first `next` records come to: the last value of each key that has one. It is never
//! the truth: one that is torn, stale, or of another topic is noticed, said, and not used, and the changelog is read from
//! its beginning instead. It is made from the changelog alone, beside the lanes, which it never delays.

mod file;
mod keep;
mod load;

use std::path::{Path, PathBuf};

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::TopicPartition;

pub(crate) use file::Head;
pub use file::SnapshotError;
pub use keep::{Keep, KeepError, Kept};
pub(crate) use load::{Loading, Step};

/// The folder of one process's snapshots; another process must not write there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshots {
    dir: PathBuf,
    /// An older one may lack what a collected tombstone took away: half of how long tombstones stay.
    oldest: Span,
}

/// The log's facts about a changelog partition, for the check of a snapshot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing<'a> {
    /// Which.
    pub(crate) changelog: &'a TopicPartition,
    /// The id of the topic's incarnation.
    pub(crate) topic_id: &'a str,
    /// The earliest offset.
    pub(crate) beginning: Offset,
    /// The offset behind the last record.
    pub(crate) end: Offset,
    /// The present.
    pub(crate) now: Time,
}

impl Snapshots {
    /// Snapshots in `dir`, of topics that keep tombstones for `tombstones`.
    pub fn new(dir: impl Into<PathBuf>, tombstones: Span) -> Self {
        Self { dir: dir.into(), oldest: Span::from_millis(tombstones.millis() / 2) }
    }

    /// The path of that partition's snapshot.
    pub fn path(&self, changelog: &TopicPartition) -> PathBuf {
        self.dir.join(format!("{}-{}.snapshot", changelog.topic, changelog.partition))
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// True if a snapshot should be renewed before it is too old.
    fn ages(&self, head: &Head, now: Time) -> bool {
        now.since(head.made_at).millis() > self.oldest.millis() / 2
    }

    /// The reason why a snapshot with that head does not fit the log, if it does not.
    fn misfit(&self, head: &Head, standing: &Standing<'_>) -> Option<String> {
        let Standing { changelog, topic_id, beginning, end, now } = *standing;
        if head.topic != *changelog.topic || head.partition != changelog.partition.0 {
            return Some(format!("it is of {}/{}", head.topic, head.partition));
        }
        if head.topic_id != topic_id {
            return Some(format!(
                "it is of topic id {}, and the topic that is there now has {topic_id}",
                head.topic_id
            ));
        }
        if head.next < beginning || head.next > end {
            return Some(format!("it goes to offset {}, and the log has {beginning} to {end}", head.next));
        }
        let age = now.since(head.made_at);
        (age > self.oldest)
            .then(|| format!("it is {age} old, and tombstones may be gone after {}", self.oldest))
    }
}

#[cfg(test)]
mod tests;
