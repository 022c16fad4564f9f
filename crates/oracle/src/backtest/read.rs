//! The inbox of a deployment as a backtest reads it: every partition whole, a thread each as far as there are cores.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use winback_core::account::Account;
use winback_core::debounce::PolicyRecord;
use winback_core::ids::Offset;
use winback_log::{Log, LogError, TopicPartition};

use super::{Backtest, Outcome, Question};
use crate::asker::Asker;
use crate::cursor::Cursor;
use crate::epoch;
use crate::error::OracleError;

/// The time a partition may stand still before its end.
const PATIENCE: Duration = Duration::from_secs(120);
/// The number of records between progress reports.
const TELL_EVERY: u64 = 1_000;

/// The knowledge about an inbox whose beginning retention has removed.
#[derive(Clone, Debug, Default)]
pub struct Seed {
    /// The policies as they are now.
    pub policies: Vec<PolicyRecord>,
    /// The accounts of that partition as they are now.
    pub accounts: Vec<Account>,
}

/// An inbox.
#[derive(Clone, Debug)]
pub struct Inbox {
    /// The topic's partitions.
    pub partitions: Vec<TopicPartition>,
    /// The topic of the detector's state, which says from which record on the rules of this version hold.
    pub changelog: Arc<str>,
}

impl Inbox {
    /// The offsets where each partition begins and ends now.
    ///
    /// # Errors
    /// When the log is away.
    pub fn range(&self, log: &dyn Log) -> Result<Vec<(Offset, Offset)>, LogError> {
        let mut reader = log.reader()?;
        let beginnings = reader.beginnings(&self.partitions)?;
        Ok(beginnings.into_iter().zip(reader.end_offsets(&self.partitions)?).collect())
    }
}

/// Decides an inbox twice. `seed` is asked for partitions whose beginning is gone; `passed` hears of records as they
/// are stepped.
///
/// # Errors
/// When the log is away.
pub fn backtest(
    log: &dyn Log,
    inbox: &Inbox,
    question: &Question,
    seed: &(dyn Fn(&TopicPartition) -> Result<Seed, OracleError> + Sync),
    passed: &(dyn Fn(u64) + Sync),
) -> Result<Outcome, OracleError> {
    let range = inbox.range(log)?;
    let next = AtomicI32::new(0);
    let all = Mutex::new(Ok(Outcome::default()));
    let work = || {
        while let Ok(at) = usize::try_from(next.fetch_add(1, Ordering::Relaxed)) {
            let (Some(partition), Some(range)) = (inbox.partitions.get(at), range.get(at)) else { return };
            let made = one(log, inbox, partition, *range, question, seed, passed);
            let Ok(mut all) = all.lock() else { return };
            match (&mut *all, made) {
                (Ok(all), Ok(made)) => all.add(made),
                (Ok(_), Err(error)) => *all = Err(error),
                (Err(_), _) => return,
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(inbox.partitions.len());
    std::thread::scope(|scope| {
        (1..threads).for_each(|_| drop(scope.spawn(work)));
        work();
    });
    all.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn one(
    log: &dyn Log,
    inbox: &Inbox,
    partition: &TopicPartition,
    (beginning, end): (Offset, Offset),
    question: &Question,
    seed: &(dyn Fn(&TopicPartition) -> Result<Seed, OracleError> + Sync),
    passed: &(dyn Fn(u64) + Sync),
) -> Result<Outcome, OracleError> {
    let partitions = i32::try_from(inbox.partitions.len()).unwrap_or(i32::MAX);
    let mut run = Backtest::new(question);
    let ask = Asker::new(log)?;
    let changelog = TopicPartition::new(inbox.changelog.clone(), partition.partition.0);
    let epoch = epoch::of_inbox(&ask, partition, &changelog, partitions)?;
    let mut from = Offset::ZERO;
    if let Some(epoch) = epoch.filter(|epoch| epoch.from >= beginning) {
        from = epoch.from;
        run.restored(epoch.rows);
    } else if beginning > Offset::ZERO {
        let seed = seed(partition)?;
        seed.policies.iter().for_each(|policy| run.in_force(policy));
        seed.accounts.iter().for_each(|account| run.known(account));
    }
    let mut records = Cursor::open(&ask, partition, from, end, PATIENCE)?;
    let mut since = 0;
    while let Some(message) = records.next()? {
        since += 1;
        if since == TELL_EVERY {
            passed(std::mem::take(&mut since));
        }
        // What is none of the inbox is a dead letter of the detector, too.
        let Ok(input) = crate::read(&message, partitions) else { continue };
        if !run.step(&input) {
            break;
        }
    }
    passed(since);
    Ok(run.end())
}
