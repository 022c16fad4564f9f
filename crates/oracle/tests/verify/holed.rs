//! A log in which one record is not there: what a lost record looks like to a reader.

use std::sync::Arc;
use std::time::Duration;

use winback_core::ids::Offset;
use winback_log::{
    Log, LogAdmin, LogError, Message, Reader, Session, SessionSpec, SharedLog, TopicPartition, Writer,
};

pub(crate) struct Holed {
    pub(crate) log: SharedLog,
    pub(crate) gone: (TopicPartition, Offset),
}

impl Log for Holed {
    fn name(&self) -> String {
        self.log.name()
    }
    fn session(&self, spec: SessionSpec) -> Result<Box<dyn Session>, LogError> {
        self.log.session(spec)
    }
    fn reader(&self) -> Result<Box<dyn Reader>, LogError> {
        let reader = self.log.reader()?;
        Ok(Box::new(HoledReader { reader, gone: self.gone.clone(), topics: Vec::new() }))
    }
    fn writer(&self) -> Result<Box<dyn Writer>, LogError> {
        self.log.writer()
    }
    fn admin(&self) -> &dyn LogAdmin {
        self.log.admin()
    }
    fn is_shared(&self) -> bool {
        self.log.is_shared()
    }
}

struct HoledReader {
    reader: Box<dyn Reader>,
    gone: (TopicPartition, Offset),
    topics: Vec<Arc<str>>,
}

impl Reader for HoledReader {
    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<(), LogError> {
        self.topics.clear();
        for (partition, _) in starts {
            if !self.topics.contains(&partition.topic) {
                self.topics.push(partition.topic.clone());
            }
        }
        self.reader.assign(starts)
    }

    fn poll(&mut self, max: usize, wait: Duration, into: &mut Vec<Message>) -> Result<(), LogError> {
        self.reader.poll(max, wait, into)?;
        let (partition, offset) = &self.gone;
        into.retain(|message| {
            let topic = &self.topics[usize::from(message.topic)];
            *topic != partition.topic || message.partition != partition.partition || message.offset != *offset
        });
        Ok(())
    }

    fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.reader.position(partition)
    }

    fn end_offsets(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.reader.end_offsets(partitions)
    }

    fn beginnings(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.reader.beginnings(partitions)
    }

    fn committed(
        &mut self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Offset>>, LogError> {
        self.reader.committed(group, partitions)
    }
}
