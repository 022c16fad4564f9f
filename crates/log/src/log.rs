//! A log, and the administration of its topics.

use std::sync::Arc;

use winback_core::ids::Offset;

use crate::{LogError, Reader, Session, SessionSpec, TopicInfo, TopicPartition, TopicSpec, Writer};

/// A log, shared by the threads of a process.
///
/// Besides the sessions, readers and writers it has an administration; the methods that are provided here are short for
/// its own.
pub trait Log: Send + Sync {
    /// The log as a person would name it: `sqlite:try.db`, `kafka://127.0.0.1:9092`; never with a secret.
    fn name(&self) -> String;

    /// Joins a consumer group under a transactional id. Another session with the same transactional id is fenced.
    ///
    /// # Errors
    /// If the log is unavailable, a topic is missing or the id is refused.
    fn session(&self, spec: SessionSpec) -> Result<Box<dyn Session>, LogError>;

    /// A reader without a group: restores, the account index, the command line.
    ///
    /// # Errors
    /// If the log is unavailable.
    fn reader(&self) -> Result<Box<dyn Reader>, LogError>;

    /// A reader for restores: it hears sooner that it is at the end, for more requests while it waits there.
    ///
    /// # Errors
    /// If the log is unavailable.
    fn restore_reader(&self) -> Result<Box<dyn Reader>, LogError> {
        self.reader()
    }

    /// A writer without a transaction that may set timestamps: `ingest`, `generate`.
    ///
    /// # Errors
    /// If the log is unavailable.
    fn writer(&self) -> Result<Box<dyn Writer>, LogError>;

    /// The administration of topics and records.
    fn admin(&self) -> &dyn LogAdmin;

    /// True if another process could join this one's groups: only on Kafka.
    fn is_shared(&self) -> bool;

    /// See [`LogAdmin::describe`].
    ///
    /// # Errors
    /// As there.
    fn describe(&self, topics: &[&str]) -> Result<Vec<Option<TopicInfo>>, LogError> {
        self.admin().describe(topics)
    }

    /// See [`LogAdmin::topics`].
    ///
    /// # Errors
    /// As there.
    fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        self.admin().topics()
    }

    /// See [`LogAdmin::create`].
    ///
    /// # Errors
    /// As there.
    fn create(&self, topic: &TopicSpec) -> Result<(), LogError> {
        self.admin().create(topic)
    }

    /// See [`LogAdmin::remove`].
    ///
    /// # Errors
    /// As there.
    fn remove(&self, partition: &TopicPartition, offsets: &[Offset]) -> Result<Option<u64>, LogError> {
        self.admin().remove(partition, offsets)
    }

    /// See [`LogAdmin::scrub`].
    ///
    /// # Errors
    /// As there.
    fn scrub(&self, whole: bool) -> Result<bool, LogError> {
        self.admin().scrub(whole)
    }

    /// See [`LogAdmin::warnings`].
    ///
    /// # Errors
    /// As there.
    fn warnings(&self) -> Result<Vec<String>, LogError> {
        self.admin().warnings()
    }
}

/// The administration of a log: its topics, its settings, and the removal of single records.
pub trait LogAdmin {
    /// The log's facts about these topics, in their order; `None` for a topic that does not exist.
    ///
    /// # Errors
    /// If the log is unavailable.
    fn describe(&self, topics: &[&str]) -> Result<Vec<Option<TopicInfo>>, LogError>;

    /// All topics, by name.
    ///
    /// # Errors
    /// If the log is unavailable.
    fn topics(&self) -> Result<Vec<TopicInfo>, LogError>;

    /// Makes a topic; one that is there is left as it is and is no error.
    ///
    /// # Errors
    /// If the log is unavailable or refuses.
    fn create(&self, topic: &TopicSpec) -> Result<(), LogError>;

    /// Removes single records, where the log can: how many there were. `None` where it cannot, as Kafka, and they go with
    /// compaction and retention only.
    ///
    /// # Errors
    /// If the log is unavailable.
    fn remove(&self, partition: &TopicPartition, offsets: &[Offset]) -> Result<Option<u64>, LogError> {
        let _ = (partition, offsets);
        Ok(None)
    }

    /// Takes what removed records left in the log's files away; false where that must wait until nobody else has them
    /// open. `whole` writes the files anew, which takes long and wants them alone; without it the next start of lanes does.
    ///
    /// # Errors
    /// When the files cannot be written.
    fn scrub(&self, whole: bool) -> Result<bool, LogError> {
        let _ = whole;
        Ok(true)
    }

    /// The warnings about the log's own settings, a sentence each.
    ///
    /// # Errors
    /// If the log is unavailable.
    fn warnings(&self) -> Result<Vec<String>, LogError> {
        Ok(Vec::new())
    }
}

/// A log that several threads have.
pub type SharedLog = Arc<dyn Log>;
