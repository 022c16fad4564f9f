//! Records from one log's topic into the other's of the same name, each where its key hashes to there.

use std::ops::ControlFlow;

use winback_core::ids::Offset;
use winback_deployment::scan;
use winback_log::{Append, Log, Message, TopicPartition};

/// Copies what `wanted` wants; how many records.
///
/// # Errors
/// When a log is away.
pub fn copy(
    from: &dyn Log,
    to: &dyn Log,
    topic: &str,
    wanted: impl Fn(&Message) -> bool,
) -> anyhow::Result<u64> {
    let info = from.describe(&[topic])?.into_iter().flatten().next();
    let mut writer = to.writer()?;
    let mut copied = 0;
    for number in 0..info.map_or(0, |info| info.spec.partitions) {
        let partition = TopicPartition::new(topic, number);
        scan::each(from, &partition, Offset::ZERO, |message| {
            if !wanted(message) {
                return Ok(ControlFlow::Continue(()));
            }
            let mut headers = Vec::new();
            message.each_header(|name, value| headers.push((name.to_owned(), value.to_vec())));
            let headers: Vec<(&str, &[u8])> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
            let (key, value) = (message.key(), message.value());
            writer.append(&Append {
                topic,
                partition: None,
                key,
                value,
                headers: &headers,
                timestamp: None,
            })?;
            copied += 1;
            Ok(ControlFlow::Continue(()))
        })?;
    }
    writer.flush()?;
    Ok(copied)
}
