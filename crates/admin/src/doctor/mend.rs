//! Writing mends, while no member runs and what one left behind can no longer write.

use std::sync::Arc;

use winback_deployment::Context;
use winback_deployment::broadcast_list::Inbox;
use winback_log::{Append, Log, SessionSpec, SharedLog};
use winback_service::{Kept, RoleName};

use super::plan::{Act, Mend};

/// Takes the transactional ids of this instance's lanes, so that a process that was stopped in the middle of a transaction
/// can no longer end it. Those of other instances are held off by their groups, whose members they no longer are.
///
/// # Errors
/// When the log is away or refuses.
pub fn fence(context: &Context, log: &dyn Log) -> anyhow::Result<usize> {
    let (config, topics) = (&context.config, &context.topics);
    let mut lanes = vec![(RoleName::Registrar, "0".to_owned()), (RoleName::Matcher, "retries".to_owned())];
    lanes.extend((0..config.lanes.detector).map(|number| (RoleName::Detector, number.to_string())));
    for source in config.sources.keys() {
        lanes.extend(
            (0..config.lanes.matcher).map(|number| (RoleName::Matcher, format!("{source}-{number}"))),
        );
    }
    for (role, lane) in &lanes {
        let spec = SessionSpec {
            group: format!("{}.doctor", config.deployment),
            transactional_id: format!("{}.{}.{}.{lane}", config.deployment, role.as_str(), config.instance),
            topics: vec![Arc::clone(&topics.positions)],
        };
        log.session(spec)?.close()?;
    }
    Ok(lanes.len())
}

/// Writes one mend; false where it cannot be.
///
/// # Errors
/// When the log is away.
pub fn write(context: &Context, log: &SharedLog, mend: &Mend) -> anyhow::Result<bool> {
    let Mend { kept, record, act, .. } = mend;
    let topic = kept.topic(&context.topics);
    let value = match act {
        Act::Leave => return Ok(false),
        Act::Tombstone if record.key.is_empty() => {
            // No tombstone takes a record without a key away.
            let offsets: Vec<_> = record.earlier.iter().copied().chain([record.offset]).collect();
            if log.remove(&record.partition, &offsets)?.is_some() {
                return Ok(true);
            }
            None
        }
        Act::Tombstone => None,
        Act::Put(value) => Some(&**value),
    };
    if let (Kept::Policies | Kept::Holds, Some(value)) = (kept, value) {
        Inbox::of(&**log, &context.topics)?.list(&**log, (topic, &record.key, value))?;
        return Ok(true);
    }
    let mut writer = log.writer()?;
    writer.append(&Append {
        topic,
        partition: Some(record.partition.partition),
        key: Some(&record.key),
        value,
        headers: &[],
        timestamp: None,
    })?;
    writer.flush()?;
    Ok(true)
}
