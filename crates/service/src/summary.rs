//! The summary of a run, from the same metrics that an operator sees.

use std::collections::BTreeMap;

use serde::Serialize;
use winback_core::time::Time;
use winback_telemetry::Metrics;
use winback_terminal::{counted, grouped};

/// Counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Records read, by source.
    pub records: BTreeMap<String, u64>,
    /// Events that were signals.
    pub signals: u64,
    /// Events without interest, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Dead letters, by reason.
    pub dead: BTreeMap<String, u64>,
    /// Signals of churned accounts, by the rung that found them.
    pub matched: BTreeMap<String, u64>,
    /// Answers of accounts on the list, by what they say.
    pub answers: BTreeMap<String, u64>,
    /// Signals and answers of nobody on the list.
    pub unmatched: u64,
    /// Signals and answers that several accounts claim.
    pub ambiguous: u64,
    /// Releases and competitors' events, for all whom they concern.
    pub broadcasts: u64,
    /// Signals that the detector made itself, of the calendar and of those events.
    pub made: u64,
    /// Signals by their outcome.
    pub decisions: BTreeMap<String, u64>,
    /// Bursts by how they ended.
    pub burst_ends: BTreeMap<String, u64>,
    /// Triggers, by edge.
    pub triggers: BTreeMap<String, u64>,
    /// Actions, by outcome.
    pub actions: BTreeMap<String, u64>,
    /// The records that the conservation laws do not account for: must be 0.
    pub imbalance: u64,
    /// Transactions of which the log did not tell how they ended: what those of them came to that are in it is not counted.
    pub unknown: u64,
}

impl Summary {
    /// The counts so far.
    pub fn of(metrics: &Metrics) -> Self {
        metrics.upkeep();
        let text = metrics.render();
        let by = |name: &str, label: &str| sums(&text, name, label);
        let total = |name: &str| sums(&text, name, "").values().sum();
        Self {
            records: by("winback_records_total", "source"),
            signals: total("winback_signals_total"),
            dropped: by("winback_dropped_total", "reason"),
            dead: by("winback_dead_letters_total", "reason"),
            matched: by("winback_matches_total", "method"),
            answers: by("winback_answers_total", "kind"),
            unmatched: total("winback_unmatched_total"),
            ambiguous: total("winback_ambiguous_total"),
            broadcasts: total("winback_broadcasts_total"),
            made: total("winback_signals_made_total"),
            decisions: by("winback_decisions_total", "outcome"),
            burst_ends: by("winback_burst_ends_total", "outcome"),
            triggers: by("winback_triggers_total", "edge"),
            actions: by("winback_actions_total", "outcome"),
            imbalance: total("winback_conservation_imbalance"),
            unknown: total("winback_unknown_outcomes_total"),
        }
    }

    /// All events that were counted as read.
    pub fn events(&self) -> u64 {
        self.records.values().sum()
    }

    /// One line for a person.
    pub fn line(&self) -> String {
        let sum = |counts: &BTreeMap<String, u64>| counts.values().sum::<u64>();
        let line = format!(
            "{} · {} matched · {} · {}",
            counted(self.events(), "record"),
            grouped(sum(&self.matched)),
            counted(sum(&self.triggers), "trigger"),
            counted(sum(&self.dead), "dead letter"),
        );
        match self.unknown {
            0 => line,
            1 => format!("{line}, or more: the log did not tell how one transaction ended"),
            many => format!("{line}, or more: the log did not tell how {many} transactions ended"),
        }
    }
}

/// Bursts that are open, and the time that the clock stands at, where it runs.
pub(crate) fn open_bursts(metrics: &Metrics) -> (u64, Option<Time>) {
    metrics.upkeep();
    let text = metrics.render();
    let total = |name: &str| sums(&text, name, "").values().sum::<u64>();
    let clock = Some(total("winback_watermark_timestamp_seconds")).filter(|seconds| *seconds > 0);
    let millis = clock.and_then(|seconds| i64::try_from(seconds.saturating_mul(1_000)).ok());
    (total("winback_open_bursts"), millis.map(Time::from_millis))
}

/// True if some partition has a backlog of calendar entries or fan-outs.
pub(crate) fn has_backlog(metrics: &Metrics) -> bool {
    metrics.upkeep();
    sums(&metrics.render(), "winback_partitions_telling", "").values().any(|partitions| *partitions > 0)
}

/// The values of a metric's series, summed by one label; zeros are left out.
fn sums(text: &str, name: &str, label: &str) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix(name) else { continue };
        let Some((labels, value)) = rest.rsplit_once(' ') else { continue };
        if !labels.is_empty() && !labels.starts_with('{') {
            continue;
        }
        let value: f64 = value.parse().unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counters are whole and not negative"
        )]
        let value = value as u64;
        let key = labels.split(&format!("{label}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        if value > 0 {
            *sums.entry(key.unwrap_or_default().to_owned()).or_default() += value;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_may_be_too_small_say_so() {
        let line = |unknown| Summary { unknown, ..Summary::default() }.line();
        assert!(line(0).ends_with("0 dead letters"));
        assert!(line(1).ends_with(", or more: the log did not tell how one transaction ended"));
        assert!(line(2).ends_with("how 2 transactions ended"));
    }

    #[test]
    fn series_are_summed_by_a_label() {
        let text = "winback_dropped_total{source=\"a\",reason=\"bot\"} 3\nwinback_dropped_total{source=\"b\",reason=\"bot\"} 4\n\
                    winback_dropped_total_more 9\nwinback_dropped_total{source=\"a\",reason=\"asset\"} 0\n";
        assert_eq!(sums(text, "winback_dropped_total", "reason"), [("bot".to_owned(), 7)].into());
        assert_eq!(sums(text, "winback_dropped_total", "").values().sum::<u64>(), 7);
    }
}
