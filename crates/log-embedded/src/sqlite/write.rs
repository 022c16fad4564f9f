//! One transaction's records and positions.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rusqlite::types::Null;
use rusqlite::{Connection, params};
use winback_core::time::Time;
use winback_log::{FailPoint, fail_point};

use super::checksum::Stored;
use super::headers;
use crate::storage::{Pending, Positions, Slot};

/// The number of records between two looks at the clock.
const STRIDE: usize = 64;

struct Tail {
    end: i64,
    newest: Time,
}

/// Writes within the open transaction; how many records it wrote before the limit.
pub(super) fn write(
    connection: &Connection,
    records: &[Pending],
    positions: &Positions<'_>,
    now: Time,
    limit: Option<Duration>,
) -> rusqlite::Result<usize> {
    let started = Instant::now();
    let mut tails: HashMap<Slot, Tail> = HashMap::new();
    let mut written = 0;
    for chunk in records.chunks(STRIDE) {
        for pending in chunk {
            let slot = pending.slot();
            let tail = match tails.entry(slot) {
                std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::hash_map::Entry::Vacant(entry) => entry.insert(tail(connection, slot)?),
            };
            insert(connection, pending, tail, now)?;
        }
        written += chunk.len();
        if limit.is_some_and(|limit| started.elapsed() >= limit) {
            break;
        }
    }
    for (slot, tail) in tails {
        connection
            .prepare_cached(
                r#"UPDATE partitions SET "end" = ?3, newest = ?4 WHERE topic = ?1 AND partition = ?2"#,
            )?
            .execute(params![slot.topic, slot.partition.0, tail.end, tail.newest.millis()])?;
    }
    for (slot, next) in &positions.at {
        connection
            .prepare_cached(
                r#"INSERT INTO positions ("group", topic, partition, offset) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO UPDATE SET offset = excluded.offset"#,
            )?
            .execute(params![positions.group, slot.topic, slot.partition.0, next.0])?;
        fail_point(FailPoint::Positions, positions.group);
    }
    if !positions.at.is_empty() {
        fail_point(FailPoint::BeforeCommit, positions.group);
    }
    Ok(written)
}

fn tail(connection: &Connection, slot: Slot) -> rusqlite::Result<Tail> {
    connection
        .prepare_cached(r#"SELECT "end", newest FROM partitions WHERE topic = ?1 AND partition = ?2"#)?
        .query_row(params![slot.topic, slot.partition.0], |row| {
            Ok(Tail { end: row.get(0)?, newest: Time::from_millis(row.get(1)?) })
        })
}

fn insert(connection: &Connection, pending: &Pending, tail: &mut Tail, now: Time) -> rusqlite::Result<()> {
    let timestamp = pending.stamp(now, tail.newest);
    let record = &pending.record;
    let headers = headers::encode(&record.headers);
    let stored = Stored {
        topic: pending.topic.id,
        partition: pending.partition.0,
        offset: tail.end,
        timestamp: timestamp.millis(),
        key: record.key.as_deref(),
        value: record.value.as_deref(),
        headers: headers.as_deref(),
    };
    let checksum = stored.checksum();
    let mut statement = connection.prepare_cached(
        "INSERT INTO records (topic, partition, offset, timestamp, key, value, headers, checksum) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    statement.raw_bind_parameter(1, pending.topic.id)?;
    statement.raw_bind_parameter(2, pending.partition.0)?;
    statement.raw_bind_parameter(3, tail.end)?;
    statement.raw_bind_parameter(4, timestamp.millis())?;
    statement.raw_bind_parameter(5, record.key.as_deref())?;
    statement.raw_bind_parameter(6, record.value.as_deref())?;
    match headers {
        Some(text) => statement.raw_bind_parameter(7, text)?,
        None => statement.raw_bind_parameter(7, Null)?,
    }
    statement.raw_bind_parameter(8, checksum)?;
    statement.raw_execute()?;
    tail.end += 1;
    tail.newest = tail.newest.max(timestamp);
    Ok(())
}
