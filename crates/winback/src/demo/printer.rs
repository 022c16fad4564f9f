//! Follows triggers and actions, and tells each trigger with what was done about it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use winback_core::ids::Offset;
use winback_deployment::topics::Topics;
use winback_log::{LogError, Message, Reader, SharedLog, TopicPartition};
use winback_proto::{WireMessage, v1};
use winback_show as show;

/// The time a trigger waits for its action before it is printed without it.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
const BATCH: usize = 500;

/// Tells triggers as a person would want to read them.
pub(crate) struct Printer {
    reader: Box<dyn Reader>,
    messages: Vec<Message>,
    waiting: Vec<(Instant, v1::Trigger)>,
    actions: HashMap<String, v1::Action>,
}

impl Printer {
    /// Follows the deployment's triggers from the first.
    ///
    /// # Errors
    /// When the log is away or the topics are not there.
    pub(crate) fn new(log: &SharedLog, topics: &Topics) -> Result<Self, LogError> {
        let mut starts = Vec::new();
        for topic in [&topics.triggers, &topics.actions] {
            let info = log.describe(&[topic])?.into_iter().next().flatten();
            let info = info.ok_or_else(|| LogError::NoTopic(topic.to_string()))?;
            starts.extend(
                (0..info.spec.partitions).map(|at| (TopicPartition::new(topic.clone(), at), Offset::ZERO)),
            );
        }
        let mut reader = log.reader()?;
        reader.assign(&starts)?;
        Ok(Self { reader, messages: Vec::new(), waiting: Vec::new(), actions: HashMap::new() })
    }

    /// The triggers to print now. Waits at most `wait` for a new one.
    ///
    /// # Errors
    /// If the log is unavailable.
    pub(crate) fn due(&mut self, wait: Duration) -> Result<Vec<String>, LogError> {
        self.reader.poll(BATCH, wait, &mut self.messages)?;
        for message in std::mem::take(&mut self.messages) {
            self.take(&message);
        }
        let now = Instant::now();
        let mut due = Vec::new();
        let mut waiting = Vec::new();
        for (since, trigger) in std::mem::take(&mut self.waiting) {
            match self.actions.remove(&trigger.id) {
                Some(action) => due.push(show::trigger(&trigger, Some(&action))),
                None if now.duration_since(since) > LONGEST_WAIT => due.push(show::trigger(&trigger, None)),
                None => waiting.push((since, trigger)),
            }
        }
        self.waiting = waiting;
        Ok(due)
    }

    /// Triggers and actions are told apart by their headers; the topic's number counts partitions' topics, too.
    fn take(&mut self, message: &Message) {
        let kind = message.header("ce_type");
        let value = message.value().unwrap_or_default();
        if kind.as_deref() == Some(b"winback.trigger.v1") {
            if let Ok(trigger) = v1::Trigger::from_bytes(value) {
                self.waiting.push((Instant::now(), trigger));
            }
        } else if let Ok(action) = v1::Action::from_bytes(value) {
            self.actions.insert(action.trigger_id.clone(), action);
        }
    }
}
