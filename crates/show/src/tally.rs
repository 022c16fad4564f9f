//! Decisions, counted: by the outcome, by the churn reason, by the policy.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;
use winback_core::debounce::shadow::is_shadow;
use winback_core::debounce::{BurstOutcome, Gate, SignalOutcome};
use winback_proto::v1;
use winback_terminal::grouped;

use super::gates::gate_words;
use super::words;

/// The group of an account that is not on the list.
const NOT_LISTED: &str = "not listed";

winback_core::closed_enum! {
    /// The property that decisions are grouped by.
    By {
        /// The outcome, with the gate or the cap that kept the trigger back.
        Gate = "gate",
        /// The churn reason of the account.
        Reason = "reason",
        /// The policy.
        Policy = "policy",
    }
}

/// The counts of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The group: the outcome, the churn reason or the policy.
    pub name: String,
    /// The gate or the cap; only by gate.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub because: String,
    /// The number of decisions.
    pub decisions: u64,
    /// The number of accounts.
    pub accounts: usize,
    /// The number of decisions that fired a starting trigger.
    pub fired: u64,
    /// The number of decisions, by outcome.
    pub outcomes: BTreeMap<String, u64>,
}

/// The decisions of a time by group.
#[derive(Debug)]
pub struct Tally {
    by: By,
    groups: BTreeMap<(String, String), Group>,
}

#[derive(Debug, Default)]
struct Group {
    accounts: BTreeSet<String>,
    outcomes: BTreeMap<String, u64>,
}

impl Tally {
    /// Empty counts.
    pub const fn new(by: By) -> Self {
        Self { by, groups: BTreeMap::new() }
    }

    /// Counts a decision. `reason` is the churn reason of its account. Shadow policies are counted by policy only: nobody
    /// acts on their triggers.
    pub fn add(&mut self, decision: &v1::Decision, reason: Option<&str>) {
        let key = match self.by {
            By::Policy => (decision.policy.clone(), String::new()),
            _ if is_shadow(&decision.policy) => return,
            By::Reason => (reason.unwrap_or(NOT_LISTED).to_owned(), String::new()),
            By::Gate if is_kept_back(&decision.outcome) => {
                (decision.outcome.clone(), decision.because.clone())
            }
            By::Gate => (decision.outcome.clone(), String::new()),
        };
        let group = self.groups.entry(key).or_default();
        group.accounts.insert(decision.account_id.clone());
        *group.outcomes.entry(decision.outcome.clone()).or_default() += 1;
    }

    /// The groups, the largest first.
    pub fn rows(&self) -> Vec<Row> {
        let row = |((name, because), group): (&(String, String), &Group)| Row {
            name: name.clone(),
            because: because.clone(),
            decisions: group.outcomes.values().sum(),
            accounts: group.accounts.len(),
            fired: group.count(is_start),
            outcomes: group.outcomes.clone(),
        };
        let mut rows: Vec<Row> = self.groups.iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.decisions));
        rows
    }

    /// A table for a person.
    pub fn text(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        match self.by {
            By::Gate => self.by_gate(&mut table),
            By::Reason | By::Policy => self.by_group(&mut table),
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    fn by_gate(&self, table: &mut Table) {
        table.set_header(["OUTCOME", "BECAUSE", "DECISIONS", "ACCOUNTS", ""]);
        for row in self.rows() {
            let meaning = Gate::parse(&row.because).map_or("", |gate| gate_words(gate).0);
            table.add_row([
                Cell::new(words::spaced(&row.name)),
                Cell::new(words::spaced(&row.because)),
                number(row.decisions),
                number(row.accounts as u64),
                Cell::new(meaning),
            ]);
        }
    }

    fn by_group(&self, table: &mut Table) {
        let first = if self.by == By::Reason { "REASON" } else { "POLICY" };
        table.set_header([
            first,
            "ACCOUNTS",
            "DECISIONS",
            "FIRED",
            "GATED",
            "CAPPED",
            "BELOW SCORE",
            "OTHER",
        ]);
        for row in self.rows() {
            let of =
                |names: &[&str]| -> u64 { names.iter().filter_map(|name| row.outcomes.get(*name)).sum() };
            let gated = of(&[SignalOutcome::Gated.as_str()]);
            let capped = of(&[SignalOutcome::Capped.as_str()]);
            let below = of(&[BurstOutcome::BelowThreshold.as_str()]);
            table.add_row([
                Cell::new(words::spaced(&row.name)),
                number(row.accounts as u64),
                number(row.decisions),
                number(row.fired),
                number(gated),
                number(capped),
                number(below),
                number(row.decisions - row.fired - gated - capped - below),
            ]);
        }
    }
}

impl Group {
    fn count(&self, is: impl Fn(&str) -> bool) -> u64 {
        self.outcomes.iter().filter(|(name, _)| is(name)).map(|(_, count)| count).sum()
    }
}

fn number(value: u64) -> Cell {
    Cell::new(grouped(value)).set_alignment(CellAlignment::Right)
}

/// True if a gate or a cap kept a trigger back.
fn is_kept_back(outcome: &str) -> bool {
    [SignalOutcome::Gated.as_str(), SignalOutcome::Capped.as_str()].contains(&outcome)
}

/// True if the decision fired a starting trigger.
fn is_start(outcome: &str) -> bool {
    let signals = [SignalOutcome::FiredLeading, SignalOutcome::Escalated];
    signals.iter().any(|start| start.as_str() == outcome) || BurstOutcome::Fired.as_str() == outcome
}

#[cfg(test)]
mod tests {
    use winback_core::debounce::shadow::shadow_of;

    use super::*;

    fn decision(account: &str, outcome: &str, because: &str) -> v1::Decision {
        v1::Decision {
            account_id: account.to_owned(),
            policy: "default".to_owned(),
            outcome: outcome.to_owned(),
            because: because.to_owned(),
            ..v1::Decision::default()
        }
    }

    fn tally(by: By) -> Tally {
        let mut tally = Tally::new(by);
        tally.add(&decision("a", "gated", "hold_out"), Some("price"));
        tally.add(&decision("a", "gated", "hold_out"), Some("price"));
        tally.add(&decision("b", "gated", "declined"), None);
        tally.add(&decision("a", "led", "leading"), Some("price"));
        let shadow = v1::Decision { policy: shadow_of("default"), ..decision("c", "led", "") };
        tally.add(&shadow, Some("price"));
        tally
    }

    #[test]
    fn a_gate_is_a_group_of_its_own_and_is_told_in_words() {
        let rows = tally(By::Gate).rows();
        let shown: Vec<_> =
            rows.iter().map(|row| (&*row.name, &*row.because, row.decisions, row.accounts)).collect();
        assert_eq!(
            shown,
            [("gated", "hold_out", 2, 1), ("gated", "declined", 1, 1), ("led", "", 1, 1)],
            "what a shadow decided is not there"
        );
        assert!(tally(By::Gate).text().contains("the account is in the hold-out group"));
    }

    #[test]
    fn a_churn_reason_counts_its_accounts_and_its_starts() {
        let rows = tally(By::Reason).rows();
        let shown: Vec<_> =
            rows.iter().map(|row| (&*row.name, row.decisions, row.accounts, row.fired)).collect();
        assert_eq!(shown, [("price", 3, 1, 1), ("not listed", 1, 1, 0)]);
    }

    #[test]
    fn a_shadow_is_a_policy_beside_the_live_one() {
        let rows = tally(By::Policy).rows();
        assert_eq!(rows.iter().map(|row| &*row.name).collect::<Vec<_>>(), ["default", "default~shadow"]);
    }
}
