//! The erasure on its way: a request in each partition of the accounts' topic, taken in by the registrar and the detector,
//! here where the deployment does not run, beside it where it does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use winback_core::ids::{Offset, Partition};
use winback_deployment::{Context, accounts, scan};
use winback_lane::PositionsFrom;
use winback_log::{Append, LogError, SharedLog, TopicPartition};
use winback_proto::{WireMessage as _, state, v1};
use winback_registrar::{REQUEST_HEADER, Request};
use winback_service::{Plan, RoleName};

use super::matcher::Subject;

/// The time that a deployment running beside may take.
const BESIDE: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(100);

/// The progress of the erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Taken in by this process, which had the log for itself.
    Here,
    /// Taken in by the deployment that runs.
    Beside,
    /// By nobody yet.
    Pending,
}

/// Writes the request; where the topic ends behind it.
///
/// # Errors
/// When the log is away.
pub fn request(
    context: &Context,
    log: &SharedLog,
    subject: &Subject,
    request: &Request,
) -> anyhow::Result<Vec<(TopicPartition, Offset)>> {
    let partitions = scan::partitions(&**log, &context.config.accounts.topic.as_str().into())?;
    // A registrar that does not know requests takes the account off the list at least.
    let value = match &subject.id {
        Some(id) => serde_json::json!({ "account_id": id, "deleted": true }),
        None => serde_json::json!({ "erased": true }),
    };
    let (value, header) = (value.to_string(), request.header());
    let mut writer = log.writer()?;
    for number in 0..i32::try_from(partitions.len()).unwrap_or_default() {
        writer.append(&Append {
            topic: &context.config.accounts.topic,
            partition: Some(Partition(number)),
            key: subject.id.as_ref().map(|id| id.as_bytes()),
            value: Some(value.as_bytes()),
            headers: &[(REQUEST_HEADER, header.as_bytes())],
            timestamp: Some(context.clock.now()),
        })?;
    }
    for key in answered(context, log, subject)? {
        let topic = &context.topics.answers;
        writer.append(&Append { value: None, ..Append::keyed(topic, &key, &[]) })?;
    }
    writer.flush()?;
    let ends = log.reader()?.ends(&partitions)?;
    Ok(partitions.into_iter().zip(ends).collect())
}

/// The keys of what they answered. Nobody else would take it away: the topic is compacted, and kept for those who send.
fn answered(context: &Context, log: &SharedLog, subject: &Subject) -> anyhow::Result<BTreeSet<Vec<u8>>> {
    let mut keys = BTreeSet::new();
    if log.describe(&[&context.topics.answers])?.into_iter().flatten().next().is_none() {
        return Ok(keys);
    }
    for partition in scan::partitions(&**log, &context.topics.answers)? {
        scan::each(&**log, &partition, Offset::ZERO, |message| {
            let key = message.key().unwrap_or_default();
            if message.value().is_some() && subject.answered(key, message.value()) {
                keys.insert(key.to_vec());
            }
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
    }
    Ok(keys)
}

/// Waits until registrar and detector have taken it in, or takes it in here.
///
/// # Errors
/// When the log is away or a lane fails.
pub fn settle(
    context: &Context,
    log: &SharedLog,
    subject: &Subject,
    ends: &[(TopicPartition, Offset)],
) -> anyhow::Result<Settled> {
    if !log.is_shared() {
        match here(context, log) {
            Ok(()) => return Ok(Settled::Here),
            Err(error) if is_locked(&error) => {}
            Err(error) => return Err(error),
        }
    }
    let deadline = Instant::now() + BESIDE;
    loop {
        if is_registered(context, log, ends)? && is_erased(context, log, subject)? {
            return Ok(Settled::Beside);
        }
        if Instant::now() >= deadline {
            return Ok(Settled::Pending);
        }
        std::thread::sleep(LOOK);
    }
}

/// True if an earlier erasure is complete: the hashes exist, and the account is neither on the list nor in the state.
///
/// # Errors
/// If the log is unavailable.
pub fn is_through(
    context: &Context,
    log: &SharedLog,
    subject: &Subject,
    asked: &Request,
) -> anyhow::Result<bool> {
    let there = super::suppressions(context, &**log)?;
    // The first is the check of the key, which is no one's.
    if !asked.0.iter().skip(1).all(|one| there.contains(one)) {
        return Ok(false);
    }
    let Some(id) = &subject.id else { return Ok(true) };
    let listed =
        accounts::known(&**log, &context.topics.accounts, |account| (account.id == *id).then_some(()))?;
    Ok(listed.is_empty() && row(context, log, id)?.is_none_or(|state| state.erased))
}

fn is_locked(error: &anyhow::Error) -> bool {
    let locked = |error: &LogError| matches!(error, LogError::Locked(_));
    error.chain().any(|cause| {
        let lane = cause.downcast_ref::<winback_lane::LaneError>();
        let lane =
            lane.is_some_and(|lane| matches!(lane, winback_lane::LaneError::Log(error) if locked(error)));
        lane || cause.downcast_ref::<LogError>().is_some_and(locked)
    })
}

/// The two roles, until they are through.
fn here(context: &Context, log: &SharedLog) -> anyhow::Result<()> {
    let plan = Plan {
        roles: vec![RoleName::Registrar, RoleName::Detector],
        sources: Vec::new(),
        positions: PositionsFrom::Refuse,
        config_path: context.config_path(),
        stop: Arc::default(),
    };
    let mut config = context.config.clone();
    config.http.listen.clear();
    let mut running = winback_service::start(config, log.clone(), context.clock.clone(), &plan)?;
    while !running.has_failed() && !running.is_idle() {
        std::thread::park_timeout(LOOK);
        running.watch();
    }
    running.stop().map(drop)
}

fn is_registered(
    context: &Context,
    log: &SharedLog,
    ends: &[(TopicPartition, Offset)],
) -> anyhow::Result<bool> {
    let partitions: Vec<TopicPartition> = ends.iter().map(|(partition, _)| partition.clone()).collect();
    let committed =
        log.reader()?.committed(&format!("{}.registrar", context.config.deployment), &partitions)?;
    Ok(committed.iter().zip(ends).all(|(position, (_, end))| position.is_some_and(|at| at >= *end)))
}

/// True if the detector knows of it.
fn is_erased(context: &Context, log: &SharedLog, subject: &Subject) -> anyhow::Result<bool> {
    let Some(id) = &subject.id else { return Ok(true) };
    Ok(row(context, log, id)?.is_some_and(|state| state.erased))
}

/// The newest row of the account.
fn row(context: &Context, log: &SharedLog, id: &str) -> anyhow::Result<Option<v1::AccountState>> {
    let own = winback_core::debounce::StateKey::Account(id.into());
    let (own, mut newest) = (state::key_to_bytes(&own), None);
    for partition in scan::partitions_of(&**log, &context.topics.changelog, Some(id))? {
        scan::each(&**log, &partition, Offset::ZERO, |message| {
            if message.key() == Some(&own) {
                let row = message.value().map(v1::StateRecord::from_bytes).transpose()?;
                newest = match row.and_then(|row| row.state) {
                    Some(v1::state_record::State::Account(state)) => Some(state),
                    _ => None,
                };
            }
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
    }
    Ok(newest)
}
