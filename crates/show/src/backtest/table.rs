//! A backtest on a terminal.

use std::collections::BTreeSet;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use winback_core::debounce::Edge;
use winback_oracle::backtest::{Change, ChangeKind, Fired, Outcome};
use winback_terminal::grouped;

use super::{Report, date};
use crate::words;

/// More days than this are not listed; the picture and `--json` have them all.
const MOST_DAYS: usize = 31;

/// The counts, then at most `limit` changes.
pub fn text(report: &Report, limit: usize) -> String {
    let Outcome { tally, changes, .. } = &report.outcome;
    let mut parts = vec![heading(report)];
    if report.outcome.is_empty() {
        parts.push(format!(
            "nothing changes: {} starting triggers on both sides",
            grouped(tally.live.starting())
        ));
        return parts.join("\n");
    }
    parts.push(sides(report).to_string());
    parts.extend(reasons(report).map(|table| table.to_string()));
    parts.extend(refusals(report).map(|table| table.to_string()));
    parts.push(days(report));
    parts.extend(changes.iter().take(limit).map(change));
    let more = changes.len().saturating_sub(limit) as u64 + report.outcome.not_kept;
    if more > 0 {
        parts.push(format!("and {} more changes: --limit names more, --json all", grouped(more)));
    }
    parts.join("\n")
}

fn heading(report: &Report) -> String {
    let tally = &report.outcome.tally;
    format!(
        "{} in the place of policy {}{}: {} matched signals",
        words::safe(&report.file),
        words::safe(&report.policy),
        words::safe(&report.asked),
        grouped(tally.signals)
    )
}

fn table(names: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    let align = |(at, name): (usize, &&str)| Cell::new(name).set_alignment(alignment(at));
    table.set_header(names.iter().enumerate().map(align));
    table
}

const fn alignment(column: usize) -> CellAlignment {
    if column == 0 { CellAlignment::Left } else { CellAlignment::Right }
}

fn row(table: &mut Table, cells: impl IntoIterator<Item = String>) {
    table.add_row(
        cells.into_iter().enumerate().map(|(at, text)| Cell::new(text).set_alignment(alignment(at))),
    );
}

fn pair(table: &mut Table, name: &str, live: u64, candidate: u64) {
    let sign = if candidate >= live { "+" } else { "-" };
    let difference = match live.abs_diff(candidate) {
        0 => String::new(),
        by => format!("{sign}{}", grouped(by)),
    };
    row(table, [name.to_owned(), grouped(live), grouped(candidate), difference]);
}

fn sides(report: &Report) -> Table {
    let tally = &report.outcome.tally;
    let mut table = table(&["", "as it was", "would be", ""]);
    pair(&mut table, "starting triggers", tally.live.starting(), tally.candidate.starting());
    for (edge, name) in [
        (Edge::Leading, "  at once"),
        (Edge::Trailing, "  at a burst's end"),
        (Edge::Escalation, "  in the quiet, being stronger"),
        (Edge::Update, "updates"),
    ] {
        let of = |side: &winback_oracle::backtest::Side| {
            side.triggers.get(edge.as_str()).copied().unwrap_or_default()
        };
        pair(&mut table, name, of(&tally.live), of(&tally.candidate));
    }
    table
}

/// The changes, and the other side's decisions.
fn reasons(report: &Report) -> Option<Table> {
    let tally = &report.outcome.tally;
    let mut table = table(&[]);
    table.set_header(["triggers", "", "why"]);
    for kind in ChangeKind::ALL {
        let own = tally.changes.iter().filter(|((found, _), _)| found == kind);
        let mut own: Vec<(&str, u64)> = own.map(|((_, why), count)| (why.as_str(), *count)).collect();
        own.sort_by_key(|(why, count)| (std::cmp::Reverse(*count), *why));
        let whys: Vec<String> =
            own.iter().map(|(why, count)| format!("{} {}", words::safe(why), grouped(*count))).collect();
        if !whys.is_empty() {
            let count = Cell::new(grouped(tally.count(*kind))).set_alignment(CellAlignment::Right);
            table.add_row([Cell::new(super::words(*kind)), count, Cell::new(whys.join(", "))]);
        }
    }
    (table.row_count() > 0).then_some(table)
}

fn refusals(report: &Report) -> Option<Table> {
    let tally = &report.outcome.tally;
    let names: BTreeSet<&String> =
        tally.live.refusals.keys().chain(tally.candidate.refusals.keys()).collect();
    let mut table = table(&["refused", "as it was", "would be", ""]);
    for name in &names {
        let of =
            |side: &winback_oracle::backtest::Side| side.refusals.get(*name).copied().unwrap_or_default();
        pair(&mut table, &words::safe(name), of(&tally.live), of(&tally.candidate));
    }
    (!names.is_empty()).then_some(table)
}

fn days(report: &Report) -> String {
    let days = &report.outcome.tally.days;
    if days.len() > MOST_DAYS {
        return format!(
            "starting triggers on {} days: --svg and --html draw them, --json lists them",
            days.len()
        );
    }
    let mut table = table(&["day", "as it was", "would be", ""]);
    days.iter().for_each(|(day, (live, candidate))| pair(&mut table, &date(*day), *live, *candidate));
    table.to_string()
}

fn change(change: &Change) -> String {
    let name = if change.name.is_empty() { &change.account } else { &change.name };
    let sides: Vec<String> = [&change.live, &change.candidate].into_iter().flatten().map(fired).collect();
    let style = if change.change == ChangeKind::Removed { words::BAD } else { words::GOOD };
    let what = words::styled(style, &format!("{:<8}", super::words(change.change)));
    let who = format!("{} ({})", words::short(&words::safe(name), 32), words::safe(&change.account));
    format!("{what} {}  {who}  {}: {}", words::minute(Some(change.at())), sides.join(" -> "), why(change))
}

/// One side's fire: `leading 14:02, score 9`.
pub(super) fn fired(fired: &Fired) -> String {
    format!("{} {}, score {}", fired.edge, words::minute(Some(fired.at)), fired.score)
}

/// The reason, in one phrase.
pub(super) fn why(change: &Change) -> String {
    let why = &change.why;
    let detail = words::safe(&why.detail);
    match (words::safe(&why.outcome), detail.is_empty()) {
        (outcome, true) => outcome,
        (_, false) if change.live.is_some() && change.candidate.is_some() => detail,
        (outcome, false) => format!("{outcome} ({detail})"),
    }
}
