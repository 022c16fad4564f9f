//! Follows the topic of answers for the worker: read to its end before the first trigger is judged, live after.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use winback_core::ids::Offset;
use winback_log::{LogError, Message, Reader, TopicPartition};
use winback_proto::{WireMessage, v1};
use winback_worker::Answers;

use super::Shared;

const BATCH: usize = 4_096;

/// The answers, and whether all that were there at the start are known.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) answers: Answers,
    ready: Mutex<bool>,
}

impl Known {
    /// What the worker waits for, `None` when nothing is missing.
    pub(super) fn waits_for(&self) -> Option<String> {
        (!*self.ready.lock()).then(|| "reading what accounts have answered".to_owned())
    }
}

/// Reads the topic.
pub(super) struct AnswerFeed {
    reader: Box<dyn Reader>,
    goal: Vec<(TopicPartition, Offset)>,
    known: Arc<Known>,
    messages: Vec<Message>,
}

impl AnswerFeed {
    /// From its beginning.
    pub(super) fn new(shared: &Shared, known: Arc<Known>) -> Result<Self, LogError> {
        let topic = &shared.topics.answers;
        let info = shared.log.describe(&[topic])?.into_iter().next().flatten();
        let info = info.ok_or_else(|| LogError::NoTopic(topic.to_string()))?;
        let partitions: Vec<_> =
            (0..info.spec.partitions).map(|at| TopicPartition::new(topic.clone(), at)).collect();
        let mut reader = shared.log.reader()?;
        let ends = reader.ends(&partitions)?;
        let starts: Vec<_> = partitions.iter().map(|partition| (partition.clone(), Offset::ZERO)).collect();
        reader.assign(&starts)?;
        Ok(Self { reader, goal: partitions.into_iter().zip(ends).collect(), known, messages: Vec::new() })
    }

    /// Takes in what is there, waiting at most `wait`.
    pub(super) fn turn(&mut self, wait: Duration) -> Result<(), LogError> {
        self.reader.poll(BATCH, wait, &mut self.messages)?;
        for message in self.messages.drain(..) {
            let Some(value) = message.value() else { continue };
            let understood = v1::Response::from_bytes(value).is_ok_and(|wire| self.known.answers.apply(wire));
            if !understood {
                let (partition, offset) = (message.partition.0, message.offset.0);
                tracing::warn!(
                    partition,
                    offset,
                    "an answer is not understood: where a newer winback wrote it, run that version of the worker"
                );
            }
        }
        let position = |partition| self.reader.position(partition).unwrap_or(Offset::ZERO);
        if self.goal.iter().all(|(partition, end)| *end == Offset::ZERO || position(partition) >= *end) {
            *self.known.ready.lock() = true;
        }
        Ok(())
    }
}
