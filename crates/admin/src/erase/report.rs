//! The report of an erasure: records found, gone, and still to go by a date. One line for each place.

use std::path::PathBuf;

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::json;
use winback_core::time::Time;
use winback_terminal::Out;

use super::location::{Fate, Location};

/// Everything that is told of one subject.
pub struct EraseReport<'a> {
    /// The topics.
    pub locations: &'a [Location],
    /// Snapshot files.
    pub snapshots: &'a [PathBuf],
    /// Drafts in the outbox.
    pub drafts: &'a [PathBuf],
    /// True if it only reports and removes nothing.
    pub dry_run: bool,
    /// True if the log is shared with others.
    pub shared: bool,
    /// One JSON object a line instead of a table.
    pub json: bool,
}

/// Tells it.
///
/// # Errors
/// When standard output cannot be written.
pub fn print(report: &EraseReport<'_>) -> anyhow::Result<()> {
    let mut out = Out::new();
    let rows = rows(report);
    if report.json {
        for row in &rows {
            out.json(&json!({
                "where": row.location, "found": row.found, "gone": row.gone, "left": row.left,
                "how": row.how, "by": row.by.map(|by| by.to_string()),
            }))?;
        }
    } else {
        out.line(&table(&rows, report.dry_run))?;
    }
    Ok(out.flush()?)
}

struct Row {
    location: String,
    found: Option<u64>,
    gone: u64,
    left: u64,
    how: String,
    by: Option<Time>,
}

fn rows(report: &EraseReport<'_>) -> Vec<Row> {
    let location = |location: &Location| {
        let by = location.gone_by(report.shared).filter(|_| location.left() > 0 && !report.dry_run);
        let how = if report.dry_run { String::new() } else { how(location, report.shared) };
        let found = location.searched.then_some(location.found.len() as u64);
        Row {
            location: location.topic.clone(),
            found,
            gone: location.removed,
            left: location.left(),
            how,
            by,
        }
    };
    let file = |(what, paths): (&str, &[PathBuf])| {
        let count = paths.len() as u64;
        let gone = if report.dry_run { 0 } else { count };
        let (location, how) = (what.to_owned(), String::new());
        Row { location, found: Some(count), gone, left: count - gone, how, by: None }
    };
    let files = [("snapshot files", report.snapshots), ("drafts in the outbox", report.drafts)];
    report.locations.iter().map(location).chain(files.into_iter().map(file)).collect()
}

/// The way in which the rest goes.
fn how(location: &Location, shared: bool) -> String {
    if !location.searched {
        return "not searched: it is yours, and goes as you keep it".to_owned();
    }
    if location.left() == 0 {
        return String::new();
    }
    if location.count(Fate::Unread) > 0 {
        return "waits for `winback run`; then erase again".to_owned();
    }
    if location.count(Fate::Retained) > 0 {
        return "retention: decisions about others are verified against it".to_owned();
    }
    if location.count(Fate::Marker) > 0 {
        let what = if location.count(Fate::Replaced) > 0 && shared {
            "compaction; then its id in a tombstone"
        } else {
            "its id alone, in a tombstone"
        };
        return what.to_owned();
    }
    "retention".to_owned()
}

fn table(rows: &[Row], dry_run: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    let found = |row: &Row| row.found.map_or_else(|| "?".to_owned(), |found| found.to_string());
    if dry_run {
        table.set_header(["where", "found"]);
        for row in rows {
            table.add_row([row.location.clone(), found(row)]);
        }
        return table.to_string();
    }
    table.set_header(["where", "found", "gone", "left", "how it goes", "by"]);
    for row in rows {
        let by = row.by.map_or_else(String::new, |by| by.to_string().chars().take(10).collect());
        let (gone, left) = (row.gone.to_string(), row.left.to_string());
        table.add_row([row.location.clone(), found(row), gone, left, row.how.clone(), by]);
    }
    table.to_string()
}
