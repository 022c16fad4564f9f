//! The state of a partition made again from its inbox, for records of the changelog that cannot be read.

use std::path::PathBuf;
use std::time::Duration;

use winback_core::ids::Offset;
use winback_log::{Log, TopicPartition};

use crate::asker::Asker;
use crate::checkpoint::{Checkpoint, Header};
use crate::condemned::condemned;
use crate::cursor::Cursor;
use crate::deployment::Deployment;
use crate::error::OracleError;
use crate::options::Options;
use crate::state::{self, Rows};
use crate::stepper::Stepper;
use crate::verify::usable;

/// A partition's state as the core makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebuilt {
    /// Its rows.
    pub rows: Rows,
    /// Rows of the changelog that can be read and that say something else; `winback verify` names them.
    pub differing: usize,
}

/// Makes the state of one inbox partition again, up to the position that the detector's group has committed. The detector
/// must not run. A checkpoint stands for what retention took.
///
/// # Errors
/// When the log is away, or the inbox was cut and no checkpoint tells of what is gone.
pub fn rebuild(
    log: &dyn Log,
    deployment: &Deployment,
    number: i32,
    checkpoint: Option<PathBuf>,
    patience: Duration,
) -> Result<Rebuilt, OracleError> {
    let (partitions, id) = deployment.partitions(log)?;
    let ask = Asker::new(log)?;
    let inbox = TopicPartition::new(deployment.inbox.clone(), number);
    let committed = ask.committed(&deployment.group, std::slice::from_ref(&inbox))?;
    let changelog = TopicPartition::new(deployment.changelog.clone(), number);
    let (there, foreign) = state::restored_with(&ask, &changelog, patience)?;
    // The group's positions may have expired; the clock's row may be what cannot be read.
    let Some(to) = committed.first().copied().flatten().or(state::position(&there)) else {
        return Ok(Rebuilt { rows: Rows::new(), differing: there.len() });
    };
    let header = Header { deployment: deployment.name.clone(), inbox: id, partitions };
    let options = Options { patience, checkpoint };
    let (from, mut stepper) = beginning(&ask, &inbox, to, partitions, usable(&options, &header))?;
    let skipped = condemned(&ask, deployment, patience)?;
    let mut records = Cursor::open(&ask, &inbox, from, to, patience)?;
    while let Some(message) = records.next()? {
        if skipped.contains(&(number, message.offset)) {
            stepper.skip(&message);
        } else {
            stepper.step(&message);
        }
    }
    stepper.passed(to);
    let rows = stepper.partition().rows();
    let is_foreign = |key: &_| {
        let key = winback_proto::state::key_to_bytes(key);
        foreign.iter().any(|record| record.key == key)
    };
    let keys = rows.keys().chain(there.keys().filter(|key| !rows.contains_key(key)));
    let differing = keys.filter(|key| !is_foreign(key) && rows.get(key) != there.get(key)).count();
    Ok(Rebuilt { rows, differing })
}

/// The offset where the core begins, and its state there.
fn beginning(
    ask: &Asker<'_>,
    inbox: &TopicPartition,
    to: Offset,
    partitions: i32,
    checkpoint: Result<Option<Checkpoint>, String>,
) -> Result<(Offset, Stepper), OracleError> {
    let beginning = ask.beginning(inbox)?;
    let mut there = "there is no checkpoint".to_owned();
    match checkpoint {
        Ok(None) => {}
        Err(why) => there = why,
        Ok(Some(mut checkpoint)) => {
            let sections = checkpoint.sections.iter().copied();
            let mut fit = sections.filter(|section| section.partition == inbox.partition.0);
            let fit = fit.find(|section| (beginning..=to).contains(&section.next));
            if let Some(section) = fit {
                let rows = checkpoint.rows(section)?;
                return Ok((section.next, Stepper::restored(partitions, rows)));
            }
            there = "the checkpoint does not reach it".to_owned();
        }
    }
    if beginning == Offset::ZERO {
        return Ok((Offset::ZERO, Stepper::new(partitions)));
    }
    Err(OracleError::Cut { partition: inbox.clone(), beginning, there })
}
