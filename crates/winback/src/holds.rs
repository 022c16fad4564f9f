//! Holds on their way into the inbox: a record in every partition, and the list of those in force in a topic of its own.

use std::collections::BTreeMap;

use anyhow::Context as _;
use winback_core::ids::{Offset, Partition};
use winback_log::{Append, Log, Message, TopicPartition};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage, v1};

use crate::config::Config;
use crate::policies;
use crate::topics::Topics;

/// The last word about each policy, by name; the empty name is all of them.
///
/// # Errors
/// When the log is away or holds something else.
pub(crate) fn last_words(log: &dyn Log, topics: &Topics) -> anyhow::Result<BTreeMap<String, v1::Hold>> {
    let mut last = BTreeMap::new();
    let partition = TopicPartition::new(topics.holds.clone(), 0);
    if log.describe(&[&topics.holds])?.into_iter().flatten().next().is_none() {
        return Ok(last);
    }
    let mut reader = log.reader()?;
    reader.assign(&[(partition.clone(), Offset::ZERO)])?;
    let end = reader.ends(std::slice::from_ref(&partition))?.first().copied().unwrap_or(Offset::ZERO);
    let mut messages: Vec<Message> = Vec::new();
    while reader.position(&partition).is_none_or(|position| position < end) {
        reader.poll(100, std::time::Duration::from_millis(100), &mut messages)?;
        for message in messages.drain(..) {
            let Some(value) = message.value() else { continue };
            let hold = v1::Hold::from_bytes(value)?;
            last.insert(hold.policy.clone(), hold);
        }
    }
    Ok(last)
}

/// Holds starting triggers, or lets them go: of one policy, or of all. The inbox comes first, so that whoever dies before
/// the list is written only has to say it again.
///
/// # Errors
/// When there is no such policy, nothing has run here yet, or the log is away.
pub(crate) fn put(log: &dyn Log, config: &Config, topics: &Topics, hold: &v1::Hold) -> anyhow::Result<()> {
    let there = log.describe(&[&topics.inbox, &topics.holds])?;
    let inbox = there.into_iter().collect::<Option<Vec<_>>>().and_then(|there| there.into_iter().next());
    let inbox = inbox
        .context("nothing has run here yet: `winback run` makes the topics, or `winback topics apply`")?;
    if !hold.policy.is_empty() {
        let applied = policies::applied(log, topics)?;
        let known: Vec<&str> = applied.keys().map(String::as_str).collect();
        if !applied.contains_key(&hold.policy) {
            let nearest = winback_core::text::nearest(&hold.policy, &known);
            anyhow::bail!("--policy {}: no such policy is in force{nearest}", hold.policy);
        }
    }
    let encoding: Encoding = config.encoding.into();
    let bytes = v1::InboxRecord { body: Some(Body::Hold(hold.clone())) }.to_bytes(encoding);
    let mut writer = log.writer()?;
    for partition in 0..inbox.spec.partitions {
        writer.append(&append(&topics.inbox, Partition(partition), None, &bytes))?;
    }
    writer.flush()?;
    let key = format!("hold {}", hold.policy);
    writer.append(&append(&topics.holds, Partition(0), Some(key.as_bytes()), &hold.to_bytes(encoding)))?;
    writer.flush()?;
    Ok(())
}

fn append<'a>(topic: &'a str, partition: Partition, key: Option<&'a [u8]>, value: &'a [u8]) -> Append<'a> {
    Append { topic, partition: Some(partition), key, value: Some(value), headers: &[], timestamp: None }
}
