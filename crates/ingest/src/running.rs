//! The check that the log is already running: then its clock is the present, and old records expire.

use std::ops::ControlFlow;
use std::sync::Arc;

use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_deployment::scan;
use winback_log::{Log, TopicPartition};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{WireMessage as _, v1};

/// Progress comes every second and at the end of each transaction, so that the newest records of an inbox that is
/// running have some.
const LOOK_BACK: i64 = 2_000;

/// The time of the last progress record in the inbox; `None` in a log that never ran.
///
/// # Errors
/// If the log is unavailable.
pub fn last_progress(log: &dyn Log, inbox: &Arc<str>) -> anyhow::Result<Option<Time>> {
    let there = log.describe(&[inbox])?.into_iter().flatten().next();
    let Some(there) = there else { return Ok(None) };
    let partitions: Vec<_> = (0..there.spec.partitions)
        .map(|partition| TopicPartition::new(Arc::clone(inbox), partition))
        .collect();
    let (beginnings, ends) = {
        let mut reader = log.reader()?;
        (reader.beginnings(&partitions)?, reader.end_offsets(&partitions)?)
    };
    let mut newest = None;
    for (partition, (beginning, end)) in partitions.iter().zip(beginnings.into_iter().zip(ends)) {
        let from = Offset(beginning.0.max(end.0 - LOOK_BACK));
        scan::each(log, partition, from, |message| {
            let record = message.value().map(v1::InboxRecord::from_bytes).and_then(Result::ok);
            if record.is_some_and(|record| matches!(record.body, Some(Body::Progress(_)))) {
                newest = newest.max(Some(message.timestamp));
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(newest)
}
