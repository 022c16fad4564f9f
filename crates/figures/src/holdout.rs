//! The returns that would have come anyway: the hold-out against those who were approached (L10).

use std::collections::BTreeMap;

use serde::Serialize;

use crate::facts::{Facts, Spell};
use crate::interval::{Difference, Share, needed};
use crate::period::DAY;
use crate::survival::{Outcome, Wait, kaplan_meier};

/// The days within which a return counts in the comparison.
pub const HORIZON_DAYS: i64 = 180;
/// The difference of shares that one wants to find.
pub const WANTED: f64 = 0.02;
/// The least number of accounts in each group; below it nothing is said.
const LEAST: u64 = 20;

/// The comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HoldOut {
    /// Those who were approached, by assignment: returns within the horizon.
    pub approached: Share,
    /// Those who were held out.
    pub held_out: Share,
    /// The difference; none where a group is too small.
    pub difference: Option<Difference>,
    /// The accounts that each group needs to find a difference of two points in 80 of 100 cases.
    pub needed: u64,
    /// True if the difference is told from none.
    pub is_known: bool,
}

/// Compares first starts and first judgements of the hold-out, whatever was sent later. `None`: nobody was held out.
///
/// An account counts once, by its first such moment, so that a second churn adds nobody. The hold-out belongs to the account:
/// who was ever held out is in that group. An account that a person flagged is in neither.
pub fn compare(facts: &Facts) -> Option<HoldOut> {
    let (mut held, mut approached) = (Vec::new(), Vec::new());
    for spells in accounts(facts).values().filter(|spells| spells.iter().all(|spell| !spell.is_flagged)) {
        let first = |at: fn(&Spell) -> Option<i64>| {
            let moments = spells.iter().filter_map(|spell| Some((at(spell)?, *spell)));
            moments.min_by_key(|(at, _)| *at).and_then(|(at, spell)| wait(spell, at, facts.as_of))
        };
        if spells.iter().any(|spell| spell.first_held_out.is_some()) {
            held.extend(first(|spell| spell.first_held_out));
        } else {
            approached.extend(first(|spell| spell.first_trigger));
        }
    }
    if held.is_empty() {
        return None;
    }
    let (one, two) = (share(&approached), share(&held));
    let is_small = one.n < LEAST || two.n < LEAST;
    let whole = approached.iter().chain(&held).all(is_whole);
    let difference = match (is_small, whole) {
        (true, _) => None,
        (false, true) => Difference::of_shares(&one, &two),
        (false, false) => Some(Difference::of(estimate(&approached), estimate(&held))),
    };
    let is_known = difference.is_some_and(|difference| !difference.is_open());
    let base = two.value().unwrap_or_default();
    Some(HoldOut { approached: one, held_out: two, difference, needed: needed(base, WANTED), is_known })
}

/// The spells of each account.
fn accounts(facts: &Facts) -> BTreeMap<&str, Vec<&Spell>> {
    let mut accounts: BTreeMap<&str, Vec<&Spell>> = BTreeMap::new();
    for spell in &facts.spells {
        accounts.entry(&spell.account).or_default().push(spell);
    }
    accounts
}

fn wait(spell: &Spell, from: i64, as_of: i64) -> Option<Wait> {
    let days = |at: i64| (at - from).div_euclid(DAY);
    let back = spell.returned.as_ref().map(|back| days(back.at));
    let seen = days(as_of.min(spell.ended.as_ref().map_or(as_of, |end| end.at))).min(HORIZON_DAYS);
    match back {
        Some(day) if day < 0 => None,
        Some(day) if day <= HORIZON_DAYS => Some(Wait { entry: 0, exit: day, outcome: Outcome::Event }),
        _ => Some(Wait { entry: 0, exit: seen.max(0), outcome: Outcome::Waits }),
    }
}

fn is_whole(wait: &Wait) -> bool {
    wait.outcome == Outcome::Event || wait.exit >= HORIZON_DAYS
}

fn share(waits: &[Wait]) -> Share {
    let events = waits.iter().filter(|wait| wait.outcome == Outcome::Event).count();
    Share::new(events as u64, waits.len() as u64)
}

/// The share at the horizon, with its interval, where some were not seen so long.
fn estimate(waits: &[Wait]) -> (f64, f64, f64) {
    let last = kaplan_meier(waits).pop();
    last.map_or((0.0, 0.0, Share::new(0, waits.len() as u64).high), |point| {
        (point.share, point.low, point.high)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Return;

    fn group(count: i64, back: i64, held: bool) -> impl Iterator<Item = Spell> {
        (0..count).map(move |number| Spell {
            account: format!("{held}{number}"),
            first_trigger: (!held).then_some(0),
            first_held_out: held.then_some(0),
            returned: (number < back).then_some(Return { at: 30 * DAY, arr: None }),
            ..Spell::default()
        })
    }

    fn facts(spells: impl Iterator<Item = Spell>, days: i64) -> Facts {
        Facts { spells: spells.collect(), as_of: days * DAY, ..Facts::default() }
    }

    #[test]
    fn a_difference_that_is_seen_whole_is_newcombes() {
        let found = compare(&facts(group(70, 56, false).chain(group(80, 48, true)), 200)).unwrap();
        let difference = found.difference.unwrap();
        assert_eq!(format!("{:.4} {:.4}", difference.low, difference.high), "0.0524 0.3339");
        assert!(found.is_known);
    }

    #[test]
    fn the_golden_years_difference_is_not_enough_to_say() {
        let found = compare(&facts(group(2_160, 168, false).chain(group(240, 12, true)), 400)).unwrap();
        assert!(!found.is_known, "{found:?}");
        assert_eq!(found.needed, 2_210);
    }

    #[test]
    fn small_groups_say_nothing_and_flagged_accounts_are_in_none() {
        let found = compare(&facts(group(100, 50, false).chain(group(19, 0, true)), 400)).unwrap();
        assert_eq!((found.difference, found.is_known), (None, false));
        let flagged = group(50, 0, true).map(|spell| Spell { is_flagged: true, ..spell });
        assert_eq!(compare(&facts(group(100, 50, false).chain(flagged), 400)), None);
    }

    #[test]
    fn who_was_not_seen_the_whole_horizon_counts_for_as_long_as_they_were() {
        let found = compare(&facts(group(100, 40, false).chain(group(100, 10, true)), 60)).unwrap();
        let difference = found.difference.unwrap();
        assert!((difference.value - 0.3).abs() < 1e-9 && found.is_known, "{found:?}");
    }
    #[test]
    fn an_account_that_leaves_twice_is_compared_once() {
        let twice = || group(40, 10, false).chain(group(40, 4, true));
        let again = twice().map(|spell| Spell {
            number: 2,
            first_trigger: spell.first_trigger.map(|at| at + 90 * DAY),
            first_held_out: spell.first_held_out.map(|at| at + 90 * DAY),
            returned: None,
            ..spell
        });
        let found = compare(&facts(twice().chain(again), 400)).unwrap();
        assert_eq!((found.approached.of, found.approached.n), (10, 40));
        assert_eq!((found.held_out.of, found.held_out.n), (4, 40));
    }
}
