//! New rules: the record from which they hold, and the state as it was before it.
//!
//! Rules of an older version are not kept in the code, so that what they decided cannot be decided again. A member of a
//! new version that finds the state of an older one writes that state into the inbox, between two marks that say which
//! record the new rules decide first. A comparison begins there.

use winback_core::debounce::{Body, InboxClock, RULES, RulesMark, StateKey, StateRow};
use winback_core::ids::{Offset, Partition};
use winback_log::{Append, Log, LogError, TopicPartition, Writer};
use winback_proto::{Encoding, WireMessage as _, inbox, state, v1};

use crate::asker::Asker;
use crate::cursor::Cursor;
use crate::deployment::Deployment;
use crate::error::OracleError;
use crate::options::Options;
use crate::state::{Rows, position, restored_by};

/// The records at the end of a changelog that are looked at first for the row of its clock.
const TAIL: i64 = 64;
/// So many times as many are looked at next.
const WIDER: i64 = 16;

/// The first record that the rules of this version decide, and the state before it.
pub(crate) struct Epoch {
    pub(crate) from: Offset,
    pub(crate) rows: Vec<(StateKey, StateRow)>,
}

/// The clock of the state; `None` before the first record.
pub(crate) fn clock(rows: &Rows) -> Option<&InboxClock> {
    match rows.get(&StateKey::Clock) {
        Some(StateRow::Clock(clock, ..)) => Some(clock),
        _ => None,
    }
}

/// Marks in each partition whose state rules of an older version made that those of this version hold from here on. No
/// member may run. Done again, or by two members at once, it says the same.
///
/// # Errors
/// When the log is away, or the state is not understood.
pub fn mark(
    log: &dyn Log,
    deployment: &Deployment,
    encoding: Encoding,
) -> Result<Vec<(i32, Offset)>, OracleError> {
    let ask = Asker::new(log)?;
    let Some(info) = log.describe(&[&deployment.changelog])?.into_iter().flatten().next() else {
        return Ok(Vec::new());
    };
    let mut marked = Vec::new();
    for number in 0..info.spec.partitions {
        let changelog = TopicPartition::new(deployment.changelog.clone(), number);
        if newest_clock(&ask, &changelog)?.is_none_or(|clock| clock.rules >= RULES) {
            continue;
        }
        let rows = restored_by(&ask, &changelog, Options::default().patience)?;
        let Some(from) = position(&rows) else { continue };
        Marker { writer: log.writer()?, topic: &deployment.inbox, number, encoding }.write(from, &rows)?;
        marked.push((number, from));
    }
    Ok(marked)
}

/// The newest row of a changelog's clock: the last row of each transaction.
fn newest_clock(ask: &Asker<'_>, changelog: &TopicPartition) -> Result<Option<InboxClock>, OracleError> {
    let (beginning, end) = (ask.beginning(changelog)?, ask.end(changelog)?);
    let mut tail = TAIL;
    loop {
        let from = Offset(end.0.saturating_sub(tail)).max(beginning);
        let mut newest = None;
        let mut records = Cursor::open(ask, changelog, from, end, Options::default().patience)?;
        while let Some(message) = records.next()? {
            let is_clock = message.key().is_some_and(|key| key == StateKey::Clock.to_bytes());
            let row = message.value().filter(|_| is_clock).map(v1::StateRecord::from_bytes);
            if let Some(Ok(StateRow::Clock(clock, ..))) = row.map(|row| row.and_then(state::row_from_wire)) {
                newest = Some(*clock);
            }
        }
        if newest.is_some() || from <= beginning {
            return Ok(newest);
        }
        tail = tail.saturating_mul(WIDER);
    }
}

/// Writes the marks of one partition.
struct Marker<'a> {
    writer: Box<dyn Writer>,
    topic: &'a str,
    number: i32,
    encoding: Encoding,
}

impl Marker<'_> {
    fn write(mut self, from: Offset, rows: &Rows) -> Result<(), LogError> {
        let mark = |complete| inbox::rules_to_wire(RulesMark { version: RULES, from, complete });
        self.append(None, &mark(false))?;
        for (key, row) in rows {
            let account = key.account().map(|id| id.as_str().as_bytes());
            self.append(account, &inbox::kept_to_wire(key, row))?;
        }
        self.append(None, &mark(true))?;
        self.writer.flush()
    }

    fn append(&mut self, key: Option<&[u8]>, record: &v1::InboxRecord) -> Result<(), LogError> {
        let bytes = record.to_bytes(self.encoding);
        self.writer.append(&Append {
            topic: self.topic,
            partition: Some(Partition(self.number)),
            key,
            value: Some(&bytes),
            headers: &[("content-type", self.encoding.content_type().as_bytes())],
            timestamp: None,
        })
    }
}

/// The epoch that a state's clock names; `None` where its rules hold from the first record, or where the records that say
/// so are gone.
pub(crate) fn find(
    ask: &Asker<'_>,
    inbox: &TopicPartition,
    clock: &InboxClock,
    partitions: i32,
) -> Result<Option<Epoch>, OracleError> {
    let Some(at) = clock.rules_at.filter(|_| clock.rules >= RULES) else { return Ok(None) };
    let mut records = Cursor::open(ask, inbox, at, ask.end(inbox)?, Options::default().patience)?;
    let mut epoch: Option<Epoch> = None;
    while let Some(message) = records.next()? {
        let Ok(input) = crate::replay::read(&message, partitions) else { continue };
        match (input.body, &mut epoch) {
            (Body::Rules(mark), _) if !mark.complete => {
                epoch = Some(Epoch { from: mark.from, rows: Vec::new() });
            }
            (Body::Rules(_), _) => return Ok(epoch),
            (Body::Kept(row), Some(epoch)) => epoch.rows.push(*row),
            _ => {}
        }
    }
    Ok(None)
}

/// As [`find`], where the state is not at hand.
pub(crate) fn of_inbox(
    ask: &Asker<'_>,
    inbox: &TopicPartition,
    changelog: &TopicPartition,
    partitions: i32,
) -> Result<Option<Epoch>, OracleError> {
    match newest_clock(ask, changelog)? {
        Some(clock) => find(ask, inbox, &clock, partitions),
        None => Ok(None),
    }
}
