//! The features that churned accounts missed, and what each is worth.

use std::collections::BTreeMap;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;
use winback_core::account::{Status, Tier};
use winback_proto::v1;
use winback_terminal::grouped;

use super::words;

/// A missing feature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// The feature, as most accounts write it.
    pub feature: String,
    /// The number of accounts that missed it.
    pub accounts: u64,
    /// Their yearly revenue in US dollars. An account that missed several features counts in each.
    pub arr_usd: u64,
    /// The number of accounts of tier 1.
    pub tier1: u64,
    /// The number of accounts that missed nothing else.
    pub alone: u64,
}

/// The missing features of the accounts that are still away.
#[derive(Debug, Default)]
pub struct Gaps(BTreeMap<String, (Gap, BTreeMap<String, u64>)>);

impl Gaps {
    /// Counts an account; one that is a customer misses nothing.
    pub fn add(&mut self, account: &v1::Account) {
        if account.status != Status::Churned.as_str() {
            return;
        }
        // An account that writes a feature twice misses it once, as it wrote it first.
        let mut features: BTreeMap<String, &String> = BTreeMap::new();
        for feature in &account.missing_features {
            features.entry(normal(feature)).or_insert(feature);
        }
        for (key, &feature) in &features {
            let (gap, spellings) = self.0.entry(key.clone()).or_default();
            gap.accounts += 1;
            gap.arr_usd += account.arr_usd;
            gap.tier1 += u64::from(Tier::of(account.arr_usd) == Tier::One);
            gap.alone += u64::from(features.len() == 1);
            *spellings.entry(feature.clone()).or_default() += 1;
        }
    }

    /// The features, the one of the greatest revenue first.
    pub fn rows(&self) -> Vec<Gap> {
        let named = |(gap, spellings): &(Gap, BTreeMap<String, u64>)| {
            let most = spellings.iter().max_by_key(|(_, count)| **count);
            Gap { feature: most.map_or_else(String::new, |(name, _)| name.clone()), ..gap.clone() }
        };
        let mut rows: Vec<Gap> = self.0.values().map(named).collect();
        rows.sort_by_key(|gap| std::cmp::Reverse((gap.arr_usd, gap.accounts)));
        rows
    }

    /// A table for a person.
    pub fn text(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["FEATURE", "ACCOUNTS", "ARR $", "TIER 1", "NOTHING ELSE MISSED"]);
        for gap in self.rows() {
            let cells = [gap.accounts, gap.arr_usd, gap.tier1, gap.alone];
            let cells = cells.map(|value| Cell::new(grouped(value)).set_alignment(CellAlignment::Right));
            table.add_row(std::iter::once(Cell::new(words::safe(&gap.feature))).chain(cells));
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }
}

/// A feature's key: its letters and digits in lower case.
fn normal(feature: &str) -> String {
    feature.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(arr_usd: u64, features: &[&str]) -> v1::Account {
        v1::Account {
            arr_usd,
            missing_features: features.iter().map(|feature| (*feature).to_owned()).collect(),
            status: Status::Churned.as_str().to_owned(),
            ..v1::Account::default()
        }
    }

    #[test]
    fn spellings_of_a_feature_are_one_gap_and_its_revenue_adds_up() {
        let mut gaps = Gaps::default();
        gaps.add(&account(60_000, &["SSO", "sso"]));
        gaps.add(&account(1_000, &["SSO", "Audit log"]));
        gaps.add(&account(2_000, &["audit-log"]));
        gaps.add(&v1::Account { status: Status::Active.as_str().to_owned(), ..account(9_000, &["SSO"]) });
        let gap = |feature: &str, accounts, arr_usd, tier1, alone| Gap {
            feature: feature.to_owned(),
            accounts,
            arr_usd,
            tier1,
            alone,
        };
        let rows = gaps.rows();
        assert_eq!(rows[0], gap("SSO", 2, 61_000, 1, 1), "a customer misses nothing");
        assert_eq!((rows[1].accounts, rows[1].arr_usd, rows[1].alone), (2, 3_000, 1));
    }
}
