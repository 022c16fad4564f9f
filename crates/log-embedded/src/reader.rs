//! Reads chosen partitions without a group.

use std::sync::Arc;
use std::time::{Duration, Instant};

use winback_core::ids::Offset;
use winback_log::{LogError, Message, Reader, TopicPartition};

use super::Shared;
use super::cursor::{Cursor, Cursors, Outside};
use super::faults::Fault;
use super::storage::View;

pub(super) struct EmbeddedReader {
    shared: Arc<Shared>,
    view: Box<dyn View>,
    cursors: Cursors,
}

impl EmbeddedReader {
    pub(super) fn new(shared: Arc<Shared>, view: Box<dyn View>) -> Self {
        Self { shared, view, cursors: Cursors::new(Outside::Wait) }
    }
}

impl Reader for EmbeddedReader {
    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<(), LogError> {
        let mut topics: Vec<Arc<str>> = Vec::new();
        self.cursors.clear();
        for (at, next) in starts {
            let topic = topics.iter().position(|topic| *topic == at.topic).unwrap_or_else(|| {
                topics.push(Arc::clone(&at.topic));
                topics.len() - 1
            });
            let topic = u16::try_from(topic)
                .map_err(|_| LogError::Config("a reader takes at most 65,536 topics".to_owned()))?;
            let slot = self.shared.slot(at)?;
            let end = self.view.bounds(slot)?.end;
            let (at, next) = (at.clone(), *next);
            self.cursors.insert(Cursor { at, slot, topic, epoch: 0, next, end, paused: false });
        }
        Ok(())
    }

    fn poll(&mut self, max: usize, wait: Duration, into: &mut Vec<Message>) -> Result<(), LogError> {
        if self.shared.faults.take("", &[Fault::ReadFails]).is_some() {
            return Err(self.shared.asked_to_be_away());
        }
        let deadline = Instant::now() + wait;
        loop {
            let seen = self.shared.wake.count();
            let delivered = self.cursors.deliver(self.view.as_mut(), max, into)?;
            if delivered > 0 || !self.shared.waits || Instant::now() >= deadline {
                return Ok(());
            }
            self.shared.wake.wait(seen, deadline, self.shared.storage.longest_wait());
        }
    }

    fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.cursors.get(partition).map(|cursor| cursor.next)
    }

    fn end_offsets(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        partitions.iter().map(|at| Ok(self.view.bounds(self.shared.slot(at)?)?.end)).collect()
    }

    fn beginnings(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        partitions.iter().map(|at| Ok(self.view.bounds(self.shared.slot(at)?)?.beginning)).collect()
    }

    fn committed(
        &mut self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Offset>>, LogError> {
        let committed = |at: &TopicPartition| {
            let slot = self.shared.slot(at)?;
            self.shared.check_stable(group, slot)?;
            self.view.committed(group, slot)
        };
        partitions.iter().map(committed).collect()
    }
}
