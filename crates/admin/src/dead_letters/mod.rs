//! Dead letters: reading them with the bytes of their records, and sending the records again ([`replay`]).

mod firsts;
mod replay;

use std::ops::ControlFlow;

use winback_core::time::Time;
use winback_deployment::Context;
use winback_deployment::scan::{self, Flow, Found};
use winback_log::Log;
use winback_proto::v1;
use winback_show::letter;

pub use firsts::Firsts;
pub use replay::{Replayed, replay, whose};

/// The choice of dead letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those with this reason.
    pub reason: Option<String>,
    /// Only those of this source.
    pub source: Option<String>,
    /// Only those that failed since then.
    pub since: Option<Time>,
}

impl Filter {
    fn asks_for(&self, letter: &v1::DeadLetter) -> bool {
        let is_reason = |reason: &String| letter::counts(letter).iter().any(|(own, _)| own == reason);
        self.reason.as_ref().is_none_or(is_reason)
            && self.source.as_ref().is_none_or(|source| letter.source == *source)
            && self.since.is_none_or(|since| winback_proto::time(letter.failed_at.as_ref()) >= Some(since))
    }
}

/// Visits the letters that the filter asks for, in their order, with what is known of those before them. Answers how many
/// records of the topic cannot be read.
///
/// # Errors
/// When the log is away, or the visitor's.
pub fn each(
    context: &Context,
    log: &dyn Log,
    filter: &Filter,
    mut visit: impl FnMut(Found<v1::DeadLetter>, &mut Firsts) -> Flow,
) -> anyhow::Result<u64> {
    let partitions = scan::partitions(log, &context.topics.dead_letters)?;
    let mut firsts = Firsts::default();
    let ends = scan::merged::<v1::DeadLetter>(log, &partitions, |mut found| {
        firsts.see(&mut found);
        match filter.asks_for(&found.value) {
            true => visit(found, &mut firsts),
            false => Ok(ControlFlow::Continue(())),
        }
    })?;
    Ok(ends.unreadable)
}

/// The letter at that offset, with its record's bytes. The topic has one partition, so that the offset names it.
///
/// # Errors
/// When the log is away, or something else stands there.
pub fn at(context: &Context, log: &dyn Log, offset: i64) -> anyhow::Result<Option<Found<v1::DeadLetter>>> {
    let partitions = scan::partitions(log, &context.topics.dead_letters)?;
    match partitions.first().filter(|_| offset >= 0) {
        Some(partition) => firsts::whole_at(log, partition, offset),
        None => Ok(None),
    }
}
