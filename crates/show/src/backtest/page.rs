//! A backtest as one page that needs nothing else: the counts, the picture, the changes.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use winback_oracle::backtest::{ChangeKind, Side};
use winback_terminal::grouped;

use super::chart::{escaped, svg};
use super::table::{fired, why};
use super::{Report, words};

/// More changes than this make a page that no browser likes.
const MOST: usize = 2_000;
const STYLE: &str = "body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1000px;padding:0 1rem;color:#222}\
                     table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .75rem;text-align:left;border-bottom:1px solid #ddd}\
                     .n{text-align:right;font-variant-numeric:tabular-nums}svg{max-width:100%;height:auto}.note{color:#8a4b00}";

/// The page.
pub fn html(report: &Report) -> String {
    let tally = &report.outcome.tally;
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Backtest of {file}</title><style>{STYLE}</style></head>\n\
         <body><h1>Backtest of {file}</h1>\n<p>In the place of policy <b>{policy}</b>{asked}: {signals} matched signals.</p>\n",
        file = escaped(&report.file),
        policy = escaped(&report.policy),
        asked = escaped(&report.asked),
        signals = grouped(tally.signals),
    );
    if let Some(estimate) = &report.estimate {
        let _ = writeln!(page, "<p class=\"note\">An estimate: {}.</p>", escaped(estimate));
    }
    if report.outcome.is_empty() {
        page.push_str("<p>Nothing changes.</p>\n");
    }
    page.push_str(&svg(report));
    sides(&mut page, &tally.live, &tally.candidate);
    reasons(&mut page, report);
    changes(&mut page, report);
    page.push_str("</body></html>\n");
    page
}

fn head(page: &mut String, names: &[&str]) {
    let names: String = names.iter().map(|name| format!("<th>{name}</th>")).collect();
    let _ = writeln!(page, "<table><thead><tr>{names}</tr></thead><tbody>");
}

fn sides(page: &mut String, live: &Side, candidate: &Side) {
    head(page, &["", "as it was", "would be"]);
    let mut row = |name: &str, live: u64, candidate: u64| {
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escaped(name),
            grouped(live),
            grouped(candidate)
        );
    };
    row("starting triggers", live.starting(), candidate.starting());
    let edges: BTreeSet<_> = live.triggers.keys().chain(candidate.triggers.keys()).collect();
    let of = |side: &Side, edge: &str| side.triggers.get(edge).copied().unwrap_or_default();
    edges.into_iter().for_each(|edge| row(edge, of(live, edge), of(candidate, edge)));
    let refusals: BTreeSet<_> = live.refusals.keys().chain(candidate.refusals.keys()).collect();
    let of = |side: &Side, name: &str| side.refusals.get(name).copied().unwrap_or_default();
    refusals.into_iter().for_each(|name| row(name, of(live, name), of(candidate, name)));
    page.push_str("</tbody></table>\n");
}

fn reasons(page: &mut String, report: &Report) {
    head(page, &["triggers", "", "why"]);
    for ((kind, why), count) in &report.outcome.tally.changes {
        let (kind, why) = (words(*kind), escaped(why));
        let _ =
            writeln!(page, "<tr><td>{kind}</td><td class=\"n\">{}</td><td>{why}</td></tr>", grouped(*count));
    }
    page.push_str("</tbody></table>\n");
}

fn changes(page: &mut String, report: &Report) {
    let changes = &report.outcome.changes;
    head(page, &["", "account", "as it was", "would be", "why"]);
    for change in changes.iter().take(MOST) {
        let name = if change.name.is_empty() { &change.account } else { &change.name };
        let side = |side: &Option<_>| side.as_ref().map(fired).unwrap_or_default();
        let why =
            if change.change == ChangeKind::Undecided { change.why.detail.clone() } else { why(change) };
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{} ({})</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            words(change.change),
            escaped(name),
            escaped(&change.account),
            escaped(&side(&change.live)),
            escaped(&side(&change.candidate)),
            escaped(&why)
        );
    }
    page.push_str("</tbody></table>\n");
    let more = changes.len().saturating_sub(MOST) as u64 + report.outcome.not_kept;
    if more > 0 {
        let _ = writeln!(page, "<p>And {} more.</p>", grouped(more));
    }
}
