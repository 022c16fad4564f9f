//! That nobody else works on a log: every partition that a role reads is held by this process while the deployment moves.

use std::sync::Arc;
use std::time::{Duration, Instant};

use winback_core::ids::Offset;
use winback_deployment::Context;
use winback_log::{GroupEvent, Log, Message, Session, SessionSpec, TopicPartition};

/// The time that a group may take to hand everything over.
const PATIENCE: Duration = Duration::from_secs(20);
const WAIT: Duration = Duration::from_millis(100);

/// Held while the deployment on a log must not run.
pub struct Exclusive(Vec<Box<dyn Session>>);

impl Exclusive {
    /// Takes all that the deployment's roles read. On a log of one process its lock says it all.
    ///
    /// # Errors
    /// When the deployment runs: on a file its lock is held, on Kafka other members keep some partitions.
    pub fn take(context: &Context, log: &dyn Log) -> anyhow::Result<Self> {
        let (config, topics) = (&context.config, &context.topics);
        let mut groups: Vec<(String, Arc<str>)> = vec![("detector".to_owned(), topics.inbox.clone())];
        if log.is_shared() {
            groups.push(("registrar".to_owned(), config.accounts.topic.as_str().into()));
            groups.push(("retries".to_owned(), topics.retries.clone()));
            groups.push(("worker".to_owned(), topics.triggers.clone()));
            let sources = config.sources.iter();
            groups.extend(
                sources.map(|(name, source)| (format!("matcher.{name}"), source.topic.as_str().into())),
            );
        }
        let mut held = Vec::new();
        for (number, (role, topic)) in groups.into_iter().enumerate() {
            let Some(info) = log.describe(&[&topic])?.into_iter().flatten().next() else { continue };
            let spec = SessionSpec {
                group: format!("{}.{role}", config.deployment),
                transactional_id: format!("{}.migrate.{number}", config.deployment),
                topics: vec![topic],
            };
            held.push(hold(log, spec, info.spec.partitions)?);
        }
        Ok(Self(held))
    }

    /// Lets go.
    ///
    /// # Errors
    /// When the log is away.
    pub fn end(self) -> anyhow::Result<()> {
        Ok(self.0.into_iter().try_for_each(|session| session.close())?)
    }
}

/// Joins a group and waits until all partitions are this member's.
fn hold(log: &dyn Log, spec: SessionSpec, all: i32) -> anyhow::Result<Box<dyn Session>> {
    let group = spec.group.clone();
    let mut session = log.session(spec)?;
    let (mut held, mut messages): (Vec<TopicPartition>, Vec<Message>) = (Vec::new(), Vec::new());
    let deadline = Instant::now() + PATIENCE;
    while held.len() < usize::try_from(all).unwrap_or_default() {
        if Instant::now() >= deadline {
            let others = usize::try_from(all).unwrap_or_default() - held.len();
            session.close()?;
            anyhow::bail!(
                "the deployment on {} runs: other members of group `{group}` hold {others} of {all} partitions; stop them \
                 first",
                log.name()
            );
        }
        match session.poll(1, WAIT, &mut messages)? {
            Some(GroupEvent::Assigned(came)) => {
                let ends = session.ends(&came)?;
                let starts: Vec<(TopicPartition, Offset)> = came.iter().cloned().zip(ends).collect();
                session.assign(&starts)?;
                held.extend(came);
            }
            Some(GroupEvent::Revoked(gone) | GroupEvent::Lost(gone)) => {
                session.release(&gone)?;
                held.retain(|partition| !gone.contains(partition));
            }
            None => {}
        }
        messages.clear();
    }
    Ok(session)
}
