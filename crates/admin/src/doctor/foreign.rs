//! All internal topics, read to their ends through the decoders of their readers.

use std::ops::ControlFlow;
use std::sync::Arc;

use winback_core::ids::Offset;
use winback_deployment::scan;
use winback_deployment::topics::Topics;
use winback_log::{ForeignRecord, ForeignRecords, Log, Message, TopicPartition};
use winback_proto::{WireMessage as _, v1};
use winback_service::Kept;

/// What the topics hold that winback cannot read.
#[derive(Debug, Default)]
pub struct Found {
    /// Records of compacted topics that no later one of their key replaced.
    pub foreign: Vec<(Kept, ForeignRecord)>,
    /// Topics that are not compacted: what cannot be read of them is passed, and goes with their retention.
    pub passed: Vec<Passed>,
}

/// Records of a topic whose readers pass what they cannot read.
#[derive(Debug)]
pub struct Passed {
    /// The topic.
    pub topic: Arc<str>,
    /// The number of records.
    pub records: u64,
    /// The place of the first, and what is wrong with it.
    pub first: String,
}

/// Reads everything.
///
/// # Errors
/// When the log is away.
pub fn scan(log: &dyn Log, topics: &Topics) -> anyhow::Result<Found> {
    let mut found = Found::default();
    for kept in Kept::ALL {
        let records = foreign(log, topics, kept)?;
        found.foreign.extend(records.iter().map(|record| (kept, record.clone())));
    }
    let all = [
        &topics.inbox,
        &topics.triggers,
        &topics.shadow_triggers,
        &topics.decisions,
        &topics.actions,
        &topics.dead_letters,
    ];
    for topic in all {
        found.passed.extend(passed(log, topics, topic)?);
    }
    Ok(found)
}

/// The partitions of a topic; none where it is not there.
fn partitions(log: &dyn Log, topic: &Arc<str>) -> anyhow::Result<Vec<TopicPartition>> {
    let info = log.describe(&[topic])?.into_iter().flatten().next();
    let count = info.map_or(0, |info| info.spec.partitions);
    Ok((0..count).map(|number| TopicPartition::new(topic.clone(), number)).collect())
}

fn foreign(log: &dyn Log, topics: &Topics, kept: Kept) -> anyhow::Result<ForeignRecords> {
    let mut foreign = ForeignRecords::default();
    let all = partitions(log, kept.topic(topics))?;
    let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
    for partition in &all {
        scan::each(log, partition, Offset::ZERO, |message| {
            let key = message.key().unwrap_or_default();
            let read = kept.check(key, message.value(), message.partition, count);
            foreign.see(partition, message.offset, key, &read);
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(foreign)
}

fn passed(log: &dyn Log, topics: &Topics, topic: &Arc<str>) -> anyhow::Result<Option<Passed>> {
    let mut passed: Option<Passed> = None;
    let all = partitions(log, topic)?;
    let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
    for partition in &all {
        scan::each(log, partition, Offset::ZERO, |message| {
            if let Some(why) = unreadable(topics, topic, message, count) {
                let first =
                    || format!("{partition}@{}: {}", message.offset, winback_log::Unreadable::value(why));
                passed
                    .get_or_insert_with(|| Passed { topic: topic.clone(), records: 0, first: first() })
                    .records += 1;
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(passed)
}

fn unreadable(topics: &Topics, topic: &Arc<str>, message: &Message, partitions: i32) -> Option<String> {
    let value = message.value().unwrap_or_default();
    if *topic == topics.inbox {
        return winback_oracle::read(message, partitions).err().map(|why| why.to_string());
    }
    let read = if *topic == topics.triggers || *topic == topics.shadow_triggers {
        v1::Trigger::from_bytes(value).map(drop)
    } else if *topic == topics.decisions {
        v1::Decision::from_bytes(value).map(drop)
    } else if *topic == topics.actions {
        v1::Action::from_bytes(value).map(drop)
    } else {
        v1::DeadLetter::from_bytes(value).map(drop)
    };
    read.err().map(|why| why.to_string())
}

/// The newest record of the same key before a foreign one that can be read, where the log still has it.
///
/// # Errors
/// When the log is away.
pub(super) fn before(
    log: &dyn Log,
    kept: Kept,
    record: &ForeignRecord,
    partitions: i32,
) -> anyhow::Result<Option<Option<Vec<u8>>>> {
    let mut newest = None;
    scan::each(log, &record.partition, Offset::ZERO, |message| {
        if message.offset >= record.offset {
            return Ok(ControlFlow::Break(()));
        }
        let key = message.key().unwrap_or_default();
        if key == record.key && kept.check(key, message.value(), message.partition, partitions).is_ok() {
            newest = Some(message.value().map(<[u8]>::to_vec));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(newest)
}
