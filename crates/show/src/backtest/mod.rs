//! The backtest of another policy, on the inbox or on the sources, shown as a table, JSON or a page.

mod chart;
mod inbox;
mod page;
mod raw;
mod table;

use std::time::Duration;

use serde_json::{Value, json};
use winback_oracle::backtest::{ChangeKind, Day, Outcome};

pub use chart::svg;
pub use inbox::{accounts, inbox};
pub use page::html;
pub use raw::raw;
pub use table::text;

/// A backtest that was made.
pub struct Report {
    /// The policy that the candidate stands for.
    pub policy: String,
    /// The candidate's file.
    pub file: String,
    /// The time range that was asked for.
    pub asked: String,
    /// The reason why the answer is only an estimate.
    pub estimate: Option<String>,
    /// The outcome.
    pub outcome: Outcome,
    /// The time it took.
    pub took: Duration,
}

impl Report {
    /// Records a second.
    pub fn speed(&self) -> u64 {
        let millis = self.took.as_millis().max(1);
        u64::try_from(u128::from(self.outcome.tally.records) * 1_000 / millis).unwrap_or(u64::MAX)
    }

    /// The whole verdict as one object.
    pub fn json(&self) -> Value {
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
pub fn date(day: Day) -> String {
    day.begins().to_string().split('T').next().unwrap_or_default().to_owned()
}

/// The fate of a trigger, in words.
pub const fn words(kind: ChangeKind) -> &'static str {
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
