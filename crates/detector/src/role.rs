//! A lane of the detector.

use winback_core::debounce::{Body, Edge, Effect, Note, Partition, shadow};
use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_lane::{
    At, DeadLetter, Input, Output, RestoreError, Role, Row, Start, Step, StoredPosition, Urgency, View,
};
use winback_log::{Defect, ForeignRecords, Message, TopicPartition};
use winback_proto::envelope::{TRACEPARENT, passed_on};

use crate::emit::{Cause, DetectorTopics};
use crate::metrics::{DetectorMetrics, Tally};
use crate::read::read;
use crate::restore::{self, Changelog};

/// The role of a detector lane.
pub struct DetectorRole {
    topics: DetectorTopics,
    metrics: DetectorMetrics,
    partitions: Vec<Option<Partition>>,
    /// By slot: records of the changelog that cannot be read.
    foreign: Vec<ForeignRecords>,
    effects: Vec<Effect>,
    running: Tally,
    urgency: Urgency,
    /// What the lane's clock said when the last transaction was in the log.
    committed_at: Time,
}

impl DetectorRole {
    /// A lane that writes to those topics.
    pub fn new(topics: DetectorTopics, metrics: DetectorMetrics) -> Self {
        let running = Tally::default();
        let (partitions, foreign, effects) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            topics,
            metrics,
            partitions,
            foreign,
            effects,
            running,
            urgency: Urgency::Lazy,
            committed_at: Time::MIN,
        }
    }

    fn partition(&mut self, input: &Input) -> Option<&mut Partition> {
        self.partitions.get_mut(input.slot)?.as_mut()
    }

    fn emit(&mut self, body: &Body, due: u64, cause: &Cause, out: &mut Output) {
        let arrived = if let Body::Signal(signal) = body { Some(signal.append_time) } else { None };
        let effects = std::mem::take(&mut self.effects);
        for effect in &effects {
            match effect {
                Effect::Trigger(fired) => {
                    let waits = matches!(fired.edge, Edge::Leading | Edge::Escalation)
                        && !shadow::is_shadow(fired.policy.as_str());
                    self.urgency = self.urgency.max(if waits { Urgency::Now } else { Urgency::Soon });
                    self.running.trigger(fired, arrived);
                    self.topics.trigger(fired, cause, out);
                }
                Effect::Decision(made) => {
                    self.urgency = self.urgency.max(Urgency::Soon);
                    self.running.decision(made);
                    self.topics.decision(made, cause, out);
                }
                Effect::DeadLetter { reason, text } => {
                    if arrived.is_some() {
                        self.running.due -= due;
                    }
                    out.dead(dead(reason.as_str(), text.clone()));
                }
                Effect::Note(note) => told(note, cause),
            }
        }
        self.effects = effects;
        self.effects.clear();
    }
}

fn dead(reason: &'static str, text: String) -> DeadLetter {
    DeadLetter { source: String::new(), element: None, reason, text }
}

fn told(note: &Note, cause: &Cause) {
    let partition = cause.partition.0;
    match note {
        Note::LeftOut(input) => tracing::warn!(
            %input, partition,
            "an input has not moved for ten minutes while others did: the clock no longer waits for it"
        ),
        Note::Retired(input) => tracing::info!(
            %input,
            partition,
            "the config no longer names an input: the clock does not wait for it"
        ),
        Note::TooOld(source, id) => {
            tracing::warn!(source, id, partition, "an event is too old to be told to anybody");
        }
        Note::Counts(input) => tracing::debug!(%input, partition, "the clock waits for an input"),
        Note::Held(policy, held) => {
            let policy = policy.as_ref().map_or("all", |policy| policy.as_str());
            if *held {
                tracing::warn!(policy, partition, "an operator holds starting triggers");
            } else {
                tracing::warn!(policy, partition, "an operator let starting triggers go");
            }
        }
    }
}

