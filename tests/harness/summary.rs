//! The summary that a run prints at its end.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Counts by name.
pub(crate) type Counts = BTreeMap<String, u64>;

/// The last line of `run --until-idle --json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Summary {
    pub(crate) records: Counts,
    pub(crate) signals: u64,
    pub(crate) dropped: Counts,
    pub(crate) dead: Counts,
    pub(crate) matched: Counts,
    pub(crate) answers: Counts,
    pub(crate) unmatched: u64,
    pub(crate) ambiguous: u64,
    pub(crate) decisions: Counts,
    pub(crate) burst_ends: Counts,
    pub(crate) triggers: Counts,
    pub(crate) actions: Counts,
    pub(crate) imbalance: u64,
    pub(crate) broadcasts: u64,
    pub(crate) made: u64,
}
