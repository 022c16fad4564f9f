//! Daily counts of spells, moved with each spell in the same transaction.

use std::collections::BTreeMap;

use winback_core::closed_enum;
use winback_core::time::Time;

use crate::derive::Spell;
use crate::read::DAY;
use crate::store::{Values, values};
use crate::{Database, LedgerError, Value};

closed_enum! {
    /// An event of a spell that is counted by its day.
    Event {
        /// The churn.
        Churned = "churned",
        /// The first trigger.
        Triggered = "triggered",
        /// The first touch.
        Attempted = "attempted",
        /// The first answer.
        Answered = "answered",
        /// The return.
        Returned = "returned",
    }
}

/// Day, event, reason, tier and segment.
type Cell = (i64, Event, String, String, String);

/// Counts of spells by cell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts(BTreeMap<Cell, i64>);

impl Counts {
    pub(crate) fn of(spells: &[Spell]) -> Self {
        let mut counts = Self::default();
        for spell in spells {
            let times = [
                Some(spell.state.churned_at),
                spell.triggered_at,
                spell.attempted_at,
                spell.answered_at,
                spell.returned.as_ref().map(|returned| returned.at),
            ];
            let state = &spell.state;
            counts.add(times.map(|at| at.map(Time::millis)), [&state.reason, &state.tier, &state.segment]);
        }
        counts
    }

    /// Rows of five times, in the order of the events, and of reason, tier and segment.
    pub(crate) fn of_rows(rows: &[Values]) -> Self {
        let mut counts = Self::default();
        for row in rows {
            let time = |column: usize| row.get(column).and_then(Value::number);
            let text = |column: usize| row.get(column).map_or("", Value::text);
            counts.add([0, 1, 2, 3, 4].map(time), [5, 6, 7].map(text));
        }
        counts
    }

    fn add(&mut self, times: [Option<i64>; 5], [reason, tier, segment]: [&str; 3]) {
        for (event, at) in Event::ALL.iter().zip(times) {
            let Some(at) = at else { continue };
            let cell = (at.div_euclid(DAY), *event, reason.to_owned(), tier.to_owned(), segment.to_owned());
            *self.0.entry(cell).or_default() += 1;
        }
    }
}

/// Takes the counts before away and adds those after.
pub(crate) fn move_counts(
    database: &mut dyn Database,
    before: &Counts,
    after: &Counts,
) -> Result<(), LedgerError> {
    let mut changes = after.0.clone();
    for (cell, count) in &before.0 {
        *changes.entry(cell.clone()).or_default() -= count;
    }
    let sql = "INSERT INTO daily (day, what, reason, tier, segment, spells) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
               ON CONFLICT (day, what, reason, tier, segment) DO UPDATE SET spells = daily.spells + excluded.spells";
    for ((day, event, reason, tier, segment), change) in changes.iter().filter(|(_, change)| **change != 0) {
        database.execute(sql, values![*day, event.as_str(), reason, tier, segment, *change])?;
    }
    Ok(())
}
