//! The log that a deployment moves to: that it is empty, or what an earlier attempt left in it.

use std::ops::ControlFlow;
use std::sync::Arc;

use winback_core::ids::{Offset, Partition};
use winback_deployment::{Context, scan};
use winback_log::{Append, Log, TopicPartition};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage as _, v1};

/// The contents of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Nothing of this deployment.
    Empty,
    /// A move that was begun and is not complete.
    Begun(v1::Moved),
    /// A move that is complete, or a deployment that began here.
    Taken(Option<v1::Moved>),
}

/// Looks at a log; the inbox tells.
///
/// # Errors
/// When the log is away.
pub fn look(log: &dyn Log, inbox: &Arc<str>) -> anyhow::Result<Target> {
    let info = log.describe(&[inbox])?.into_iter().flatten().next();
    let partitions: Vec<TopicPartition> = (0..info.map_or(0, |info| info.spec.partitions))
        .map(|at| TopicPartition::new(Arc::clone(inbox), at))
        .collect();
    if partitions.is_empty() {
        return Ok(Target::Empty);
    }
    let ends = log.reader()?.end_offsets(&partitions)?;
    if ends.iter().all(|end| *end == Offset::ZERO) {
        return Ok(Target::Empty);
    }
    // Markers go to the partitions in their order, the first ones first and the last ones last.
    let (mut first, mut complete) = (None, false);
    let last = partitions.last().unwrap_or(&partitions[0]);
    for partition in [&partitions[0], last] {
        scan::each(log, partition, Offset::ZERO, |message| {
            let record = message.value().map(v1::InboxRecord::from_bytes).transpose()?;
            match record.and_then(|record| record.body) {
                Some(Body::Moved(moved)) if moved.complete => {
                    complete |= partition == last;
                    first.get_or_insert(moved);
                }
                Some(Body::Moved(moved)) => drop(first.get_or_insert(moved)),
                Some(Body::Carried(_)) => {}
                // A deployment that runs: what was moved stands before it.
                _ => return Ok(ControlFlow::Break(())),
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(match first {
        Some(moved) if !complete => Target::Begun(moved),
        other => Target::Taken(other),
    })
}

/// A marker in every partition: rows begin, or are complete.
///
/// # Errors
/// When the log is away.
pub fn mark(context: &Context, log: &dyn Log, partitions: i32, moved: &v1::Moved) -> anyhow::Result<()> {
    let encoding: Encoding = context.config.encoding.into();
    let record = v1::InboxRecord { body: Some(Body::Moved(moved.clone())) };
    let bytes = record.to_bytes(encoding);
    let mut writer = log.writer()?;
    for number in 0..partitions {
        writer.append(&Append {
            topic: &context.topics.inbox,
            partition: Some(Partition(number)),
            key: None,
            value: Some(&bytes),
            headers: &[("content-type", encoding.content_type().as_bytes())],
            timestamp: None,
        })?;
        // One after the other, so that the last partition has it last.
        writer.flush()?;
    }
    Ok(())
}
