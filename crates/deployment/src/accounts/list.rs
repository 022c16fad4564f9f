//! The accounts that a log knows: the newest record of each key of the compacted topic.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use anyhow::Context as _;
use winback_core::ids::Offset;
use winback_log::{Log, TopicPartition};
use winback_proto::{WireMessage as _, v1};

use crate::scan;

/// A value for each account, by its id.
pub type Known<T> = BTreeMap<String, T>;

/// The accounts in the log as it is now, of each what `keep` keeps; empty in a log that has no list yet.
///
/// # Errors
/// When the log is away or a record is no account.
pub fn known<T>(
    log: &dyn Log,
    topic: &Arc<str>,
    mut keep: impl FnMut(v1::Account) -> Option<T>,
) -> anyhow::Result<Known<T>> {
    let mut known = BTreeMap::new();
    let there = log.describe(&[topic])?.into_iter().flatten().next();
    let partitions = there.map_or(0, |there| there.spec.partitions);
    for partition in 0..partitions {
        let partition = TopicPartition::new(Arc::clone(topic), partition);
        scan::each(log, &partition, Offset::ZERO, |message| {
            let Some(key) = message.key() else { return Ok(ControlFlow::Continue(())) };
            let id = String::from_utf8_lossy(key).into_owned();
            let account = message.value().map(v1::Account::from_bytes).transpose();
            let kept = account
                .with_context(|| format!("{partition} holds no account at {}", message.offset))?
                .and_then(&mut keep);
            match kept {
                Some(kept) => known.insert(id, kept),
                None => known.remove(&id),
            };
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(known)
}
