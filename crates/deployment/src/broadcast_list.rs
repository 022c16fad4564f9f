//! What stands until somebody says otherwise, policies and holds: a record in every partition of the inbox, and a list of
//! them in a topic of their own, where each says into which inbox it was put.
//!
//! An inbox that was deleted and made anew knows nothing of what the list says. What the list says of another inbox, or
//! of none as older versions wrote it, is put again: where the detector knows it that changes nothing.

use std::sync::Arc;
use std::time::Duration;

use winback_core::ids::{Offset, Partition};
use winback_log::{
    Append, Defect, ForeignRecord, ForeignRecords, Log, LogError, Message, TopicPartition, Unreadable,
};

use crate::topics::Topics;

/// The header of a list's records with the log's id of the inbox that they were put into.
const PUT_INTO: &str = "winback-inbox";

/// The inbox as it is now.
pub struct Inbox {
    topic: Arc<str>,
    id: String,
    partitions: i32,
}

/// A value of a list, and the inbox that it was put into, where it says so.
pub struct Listed<T> {
    /// The value.
    pub value: T,
    put_into: Option<String>,
}

impl Inbox {
    /// Of a deployment.
    ///
    /// # Errors
    /// When the log is away, or nothing has run here yet.
    pub fn of(log: &dyn Log, topics: &Topics) -> Result<Self, LogError> {
        let topic = topics.inbox.clone();
        let info = log.describe(&[&topic])?.into_iter().flatten().next();
        let info = info.ok_or_else(|| LogError::NoTopic(topic.to_string()))?;
        Ok(Self { topic, id: info.id, partitions: info.spec.partitions })
    }

    /// Whether a value has to be put again, because nothing says that this inbox has it. A log that gives topics no ids
    /// cannot tell.
    pub fn lacks<T>(&self, listed: &Listed<T>) -> bool {
        *self.id != *self.topic && listed.put_into.as_deref() != Some(&self.id)
    }

    /// Puts a record into every partition, and then its value into the list: whoever dies between them does it again.
    ///
    /// # Errors
    /// When the log is away.
    pub fn put(
        &self,
        log: &dyn Log,
        record: &[u8],
        (list, key, value): (&str, &[u8], &[u8]),
    ) -> Result<(), LogError> {
        let mut writer = log.writer()?;
        for partition in 0..self.partitions {
            let partition = Some(Partition(partition));
            let (key, value) = (None, Some(record));
            let topic = &*self.topic;
            writer.append(&Append { topic, partition, key, value, headers: &[], timestamp: None })?;
        }
        writer.flush()?;
        self.list(log, (list, key, value))
    }

    /// Notes a value that this inbox has.
    ///
    /// # Errors
    /// When the log is away.
    pub fn list(&self, log: &dyn Log, (topic, key, value): (&str, &[u8], &[u8])) -> Result<(), LogError> {
        let mut writer = log.writer()?;
        let headers: [(&str, &[u8]); 1] = [(PUT_INTO, self.id.as_bytes())];
        let (key, value) = (Some(key), Some(value));
        let partition = Some(Partition(0));
        writer.append(&Append { topic, partition, key, value, headers: &headers, timestamp: None })?;
        writer.flush()
    }
}

/// Visits the values of a list, oldest first; `read` reads a record by its key and value. A key that is none of the list
/// is passed with a warning. A value that cannot be read and that no later one replaced is an error: the list without it
/// would say something else.
///
/// # Errors
/// When the log is away, or a value cannot be read.
pub fn listed<T>(
    log: &dyn Log,
    topic: &Arc<str>,
    read: impl Fn(&[u8], Option<&[u8]>) -> Result<Option<T>, Unreadable>,
    mut visit: impl FnMut(Listed<T>),
) -> anyhow::Result<()> {
    let mut foreign = ForeignRecords::default();
    let partition = TopicPartition::new(topic.clone(), 0);
    let mut reader = log.reader()?;
    reader.assign(&[(partition.clone(), Offset::ZERO)])?;
    let end = reader.ends(std::slice::from_ref(&partition))?.first().copied().unwrap_or(Offset::ZERO);
    let mut messages: Vec<Message> = Vec::new();
    while reader.position(&partition).is_none_or(|position| position < end) {
        reader.poll(100, Duration::from_millis(100), &mut messages)?;
        for message in messages.drain(..) {
            let key = message.key().unwrap_or_default();
            let value = read(key, message.value());
            foreign.see(&partition, message.offset, key, &value);
            let Ok(Some(value)) = value else { continue };
            let put_into = message.header(PUT_INTO).map(|id| String::from_utf8_lossy(&id).into_owned());
            visit(Listed { value, put_into });
        }
    }
    foreign.iter().for_each(|record| tracing::warn!(%record, "a record of a list cannot be read"));
    foreign.first(&[Defect::Value]).map_or(Ok(()), |record| Err(UnreadableList(record.clone()).into()))
}