impl Role for DetectorRole {
    fn name(&self) -> &'static str {
        "detector"
    }

    fn start(&mut self, _: &TopicPartition) -> Start {
        Start::Earliest
    }

    fn changelog(&self, input: &TopicPartition) -> Option<TopicPartition> {
        Some(TopicPartition { topic: self.topics.changelog.clone(), partition: input.partition })
    }

    fn assigned(&mut self, input: &Input) {
        if self.partitions.len() <= input.slot {
            self.partitions.resize_with(input.slot + 1, || None);
            self.foreign.resize_with(input.slot + 1, ForeignRecords::default);
        }
        self.partitions[input.slot] = Some(Partition::default());
        self.foreign[input.slot] = ForeignRecords::default();
    }

    fn restore(&mut self, input: &Input, rows: &[Row<'_>]) -> Result<(), RestoreError> {
        let from = Changelog {
            partition: TopicPartition { topic: self.topics.changelog.clone(), ..input.partition.clone() },
            partitions: self.topics.inbox_partitions,
        };
        let partition = self.partitions.get_mut(input.slot).and_then(Option::as_mut);
        if let (Some(partition), Some(foreign)) = (partition, self.foreign.get_mut(input.slot)) {
            restore::load(partition, rows, &from, foreign);
        }
        Ok(())
    }

    /// Of any kind: a key that this version does not know may be one that a newer version wrote.
    fn unreadable(&self, input: &Input) -> Option<RestoreError> {
        let found = self.foreign.get(input.slot)?.first(&[Defect::Key, Defect::Partition, Defect::Value])?;
        Some(RestoreError { offset: found.offset, why: found.unreadable.to_string() })
    }

    fn history_needed(&self) -> Option<&'static str> {
        Some("policies, holds, accounts and erasures")
    }

    fn missing(&self) -> Option<String> {
        let partitions = self.partitions.iter().flatten();
        let without = partitions.filter(|partition| partition.policies().next().is_none()).count();
        (without > 0).then(|| {
            format!(
                "no policy is in force in {without} of the inbox's partitions, and signals there start nothing: \
                 `winback policy apply FILE` puts one in"
            )
        })
    }

    fn restored(&mut self, input: &Input) -> StoredPosition {
        let next = self.partition(input).and_then(|partition| partition.next_offset());
        next.map_or(StoredPosition::None, StoredPosition::At)
    }

    fn step(&mut self, at: At<'_>, message: &Message, out: &mut Output) -> Step {
        let input = match read(message, self.topics.inbox_partitions) {
            Ok(input) => input,
            Err(why) => {
                self.urgency = Urgency::Soon;
                out.dead(dead(why.reason(), why.to_string()));
                return Step::Done;
            }
        };
        let mut effects = std::mem::take(&mut self.effects);
        let mut due = 0;
        if let Some(partition) = self.partition(at.input) {
            due = partition.decisions_a_signal() as u64;
            let before = partition.counts();
            partition.step(&input, &mut effects);
            let counts = partition.counts();
            self.running.made += counts.made_since(before);
            self.running.due += counts.decisions_since(before, due);
        }
        self.effects = effects;
        if matches!(input.body, Body::Signal(_)) {
            self.running.due += due;
        }
        let trace = message.header(TRACEPARENT).and_then(|trace| passed_on(&trace));
        let cause = Cause { partition: message.partition, offset: message.offset, trace };
        self.emit(&input.body, due, &cause, out);
        Step::Done
    }

    fn seal(&mut self, view: &View<'_>, out: &mut Output) {
        for input in view.inputs {
            let moved = input.committed != Some(input.position);
            let Some(partition) = self.partitions.get_mut(input.input.slot).and_then(Option::as_mut) else {
                continue;
            };
            if moved {
                partition.passed(Offset(input.position.0));
            }
            self.topics.changes(partition, input.input.partition.partition, out);
        }
    }

    fn committed_at(&mut self, now: Time) {
        self.committed_at = now;
    }

    fn committed(&mut self) {
        self.partitions.iter_mut().flatten().for_each(Partition::commit);
        let tally = std::mem::take(&mut self.running);
        self.urgency = Urgency::Lazy;
        self.metrics.add(&tally, self.committed_at);
        self.metrics.stand(self.partitions.iter().flatten());
    }

    fn rolled_back(&mut self) {
        self.partitions.iter_mut().flatten().for_each(Partition::rollback);
        self.running = Tally::default();
        self.urgency = Urgency::Lazy;
    }

    fn writes_for_others(&self) -> bool {
        true
    }

    fn released(&mut self, input: &Input) {
        if let Some(partition) = self.partitions.get_mut(input.slot) {
            *partition = None;
        }
        self.metrics.stand(self.partitions.iter().flatten());
    }

    fn urgency(&self) -> Urgency {
        self.urgency
    }
}
