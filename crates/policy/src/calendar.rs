//! The section of a policy file about the calendar.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use winback_core::debounce::{CalendarRules, Entry, MOST_A_YEAR};
use winback_core::text::nearest;

use crate::error::{PolicyError, wrong};
use crate::schema::names;

/// Set the entries that the calendar makes signals of; an entry goes through all policies.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileCalendar {
    /// The entries that are wanted; all of them without it.
    #[schemars(extend("items" = { "type": "string", "enum": names(Entry::ALL, Entry::as_str) }))]
    entries: Option<Vec<String>>,
    /// The months in which next year's budgets are made, 1 to 12.
    #[schemars(extend("items" = { "type": "integer", "minimum": 1, "maximum": 12 }))]
    budget_months: Option<Vec<u8>>,
    /// The most entries of an account in a year, at most 4.
    #[schemars(extend("maximum" = MOST_A_YEAR))]
    time_based_a_year: Option<u32>,
}

impl FileCalendar {
    pub(crate) fn rules(self) -> Result<CalendarRules, PolicyError> {
        let names: Vec<&str> = Entry::ALL.iter().map(|entry| entry.as_str()).collect();
        let entry = |name: String| {
            let fix = || format!("no such entry{}", nearest(&name, &names));
            Entry::parse(&name).ok_or_else(|| wrong("calendar.entries", &name, &fix()))
        };
        let entries = match self.entries {
            Some(names) => names.into_iter().map(entry).collect::<Result<_, _>>()?,
            None => Entry::ALL.iter().copied().collect(),
        };
        // Most plan the next year in the fourth quarter; an account gets one entry of it, at its beginning.
        let budget_months: BTreeSet<u8> =
            self.budget_months.unwrap_or_else(|| vec![10]).into_iter().collect();
        let most = self.time_based_a_year.unwrap_or(MOST_A_YEAR);
        Ok(CalendarRules { entries, budget_months, most })
    }
}
