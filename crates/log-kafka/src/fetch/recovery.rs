//! Partitions that librdkafka does not read into the lane's queue, or not from where it should: how they are noticed and
//! read again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Message as _, Offset as KafkaOffset};
use winback_core::ids::Offset;
use winback_log::TopicPartition;

use super::super::classify::is_refusal;
use super::{Fetch, FetchError, RESTART, list};

/// A partition that librdkafka no longer reads, or not into our queue, or not from where it should: it is to be read
/// again from its position.
#[derive(Debug)]
pub(super) struct StuckPartition {
    partition: TopicPartition,
    refused_since: Option<Instant>,
}

pub(super) fn note(known: &mut Vec<StuckPartition>, partition: TopicPartition) {
    if known.iter().all(|stuck| stuck.partition != partition) {
        known.push(StuckPartition { partition, refused_since: None });
    }
}

impl Fetch {
    /// Reads a partition again from where it stands, at the next call of [`Fetch::serve`].
    pub(crate) fn restart(&mut self, partition: TopicPartition) {
        if let Some(tracked) = self.get_mut(&partition) {
            tracked.held = true;
        }
        note(&mut self.stuck, partition);
    }

    /// librdkafka ends an assignment in its own time, and the partition's forwarding with it, also where that was meant for
    /// the next assignment. That one would read into a queue that nobody takes from.
    pub(super) fn forward_silent(&mut self) {
        let now = Instant::now();
        if now < self.forward_at {
            return;
        }
        self.forward_at = now + RESTART;
        for silent in self.tracked.iter().filter(|tracked| !tracked.received) {
            self.queue.forward_again(&silent.partition);
        }
    }

    /// Serves what is not records: rebalances, logs, errors. Bounded, so that a flood of them starves nobody.
    pub(crate) fn serve(&mut self) -> Option<FetchError> {
        const AT_ONCE: usize = 8;
        for _ in 0..AT_ONCE {
            let stuck = match self.client.consumer.poll(Duration::ZERO) {
                None => continue,
                // What comes here should have come to our queue: librdkafka ended the forwarding when it ended an
                // earlier assignment of the same partition.
                Some(Ok(message)) => (Some(message.topic().to_owned()), message.partition()),
                Some(Err(KafkaError::PartitionEOF(partition))) => (None, partition),
                Some(Err(error)) => match group_error(&error) {
                    Some(fetch_error) => return Some(fetch_error),
                    None => continue,
                },
            };
            self.found_stuck(stuck.0.as_deref(), stuck.1);
        }
        self.restart_stuck()
    }

    fn found_stuck(&mut self, topic: Option<&str>, number: i32) {
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

    fn restart_stuck(&mut self) -> Option<FetchError> {
        // While a rebalance is unanswered, librdkafka would take any assignment for the answer.
        if self.stuck.is_empty() || self.consumer().context().is_unanswered() {
            return None;
        }
        let mut fetch_error = None;
        for StuckPartition { partition, refused_since } in std::mem::take(&mut self.stuck) {
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
            if since.elapsed() >= self.refusal_timeout {
                fetch_error = Some(FetchError::Stuck(partition.clone(), error));
            }
            if let Some(tracked) = self.get_mut(&partition) {
                tracked.held = true;
            }
            self.stuck.push(StuckPartition { partition, refused_since: Some(since) });
        }
        fetch_error
    }

    /// Assigns a partition anew: librdkafka cannot move one that it stopped reading.
    fn assign_again(&mut self, partition: &TopicPartition) -> Result<(), KafkaError> {
        let client = Arc::clone(&self.client);
        let consumer = &client.consumer;
        consumer.incremental_unassign(&list([(partition, KafkaOffset::Invalid)])?)?;
        self.queue.forward(partition);
        let position = self.get(partition).map_or(0, |tracked| tracked.position);
        consumer.incremental_assign(&list([(partition, KafkaOffset::Offset(position))])?)?;
        if let Some(tracked) = self.tracked.iter_mut().find(|tracked| tracked.partition == *partition) {
            (tracked.held, tracked.at_end, tracked.received) = (false, false, false);
        }
        let paused = self.tracked.iter().filter(|tracked| tracked.paused);
        consumer.pause(&list(paused.map(|tracked| (&tracked.partition, KafkaOffset::Invalid)))?)
    }
}

fn group_error(error: &KafkaError) -> Option<FetchError> {
    let code = error.rdkafka_error_code()?;
    let fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    (fatal || is_refusal(code)).then(|| FetchError::Error(code, "the consumer group".to_owned()))
}
