//! Retention and compaction, a slice at a time, so that a lane that commits never waits long.
//!
//! Like Kafka's, both remove records whoever still wanted them. Offsets are never used again: retention moves a
//! partition's beginning, compaction leaves holes.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, params};
use winback_core::time::Time;

/// The number of records that one slice looks at in one partition.
const SLICE: i64 = 500;
/// A slice looks at no further partition when it has lasted so long.
const HOLD: Duration = Duration::from_millis(10);

struct Partition {
    topic: i64,
    partition: i64,
    beginning: i64,
    end: i64,
    compacted: i64,
    span: i64,
}

/// One slice within the open transaction; whether it did something.
pub(super) fn slice(connection: &Connection, now: Time) -> rusqlite::Result<bool> {
    let started = Instant::now();
    let mut busy = false;
    for partition in with(connection, "delete")? {
        busy |= expire(connection, &partition, now)?;
        if started.elapsed() > HOLD {
            return Ok(true);
        }
    }
    for partition in with(connection, "compact")? {
        busy |= compact(connection, &partition)?;
        busy |= bury(connection, &partition, now)?;
        if started.elapsed() > HOLD {
            return Ok(true);
        }
    }
    Ok(busy)
}

fn with(connection: &Connection, cleanup: &str) -> rusqlite::Result<Vec<Partition>> {
    let mut statement = connection.prepare_cached(
        r#"SELECT topic, partition, beginning, "end", compacted, retention_ms
           FROM partitions JOIN topics ON topics.id = topic WHERE cleanup = ?1 AND retention_ms IS NOT NULL
           ORDER BY "end" - max(beginning, compacted) DESC"#,
    )?;
    let partition = |row: &rusqlite::Row<'_>| {
        Ok(Partition {
            topic: row.get(0)?,
            partition: row.get(1)?,
            beginning: row.get(2)?,
            end: row.get(3)?,
            compacted: row.get(4)?,
            span: row.get(5)?,
        })
    };
    statement.query_map([cleanup], partition)?.collect()
}

/// Removes the oldest records up to the first that is young enough.
fn expire(connection: &Connection, at: &Partition, now: Time) -> rusqlite::Result<bool> {
    let oldest_kept = now.millis().saturating_sub(at.span);
    // Records that were removed one by one are no age: the beginning moves behind a record that is too old, and no other.
    let first: Option<(i64, i64)> = connection
        .prepare_cached(
            "SELECT offset, timestamp FROM records WHERE topic = ?1 AND partition = ?2 AND offset >= ?3 \
             ORDER BY offset LIMIT 1",
        )?
        .query_row(params![at.topic, at.partition, at.beginning], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((first, _)) = first.filter(|(_, timestamp)| *timestamp < oldest_kept) else { return Ok(false) };
    let until = at.end.min(first.saturating_add(SLICE));
    let young: Option<i64> = connection
        .prepare_cached(
            "SELECT offset FROM records WHERE topic = ?1 AND partition = ?2 AND offset >= ?3 AND offset < ?4 \
             AND timestamp >= ?5 ORDER BY offset LIMIT 1",
        )?
        .query_row(params![at.topic, at.partition, at.beginning, until, oldest_kept], |row| row.get(0))
        .optional()?;
    let beginning = young.unwrap_or(until);
    if beginning == at.beginning {
        return Ok(false);
    }
    connection
        .prepare_cached("DELETE FROM records WHERE topic = ?1 AND partition = ?2 AND offset < ?3")?
        .execute([at.topic, at.partition, beginning])?;
    connection
        .prepare_cached("UPDATE partitions SET beginning = ?3 WHERE topic = ?1 AND partition = ?2")?
        .execute([at.topic, at.partition, beginning])?;
    Ok(true)
}

/// Goes on where compaction stopped: a record's predecessor with the same key is removed.
fn compact(connection: &Connection, at: &Partition) -> rusqlite::Result<bool> {
    let until = at.end.min(at.compacted.saturating_add(SLICE));
    if until == at.compacted {
        return Ok(false);
    }
    let range = [at.topic, at.partition, at.compacted, until];
    // Within the slice, only the last record of a key; then the newest before the slice.
    connection
        .prepare_cached(
            "DELETE FROM records WHERE topic = ?1 AND partition = ?2 AND offset >= ?3 AND offset < ?4 \
             AND key IS NOT NULL AND offset NOT IN ( \
                SELECT max(offset) FROM records WHERE topic = ?1 AND partition = ?2 AND offset >= ?3 \
                AND offset < ?4 AND key IS NOT NULL GROUP BY key)",
        )?
        .execute(range)?;
    connection
        .prepare_cached(
            "DELETE FROM records WHERE topic = ?1 AND partition = ?2 AND offset IN ( \
                SELECT newest.offset FROM records AS later CROSS JOIN newest ON newest.topic = ?1 \
                AND newest.partition = ?2 AND newest.key = later.key WHERE later.topic = ?1 \
                AND later.partition = ?2 AND later.offset >= ?3 AND later.offset < ?4)",
        )?
        .execute(range)?;
    connection
        .prepare_cached(
            "INSERT INTO newest (topic, partition, key, offset, tombstone) \
             SELECT topic, partition, key, offset, CASE WHEN value IS NULL THEN timestamp END FROM records \
             WHERE topic = ?1 AND partition = ?2 AND offset >= ?3 AND offset < ?4 AND key IS NOT NULL \
             ON CONFLICT DO UPDATE SET offset = excluded.offset, tombstone = excluded.tombstone",
        )?
        .execute(range)?;
    connection
        .prepare_cached("UPDATE partitions SET compacted = ?3 WHERE topic = ?1 AND partition = ?2")?
        .execute([at.topic, at.partition, until])?;
    Ok(true)
}

/// Removes tombstones that are old enough.
fn bury(connection: &Connection, at: &Partition, now: Time) -> rusqlite::Result<bool> {
    let oldest_kept = now.millis().saturating_sub(at.span);
    let old: Vec<i64> = connection
        .prepare_cached(
            "SELECT offset FROM newest WHERE topic = ?1 AND partition = ?2 AND tombstone IS NOT NULL \
             AND tombstone < ?3 ORDER BY tombstone LIMIT ?4",
        )?
        .query_map([at.topic, at.partition, oldest_kept, SLICE], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for offset in &old {
        connection
            .prepare_cached(
                "DELETE FROM newest WHERE topic = ?1 AND partition = ?2 AND key = ( \
                 SELECT key FROM records WHERE topic = ?1 AND partition = ?2 AND offset = ?3)",
            )?
            .execute([at.topic, at.partition, *offset])?;
        connection
            .prepare_cached("DELETE FROM records WHERE topic = ?1 AND partition = ?2 AND offset = ?3")?
            .execute([at.topic, at.partition, *offset])?;
    }
    Ok(!old.is_empty())
}
