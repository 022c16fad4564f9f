//! Partitions that librdkafka does not read into the lane's queue, or not from where it should: how they are noticed and
//! read again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Message as _, Offset as KafkaOffset};
use winback_core::ids::Offset;

use super::super::classify::is_refusal;
use super::super::options::GroupProtocol;
use super::{Fetch, RESTART, Trouble, list};
use crate::TopicPartition;

/// A partition that librdkafka no longer reads, or not into our queue, or not from where it should: it is to be read
/// again from its position.
#[derive(Debug)]
pub(super) struct Stray {
    partition: TopicPartition,
    refused_since: Option<Instant>,
}

pub(super) fn note(known: &mut Vec<Stray>, partition: TopicPartition) {
    if known.iter().all(|stray| stray.partition != partition) {
        known.push(Stray { partition, refused_since: None });
    }
}

impl Fetch {
    /// Reads a partition again from where it stands, at the next call of [`Fetch::serve`].
    pub(in crate::kafka) fn restart(&mut self, partition: TopicPartition) {
        if let Some(tracked) = self.get_mut(&partition) {
            tracked.held = true;
        }
        note(&mut self.stray, partition);
    }

    /// librdkafka ends an assignment in its own time, and the partition's forwarding with it, also where that was meant for
    /// the next assignment. That one would read into a queue that nobody takes from.
    pub(super) fn forward_unheard(&mut self) {
        let now = Instant::now();
        if now < self.forward_at {
            return;
        }
        self.forward_at = now + RESTART;
        for unheard in self.tracked.iter().filter(|tracked| !tracked.heard) {
            self.queue.forward_again(&unheard.partition);
        }
    }

    /// Serves what is not records: rebalances, logs, errors. Bounded, so that a flood of them starves nobody.
    pub(in crate::kafka) fn serve(&mut self) -> Option<Trouble> {
        const AT_ONCE: usize = 8;
        for _ in 0..AT_ONCE {
            let stray = match self.client.consumer.poll(Duration::ZERO) {
                None => continue,
                // What comes here should have come to our queue: librdkafka ended the forwarding when it ended an
                // earlier assignment of the same partition.
                Some(Ok(message)) => (Some(message.topic().to_owned()), message.partition()),
                Some(Err(KafkaError::PartitionEOF(partition))) => (None, partition),
                Some(Err(error)) => match group_trouble(&error) {
                    Some(trouble) => return Some(trouble),
                    None => continue,
                },
            };
            self.found_stray(stray.0.as_deref(), stray.1);
        }
        self.restart_stray()
    }

    fn found_stray(&mut self, topic: Option<&str>, number: i32) {
        let is_it = |partition: &TopicPartition| {
            partition.partition.0 == number && topic.is_none_or(|topic| topic == &*partition.topic)
        };
        let found: Vec<_> = self
            .tracked
            .iter()
            .map(|tracked| &tracked.partition)
            .filter(|known| is_it(known))
            .cloned()
            .collect();
        for partition in found {
            tracing::debug!(%partition, "its records came to another queue; it is read again");
            self.restart(partition);
        }
    }

    fn restart_stray(&mut self) -> Option<Trouble> {
        // While a rebalance is unanswered, librdkafka would take any assignment for the answer.
        if self.stray.is_empty() || self.consumer().context().is_unanswered() {
            return None;
        }
        let mut trouble = None;
        for Stray { partition, refused_since } in std::mem::take(&mut self.stray) {
            let Some(tracked) = self.get(&partition) else { continue };
            let (position, unplaced) = (Offset(tracked.position), tracked.unplaced);
            self.queue.forward(&partition);
            if unplaced {
                continue;
            }
            let restarted =
                self.try_seek(&partition, position, RESTART).or_else(|_| self.assign_again(&partition));
            let Err(error) = restarted else { continue };
            tracing::debug!(%partition, %error, "it cannot be read again just now");
            let since = refused_since.unwrap_or_else(Instant::now);
            if since.elapsed() >= self.patience {
                trouble = Some(Trouble::Stuck(partition.clone(), error));
            }
            if let Some(tracked) = self.get_mut(&partition) {
                tracked.held = true;
            }
            self.stray.push(Stray { partition, refused_since: Some(since) });
        }
        trouble
    }

    /// Assigns a partition anew: librdkafka cannot move one that it stopped reading.
    fn assign_again(&mut self, partition: &TopicPartition) -> Result<(), KafkaError> {
        let client = Arc::clone(&self.client);
        let consumer = &client.consumer;
        match self.protocol {
            GroupProtocol::Eager => {
                consumer.unassign()?;
                for tracked in &self.tracked {
                    self.queue.forward(&tracked.partition);
                }
                self.assign_all()?;
                for tracked in &mut self.tracked {
                    (tracked.held, tracked.at_end) = (tracked.unplaced, false);
                }
            }
            GroupProtocol::Cooperative | GroupProtocol::Consumer => {
                consumer.incremental_unassign(&list([(partition, KafkaOffset::Invalid)])?)?;
                self.queue.forward(partition);
                let position = self.get(partition).map_or(0, |tracked| tracked.position);
                consumer.incremental_assign(&list([(partition, KafkaOffset::Offset(position))])?)?;
                if let Some(tracked) = self.tracked.iter_mut().find(|tracked| tracked.partition == *partition)
                {
                    (tracked.held, tracked.at_end, tracked.heard) = (false, false, false);
                }
            }
        }
        let paused = self.tracked.iter().filter(|tracked| tracked.paused);
        consumer.pause(&list(paused.map(|tracked| (&tracked.partition, KafkaOffset::Invalid)))?)
    }
}

fn group_trouble(error: &KafkaError) -> Option<Trouble> {
    let code = error.rdkafka_error_code()?;
    let fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    (fatal || is_refusal(code)).then(|| Trouble::Error(code, "the consumer group".to_owned()))
}
