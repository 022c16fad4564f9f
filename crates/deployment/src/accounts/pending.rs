//! Rows that were written and that no registrar has taken yet.

use std::ops::ControlFlow;
use std::sync::Arc;

use winback_core::ids::Offset;
use winback_log::{Log, TopicPartition};
use winback_registrar::{Row, read_row};

use crate::config::Config;
use crate::scan;

/// Visits each row behind the registrar's position, in order; how many there are. Bad ones are counted and not visited:
/// they change no account.
///
/// # Errors
/// When the log is away.
pub fn pending(log: &dyn Log, config: &Config, mut visit: impl FnMut(Row)) -> anyhow::Result<u64> {
    let topic: Arc<str> = config.accounts.topic.as_str().into();
    let there = log.describe(&[&topic])?.into_iter().flatten().next();
    let Some(there) = there else { return Ok(0) };
    let partitions: Vec<_> =
        (0..there.spec.partitions).map(|at| TopicPartition::new(Arc::clone(&topic), at)).collect();
    let committed = {
        let mut reader = log.reader()?;
        reader.committed(&format!("{}.registrar", config.deployment), &partitions)?
    };
    let mut rows = 0;
    for (partition, position) in partitions.iter().zip(committed) {
        scan::each(log, partition, position.unwrap_or(Offset::ZERO), |message| {
            rows += 1;
            match (message.value().map(|value| read_row(value, 0)), message.key()) {
                (Some(Ok(row)), _) => visit(row),
                (None, Some(key)) => visit(Row::Gone(String::from_utf8_lossy(key).into_owned().into())),
                (Some(Err(_)) | None, _) => {}
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(rows)
}
