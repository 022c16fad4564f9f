//! The content of a log, read without the binary.

use std::time::Duration;

use winback_core::ids::Offset;
use winback_log::{Message, SharedLog, TopicPartition};

use super::{Deployment, eventually};

const LONGEST: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

fn partitions(log: &SharedLog, topic: &str) -> Vec<TopicPartition> {
    let info = log.describe(&[topic]).unwrap().into_iter().next().flatten();
    let count = info.map_or(0, |info| info.spec.partitions);
    (0..count).map(|at| TopicPartition::new(topic, at)).collect()
}

/// Every record of a topic, each partition's in order; none where it is not there.
pub(crate) fn messages(log: &SharedLog, topic: &str) -> Vec<Message> {
    let partitions = partitions(log, topic);
    let mut reader = log.reader().unwrap();
    let starts: Vec<_> = partitions.iter().map(|at| (at.clone(), Offset::ZERO)).collect();
    reader.assign(&starts).unwrap();
    let ends = reader.end_offsets(&partitions).unwrap();
    let mut read = Vec::new();
    eventually(&format!("{topic} is read to its end"), LONGEST, || {
        let at_end =
            |(at, end): (&TopicPartition, &Offset)| *end == Offset::ZERO || reader.position(at) >= Some(*end);
        let done = partitions.iter().zip(&ends).all(at_end);
        if !done {
            reader.poll(4_096, POLL, &mut read).unwrap();
        }
        done.then_some(())
    });
    read
}

/// Every record of one of a deployment's own topics.
pub(crate) fn messages_of(deployment: &Deployment, topic: &str) -> Vec<Message> {
    messages(&deployment.log(), &deployment.own(topic))
}

/// The sum of a topic's ends: it rises with every record.
pub(crate) fn end_of(log: &SharedLog, topic: &str) -> i64 {
    let partitions = partitions(log, topic);
    let ends = log.reader().unwrap().end_offsets(&partitions).unwrap();
    ends.iter().map(|end| end.0).sum()
}
