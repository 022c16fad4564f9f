//! Inbox records of which the detector kept nothing, because no transaction with them could be committed or their step
//! panicked: the oracle must not step them either.

use std::collections::BTreeSet;
use std::time::Duration;

use winback_core::ids::Offset;
use winback_log::TopicPartition;
use winback_proto::letter::NothingKept;
use winback_proto::{WireMessage, v1};

use crate::asker::Asker;
use crate::cursor::Cursor;
use crate::deployment::Deployment;
use crate::error::OracleError;

/// Partition and offset of each.
pub(crate) fn condemned(
    ask: &Asker<'_>,
    deployment: &Deployment,
    patience: Duration,
) -> Result<BTreeSet<(i32, Offset)>, OracleError> {
    let mut found = BTreeSet::new();
    let there = ask.log.describe(&[&deployment.dead_letters])?.pop().flatten();
    for number in 0..there.map_or(0, |info| info.spec.partitions) {
        let partition = TopicPartition::new(deployment.dead_letters.clone(), number);
        let end = ask.end(&partition)?;
        let mut letters = Cursor::open(ask, &partition, Offset::ZERO, end, patience)?;
        while let Some(message) = letters.next()? {
            // What is no dead letter is none of an inbox record either.
            let Ok(letter) = v1::DeadLetter::from_bytes(message.value().unwrap_or_default()) else {
                continue;
            };
            if letter.topic == *deployment.inbox && NothingKept::parse(&letter.reason).is_some() {
                found.insert((letter.partition, Offset(letter.offset)));
            }
        }
    }
    Ok(found)
}
