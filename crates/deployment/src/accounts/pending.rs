//! Rows that were written and that no registrar has taken yet.

use std::ops::ControlFlow;
use std::sync::Arc;

use winback_core::ids::Offset;
use winback_log::{Log, TopicPartition};
use winback_registrar::Statement;

use crate::config::Config;
use crate::scan;

/// Visits each row behind the registrar's position, in order; how many there are. Bad ones are counted and not visited:
/// they change no account.
///
/// # Errors
/// When the log is away.
pub fn pending(log: &dyn Log, config: &Config, mut visit: impl FnMut(Statement)) -> anyhow::Result<u64> {
    let topic: Arc<str> = config.accounts.topic.as_str().into();
    let there = log.describe(&[&topic])?.into_iter().flatten().next();
    let Some(there) = there else { return Ok(0) };
    let partitions: Vec<_> =
        (0..there.spec.partitions).map(|at| TopicPartition::new(Arc::clone(&topic), at)).collect();
    let committed = {
        let mut reader = log.reader()?;
        reader.committed(&format!("{}.registrar", config.deployment), &partitions)?
    };
    let (rules, mut rows) = (config.accounts.rules()?, 0);
    for (partition, position) in partitions.iter().zip(committed) {
        scan::each(log, partition, position.unwrap_or(Offset::ZERO), |message| {
            rows += 1;
            let read = message.value().map(|value| rules.read(value, message.timestamp));
            // A column that may forbid makes the row a dead letter.
            let read = read.map(|read| {
                read.statement.ok().filter(|_| read.unknown.iter().all(|column| !column.forbids))
            });
            match (read, message.key()) {
                (Some(Some(row)), _) => visit(row),
                (None, Some(key)) => visit(Statement::Gone(String::from_utf8_lossy(key).into_owned().into())),
                (Some(None) | None, _) => {}
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(rows)
}