/// A list that is not known, since a record of it cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}; stop the members and run `winback topics doctor`")]
pub struct UnreadableList(ForeignRecord);

impl<T> Listed<T> {
    /// The same about another form of the value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Listed<U> {
        Listed { value: change(self.value), put_into: self.put_into }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use winback_log::{EmbeddedLog, SharedLog, SystemClock};
    use winback_proto::v1::inbox_record::Body;
    use winback_proto::{WireMessage as _, v1};

    use super::*;
    use crate::config::Config;
    use crate::{holds, policies, policy_files, scan, seed, topic_plan};

    struct Bench {
        log: SharedLog,
        config: Config,
        topics: Topics,
    }

    impl Bench {
        /// A deployment that has its policy.
        fn new() -> Self {
            let log = EmbeddedLog::memory(Arc::new(SystemClock)).shared();
            let config = Config::default();
            topic_plan::apply(&*log, &config, true).unwrap();
            let topics = Topics::of(&config.deployment);
            let bench = Self { log, config, topics };
            bench.seed();
            bench
        }

        fn seed(&self) {
            seed::seed(&*self.log, &self.config, &self.topics).unwrap();
        }

        fn hold(&self, policy: &str, held: bool) {
            let hold = v1::Hold { policy: policy.to_owned(), held, ..v1::Hold::default() };
            holds::put(&*self.log, &self.config, &self.topics, &hold).unwrap();
        }

        /// The records of each inbox partition since then; all have the same.
        fn records(&self, since: usize) -> Vec<String> {
            let partitions = scan::partitions(&*self.log, &self.topics.inbox).unwrap();
            let of = |partition| {
                let mut records = Vec::new();
                scan::each(&*self.log, partition, Offset::ZERO, |message| {
                    records.push(match v1::InboxRecord::from_bytes(message.value().unwrap()).unwrap().body {
                        Some(Body::Policy(policy)) => format!("{} {}", policy.name, policy.version),
                        Some(Body::Hold(hold)) => format!("hold {} {}", hold.policy, hold.held),
                        other => panic!("{other:?}"),
                    });
                    Ok(ControlFlow::Continue(()))
                })
                .unwrap();
                records.split_off(since)
            };
            let all: Vec<_> = partitions.iter().map(of).collect();
            assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{all:?}");
            all.into_iter().next().unwrap()
        }

        /// The lists as they are, but put into another inbox, or by a version that does not say.
        fn as_if_put_into(&self, inbox: Option<&str>) {
            for topic in [&self.topics.policies, &self.topics.holds] {
                let mut records = Vec::new();
                scan::each(&*self.log, &TopicPartition::new(topic.clone(), 0), Offset::ZERO, |message| {
                    records.push((message.key().unwrap().to_vec(), message.value().unwrap().to_vec()));
                    Ok(ControlFlow::Continue(()))
                })
                .unwrap();
                let mut writer = self.log.writer().unwrap();
                for (key, value) in &records {
                    let headers: Vec<(&str, &[u8])> =
                        inbox.iter().map(|id| (PUT_INTO, id.as_bytes())).collect();
                    let partition = Some(Partition(0));
                    let record = Append { headers: &headers, partition, ..Append::keyed(topic, key, value) };
                    writer.append(&record).unwrap();
                }
                writer.flush().unwrap();
            }
        }
    }

    #[test]
    fn an_inbox_that_was_made_anew_gets_what_stands_once_and_holds_first() {
        for inbox in [Some("another"), None] {
            let bench = Bench::new();
            bench.hold("default", true);
            bench.hold("", true);
            bench.hold("", false);
            assert_eq!(bench.records(0), ["default 1", "hold default true", "hold  true", "hold  false"]);
            bench.seed();
            assert!(bench.records(4).is_empty(), "this inbox has it");
            bench.as_if_put_into(inbox);
            bench.seed();
            assert_eq!(bench.records(4), ["hold default true", "default 1"], "what was let go does not come");
            bench.seed();
            assert!(bench.records(6).is_empty(), "it is known to have it");
        }
    }

    #[test]
    fn a_shadow_that_stands_comes_again_and_one_that_ended_does_not() {
        let bench = Bench::new();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("default.toml");
        std::fs::write(&file, format!("{}\n", policy_files::BUILT_IN)).unwrap();
        let (log, config, topics) = (&*bench.log, &bench.config, &bench.topics);
        let (name, _) = policies::apply_in_shadow(log, config, topics, &file).unwrap().unwrap();
        let again = |all| policies::put_again(log, config, topics, all).unwrap();
        assert_eq!(again(false), []);
        assert_eq!(again(true), [("default".to_owned(), 1), (name.clone(), 1)], "its own comes first");
        assert!(policies::end_shadow(log, config, topics, &name).unwrap());
        bench.as_if_put_into(Some("another"));
        assert_eq!(again(false), [("default".to_owned(), 1)]);
    }
}
