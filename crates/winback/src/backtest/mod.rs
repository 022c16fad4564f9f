//! What another policy would have done: asked of the inbox or of the sources, told as a table, JSON and a page.

mod chart;
mod inbox;
mod page;
mod raw;
mod table;

pub(crate) use chart::svg;
pub(crate) use inbox::inbox;
pub(crate) use page::html;
pub(crate) use raw::raw;
pub(crate) use table::text;

use std::time::Duration;

use serde_json::{Value, json};
use winback_oracle::backtest::{ChangeKind, Day, Outcome};

/// A backtest that was made.
pub(crate) struct Report {
    /// The policy that the candidate stands for.
    pub(crate) policy: String,
    /// The candidate's file.
    pub(crate) file: String,
    /// What of time was asked for.
    pub(crate) asked: String,
    /// Where the answer is no more than an estimate, and why.
    pub(crate) estimate: Option<String>,
    /// What came of it.
    pub(crate) outcome: Outcome,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Report {
    /// Records a second.
    pub(crate) fn speed(&self) -> u64 {
        let millis = self.took.as_millis().max(1);
        u64::try_from(u128::from(self.outcome.tally.records) * 1_000 / millis).unwrap_or(u64::MAX)
    }

    /// The whole verdict as one object.
    pub(crate) fn json(&self) -> Value {
        let Outcome { tally, not_kept, .. } = &self.outcome;
        let days = tally.days.iter().map(
            |(day, (live, candidate))| json!({ "day": date(*day), "live": live, "candidate": candidate }),
        );
        let changes = tally
            .changes
            .iter()
            .map(|((change, why), count)| json!({ "change": change, "why": why, "count": count }));
        json!({
            "policy": self.policy,
            "file": self.file,
            "asked": self.asked,
            "estimate": self.estimate,
            "same": self.outcome.is_empty(),
            "records": tally.records,
            "signals": tally.signals,
            "live": tally.live,
            "candidate": tally.candidate,
            "changes": changes.collect::<Vec<_>>(),
            "days": days.collect::<Vec<_>>(),
            "changesNotShown": not_kept,
            "recordsPerSecond": self.speed(),
        })
    }
}

/// A day as `2026-01-31`.
pub(crate) fn date(day: Day) -> String {
    day.begins().to_string().split('T').next().unwrap_or_default().to_owned()
}

/// What became of a trigger, as a person says it.
pub(crate) const fn words(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "new",
        ChangeKind::Removed => "gone",
        ChangeKind::Earlier => "earlier",
        ChangeKind::Later => "later",
        ChangeKind::Undecided => "not decided yet",
    }
}

#[cfg(test)]
mod tests;
