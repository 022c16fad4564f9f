//! The counts at the end: what was read is what came of it (R14).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use winback_show::words::{BAD, BOLD, DIM, GOOD, styled};
use winback_terminal::grouped;

use super::Outcome;
use super::accounts::Found;

/// Counts by name.
#[derive(Debug, Default)]
pub struct Tally {
    /// Records of the file.
    pub records: u64,
    events: u64,
    signals: BTreeMap<String, u64>,
    answers: BTreeMap<String, u64>,
    fan_outs: BTreeMap<String, u64>,
    dropped: BTreeMap<String, u64>,
    dead: BTreeMap<String, u64>,
    matched: BTreeMap<String, u64>,
    ambiguous: u64,
    unmatched: u64,
}

impl Tally {
    /// Counts one event.
    pub fn add(&mut self, outcome: &Outcome) {
        self.events += 1;
        let (counts, name) = match outcome {
            Outcome::Signal(signal) => (&mut self.signals, signal.kind),
            Outcome::Answer(signal) => (&mut self.answers, signal.kind),
            Outcome::FanOut(signal) => (&mut self.fan_outs, signal.kind),
            Outcome::Dropped(reason) => (&mut self.dropped, *reason),
            Outcome::Dead { reason, .. } => (&mut self.dead, *reason),
        };
        *counts.entry(name.to_owned()).or_default() += 1;
        if let Outcome::Signal(signal) | Outcome::Answer(signal) = outcome {
            match &signal.found {
                Some(Found::Account { method, .. }) => {
                    *self.matched.entry((*method).to_owned()).or_default() += 1;
                }
                Some(Found::Ambiguous(_)) => self.ambiguous += 1,
                Some(Found::Nobody) => self.unmatched += 1,
                None => {}
            }
        }
    }

    /// True if something was not understood.
    pub fn has_dead(&self) -> bool {
        !self.dead.is_empty()
    }

    /// As one line of JSON.
    pub fn json(&self, with_accounts: bool) -> Value {
        let mut value = json!({
            "records": self.records, "events": self.events, "signals": self.signals, "answers": self.answers,
            "fanOuts": self.fan_outs, "dropped": self.dropped,
            "dead": self.dead,
        });
        if with_accounts {
            value["matched"] = json!(self.matched);
            value["ambiguous"] = json!(self.ambiguous);
            value["unmatched"] = json!(self.unmatched);
        }
        value
    }

    /// As a person reads it.
    pub fn text(&self, accounts: Option<usize>) -> String {
        let of = |count: u64, what: &str| if count == 1 { what.to_owned() } else { format!("{what}s") };
        let mut lines = vec![styled(
            BOLD,
            &format!(
                "{} {} with {} {}",
                grouped(self.records),
                of(self.records, "record"),
                grouped(self.events),
                of(self.events, "event")
            ),
        )];
        for (style, what, counts) in [
            (GOOD, "signal", &self.signals),
            (GOOD, "answer", &self.answers),
            (GOOD, "fan-out", &self.fan_outs),
            (DIM, "dropped", &self.dropped),
            (BAD, "dead", &self.dead),
        ] {
            lines.extend(line(style, what, counts));
        }
        if let Some(accounts) = accounts {
            let mut counts = self.matched.clone();
            counts.insert("nobody on the list".to_owned(), self.unmatched);
            counts.insert("claimed by several".to_owned(), self.ambiguous);
            counts.retain(|_, count| *count > 0);
            lines.extend(line(GOOD, "matched", &counts).map(|line| {
                let number = u64::try_from(accounts).unwrap_or(u64::MAX);
                format!("{line}, of {} accounts", grouped(number))
            }));
        }
        lines.join("\n")
    }
}

/// `  dropped    2,223  bot 2,000 · asset 223`, the most frequent first.
fn line(style: anstyle::Style, what: &str, counts: &BTreeMap<String, u64>) -> Option<String> {
    let mut parts: Vec<_> = counts.iter().collect();
    parts.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
    let total: u64 = counts.values().sum();
    let parts: Vec<_> = parts.iter().map(|(name, count)| format!("{name} {}", grouped(**count))).collect();
    (total > 0).then(|| {
        format!("  {} {:>9}  {}", styled(style, &format!("{what:<8}")), grouped(total), parts.join(" · "))
    })
}
