//! Follows the topic of answers for the worker: read to its end before the first trigger is judged, live after.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use winback_core::ids::Offset;
use winback_log::{Defect, ForeignRecords, LogError, Message, Reader, TopicPartition};
use winback_worker::{Answers, read_answer};

use super::Shared;

const BATCH: usize = 4_096;

/// The answers, and whether all that were there at the start are known.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) answers: Answers,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    ready: bool,
    foreign: ForeignRecords,
    /// The record that was there at the start and cannot be read.
    incomplete: Option<String>,
}

impl Known {
    /// What the worker waits for, `None` when nothing is missing. An answer that cannot be read may be a no: nothing is
    /// sent while there is one.
    pub(super) fn waits_for(&self) -> Option<String> {
        let seen = self.seen.lock();
        if !seen.ready {
            return Some("reading what accounts have answered".to_owned());
        }
        let record = seen.foreign.first(&[Defect::Value])?;
        Some(format!(
            "an answer cannot be read, and may be a no: {record}; stop the members and run `winback topics doctor`"
        ))
    }

    /// Records of the topic that cannot be read and that no later one replaced.
    pub(super) fn foreign(&self) -> ForeignRecords {
        self.seen.lock().foreign.clone()
    }

    /// The record without which not all answers are known, when there is one.
    pub(super) fn incomplete(&self) -> Option<String> {
        self.seen.lock().incomplete.clone()
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
        let ends = reader.end_offsets(&partitions)?;
        let starts: Vec<_> = partitions.iter().map(|partition| (partition.clone(), Offset::ZERO)).collect();
        reader.assign(&starts)?;
        Ok(Self { reader, goal: partitions.into_iter().zip(ends).collect(), known, messages: Vec::new() })
    }

    /// Takes in what is there, waiting at most `wait`.
    pub(super) fn turn(&mut self, wait: Duration) -> Result<(), LogError> {
        self.reader.poll(BATCH, wait, &mut self.messages)?;
        let partitions = i32::try_from(self.goal.len()).unwrap_or(i32::MAX);
        let mut seen = self.known.seen.lock();
        for message in self.messages.drain(..) {
            let place = usize::try_from(message.partition.0).ok().and_then(|number| self.goal.get(number));
            let Some((place, _)) = place else { continue };
            let key = message.key().unwrap_or_default();
            let read = read_answer(key, message.value(), message.partition, partitions);
            seen.foreign.see(place, message.offset, key, &read);
            match read {
                Ok(Some(answer)) => drop(self.known.answers.apply(answer)),
                Ok(None) => {}
                Err(why) => {
                    tracing::warn!(%place, offset = message.offset.0, %why, "an answer cannot be read");
                }
            }
        }
        let position = |partition| self.reader.position(partition).unwrap_or(Offset::ZERO);
        let reached =
            self.goal.iter().all(|(partition, end)| *end == Offset::ZERO || position(partition) >= *end);
        if reached && !seen.ready {
            seen.incomplete = seen.foreign.first(&[Defect::Value]).map(ToString::to_string);
            seen.ready = seen.incomplete.is_none();
        }
        Ok(())
    }
}
