//! The unread records of a deployment. It moves only if nothing is left: a record under way has no state to move.

use std::ops::ControlFlow;

use winback_core::ids::Offset;
use winback_deployment::{Context, scan};
use winback_log::{Log, Message, TopicPartition};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{WireMessage as _, v1};

/// The unread rest, a sentence each.
///
/// # Errors
/// If the log is unavailable.
pub fn unread(context: &Context, log: &dyn Log) -> anyhow::Result<Vec<String>> {
    let (config, topics) = (&context.config, &context.topics);
    let group = |role: &str| format!("{}.{role}", config.deployment);
    let any = |_: &Message| true;
    let mut left = vec![
        (
            "registrar".to_owned(),
            config.accounts.topic.clone(),
            of(log, &group("registrar"), &config.accounts.topic, any)?,
        ),
        (
            "retries' matcher".to_owned(),
            topics.retries.to_string(),
            of(log, &group("retries"), &topics.retries, any)?,
        ),
        (
            "detector".to_owned(),
            topics.inbox.to_string(),
            of(log, &group("detector"), &topics.inbox, decides)?,
        ),
        ("worker".to_owned(), topics.triggers.to_string(), of(log, &group("worker"), &topics.triggers, any)?),
    ];
    for (name, source) in &config.sources {
        let count = of(log, &group(&format!("matcher.{name}")), &source.topic, any)?;
        left.push((format!("matcher of {name}"), source.topic.clone(), count));
    }
    left.retain(|(.., count)| *count > 0);
    Ok(left
        .into_iter()
        .map(|(who, topic, count)| format!("the {who} has {count} records of `{topic}` to read"))
        .collect())
}

/// Readers' progress decides nothing, and the last of it is read by nobody.
fn decides(message: &Message) -> bool {
    let record = message.value().map(v1::InboxRecord::from_bytes);
    !matches!(record, Some(Ok(v1::InboxRecord { body: Some(Body::Progress(_)) })))
}

/// The number of records behind a group's positions.
fn of(log: &dyn Log, group: &str, topic: &str, counts: impl Fn(&Message) -> bool) -> anyhow::Result<u64> {
    let info = log.describe(&[topic])?.into_iter().flatten().next();
    let partitions: Vec<TopicPartition> =
        (0..info.map_or(0, |info| info.spec.partitions)).map(|at| TopicPartition::new(topic, at)).collect();
    let committed =
        if partitions.is_empty() { Vec::new() } else { log.reader()?.committed(group, &partitions)? };
    let mut unread = 0;
    for (partition, position) in partitions.iter().zip(committed) {
        scan::each(log, partition, position.unwrap_or(Offset::ZERO), |message| {
            unread += u64::from(counts(message));
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(unread)
}
