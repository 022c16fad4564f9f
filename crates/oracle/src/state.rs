//! The state as the changelog has it, beside the state as the core has it.

use std::collections::BTreeMap;
use std::time::Duration;

use winback_core::debounce::{StateKey, StateRow};
use winback_core::ids::Offset;
use winback_log::{Defect, ForeignRecord, ForeignRecords, Log, LogError, Message, TopicPartition};
use winback_proto::state;
use winback_proto::stored::state_record;

use crate::asker::Asker;
use crate::cursor::Cursor;
use crate::difference::{Difference, Kind, first_difference};
use crate::error::OracleError;
use crate::report::PartitionReport;

/// Rows by key.
pub(crate) type Rows = BTreeMap<StateKey, StateRow>;

/// The rows that a detector would restore from a changelog partition.
///
/// The clock's row is the last of its transaction. Rows behind it belong to a transaction that is under way: they are
/// read to its end, so that no state is taken that never was.
///
/// # Errors
/// If the log is unavailable or a record is no row.
pub fn restored_rows(
    log: &dyn Log,
    changelog: &TopicPartition,
    patience: Duration,
) -> Result<BTreeMap<StateKey, StateRow>, OracleError> {
    restored_by(&Asker::new(log)?, changelog, patience)
}

pub(crate) fn restored_by(
    ask: &Asker<'_>,
    changelog: &TopicPartition,
    patience: Duration,
) -> Result<Rows, OracleError> {
    let (rows, foreign) = restored_with(ask, changelog, patience)?;
    match foreign.first(&[Defect::Key, Defect::Partition, Defect::Value]) {
        None => Ok(rows),
        Some(ForeignRecord { partition, offset, unreadable, .. }) => {
            Err(OracleError::State { partition: partition.clone(), offset: *offset, why: unreadable.clone() })
        }
    }
}

/// The rows that can be read, and the records that cannot and that no later one replaced.
pub(crate) fn restored_with(
    ask: &Asker<'_>,
    changelog: &TopicPartition,
    patience: Duration,
) -> Result<(Rows, ForeignRecords), OracleError> {
    let info = ask.log.describe(&[&changelog.topic])?.into_iter().flatten().next();
    let partitions = info.ok_or_else(|| LogError::NoTopic(changelog.topic.to_string()))?.spec.partitions;
    let foreign = ForeignRecords::default();
    let mut restored = Restored { changelog, partitions, rows: Rows::new(), pending: Vec::new(), foreign };
    let (mut from, mut until) = (Offset::ZERO, ask.written_end(changelog)?);
    loop {
        let again = from > Offset::ZERO;
        let mut records = Cursor::open(ask, changelog, from, until, patience)?;
        while let Some(message) = records.next()? {
            let ends = restored.take(&message);
            if again && ends {
                return Ok((restored.rows, restored.foreign));
            }
        }
        (from, until) = (until, ask.written_end(changelog)?);
        if restored.pending.is_empty() || from == until {
            restored.apply();
            return Ok((restored.rows, restored.foreign));
        }
    }
}

struct Restored<'a> {
    changelog: &'a TopicPartition,
    partitions: i32,
    rows: Rows,
    /// Rows whose transaction's clock was not read yet.
    pending: Vec<(StateKey, Option<StateRow>)>,
    foreign: ForeignRecords,
}

impl Restored<'_> {
    /// Takes a record; whether it ends a transaction.
    fn take(&mut self, message: &Message) -> bool {
        let key = message.key().unwrap_or_default();
        let read = state_record(key, message.value(), message.partition, self.partitions);
        self.foreign.see(self.changelog, message.offset, key, &read);
        let Ok(Some((key, row))) = read else { return false };
        let ends = key == StateKey::Clock;
        self.pending.push((key, row));
        if ends {
            self.apply();
        }
        ends
    }

    fn apply(&mut self) {
        for (key, row) in self.pending.drain(..) {
            match row {
                Some(row) => drop(self.rows.insert(key, row)),
                // A detector that reads a tombstone of its clock keeps the clock.
                None if key == StateKey::Clock => {}
                None => drop(self.rows.remove(&key)),
            }
        }
    }
}

/// The position that the state speaks of.
pub(crate) fn position(rows: &Rows) -> Option<Offset> {
    match rows.get(&StateKey::Clock) {
        Some(StateRow::Clock(_, next, _)) => Some(*next),
        _ => None,
    }
}

/// Compares the core's rows with the changelog's.
pub(crate) fn compare(expected: &Rows, found: &Rows, report: &mut PartitionReport) {
    for (key, row) in expected {
        match found.get(key) {
            Some(other) if other == row => {}
            Some(other) => {
                let text = first_difference(&state::row_to_wire(row), &state::row_to_wire(other));
                report.differs(difference(Kind::RowChanged, key, text, report.partition));
            }
            None => {
                let text = "the changelog has it not".to_owned();
                report.differs(difference(Kind::RowMissing, key, text, report.partition));
            }
        }
    }
    for key in found.keys().filter(|key| !expected.contains_key(key)) {
        let text = "the changelog has it, the core does not".to_owned();
        report.differs(difference(Kind::RowUnexpected, key, text, report.partition));
    }
}

fn difference(kind: Kind, key: &StateKey, text: String, partition: i32) -> Difference {
    let account = key.account().map_or_else(String::new, ToString::to_string);
    let id = key.describe();
    Difference { kind, partition, offset: None, account, id, text }
}
