//! The facts of a report, read from the tables.

use std::collections::HashMap;

use winback_core::time::Time;
use winback_figures::facts as figures;
use winback_figures::facts::{
    Acquisition, Costs, End, Facts, Money, MonthAmount, Rate, Return, Spell, Touch,
};

use crate::store::{Values, values};
use crate::{Database, LedgerError, Value};

/// Everything that a report is made of. `into` is its currency, `margin_permille` the margin of revenue.
///
/// # Errors
/// If the database cannot be read.
pub fn facts(
    database: &mut dyn Database,
    as_of: Time,
    into: &str,
    margin_permille: u32,
) -> Result<Facts, LedgerError> {
    crate::schema::check(database)?;
    let mut spells = spells(database)?;
    let places = Places::of(&spells);
    touches(database, &mut spells, &places)?;
    answers(database, &mut spells, &places)?;
    held_out(database, &mut spells, &places)?;
    asked(database, &mut spells, &places)?;
    Ok(Facts {
        as_of: as_of.millis(),
        known_from: known_from(database)?,
        spells,
        costs: costs(database, margin_permille)?,
        rates: rates(database, into)?,
    })
}

/// The spells of each account by their places in the list, in the order of their churns.
struct Places(HashMap<String, Vec<(i64, usize)>>);

impl Places {
    fn of(spells: &[Spell]) -> Self {
        let mut places: HashMap<String, Vec<(i64, usize)>> = HashMap::new();
        for (at, spell) in spells.iter().enumerate() {
            places.entry(spell.account.clone()).or_default().push((spell.churned_at, at));
        }
        Self(places)
    }

    /// The spell of the account at that time.
    fn at(&self, account: &str, time: i64) -> Option<usize> {
        let own = self.0.get(account)?;
        own.iter().rev().find(|(churned_at, _)| *churned_at <= time).map(|(_, at)| *at)
    }
}

fn money(minor: &Value, currency: &Value) -> Option<Money> {
    minor.number().map(|minor| Money { minor, currency: currency.text().to_owned() })
}

fn spells(database: &mut dyn Database) -> Result<Vec<Spell>, LedgerError> {
    let sql = "SELECT account, number, churned_at, reason, tier, segment, owner, arr_minor, currency, held_out, gone_at, \
               triggered_at, returned_at, return_arr_minor, return_currency, churned_again_at \
               FROM spells ORDER BY account, number";
    let rows = database.query(sql, &[])?;
    Ok(rows.iter().filter_map(spell).collect())
}

fn spell(row: &Values) -> Option<Spell> {
    let [account, number, churned_at, reason, tier, segment, owner, arr, currency, held_out, rest @ ..] =
        row.as_slice()
    else {
        return None;
    };
    let [gone_at, triggered_at, returned_at, return_arr, return_currency, again_at] = rest else {
        return None;
    };
    let returned = returned_at.number().map(|at| Return { at, arr: money(return_arr, return_currency) });
    let is_impossible = reason.text() == "impossible";
    let ended = gone_at.number().filter(|_| returned.is_none()).map(|at| End { at, is_impossible });
    Some(Spell {
        account: account.text().to_owned(),
        number: u32::try_from(number.int()).unwrap_or_default(),
        churned_at: churned_at.int(),
        reason: reason.text().to_owned(),
        tier: tier.text().to_owned(),
        segment: segment.text().to_owned(),
        owner: owner.text().to_owned(),
        arr: money(arr, currency),
        first_trigger: triggered_at.number(),
        is_flagged: held_out.int() != 0,
        left_again_at: again_at.number(),
        returned,
        ended,
        ..Spell::default()
    })
}

fn touches(database: &mut dyn Database, spells: &mut [Spell], places: &Places) -> Result<(), LedgerError> {
    let sql = "SELECT a.account, a.at, a.channel, a.play, t.kinds FROM actions AS a \
               LEFT JOIN triggers AS t ON t.account = a.account AND t.id = a.trigger_id \
               WHERE a.outcome = 'delivered' ORDER BY a.account, a.at, a.trigger_id";
    for row in database.query(sql, &[])? {
        let [account, at, channel, play, kinds] = row.as_slice() else { continue };
        let Some(spell) = places.at(account.text(), at.int()).and_then(|place| spells.get_mut(place)) else {
            continue;
        };
        spell.touches.push(Touch {
            at: at.int(),
            channel: channel.text().to_owned(),
            play: play.text().to_owned(),
            trigger_kind: kinds.text().split(',').next().unwrap_or_default().to_owned(),
            ..Touch::default()
        });
    }
    Ok(())
}

fn answers(database: &mut dyn Database, spells: &mut [Spell], places: &Places) -> Result<(), LedgerError> {
    let sql = "SELECT account, at, kind FROM answers WHERE kind NOT IN ('reactivated', 'self_reactivated') \
               ORDER BY account, at, id";
    for row in database.query(sql, &[])? {
        let [account, at, kind] = row.as_slice() else { continue };
        if let Some(spell) = places.at(account.text(), at.int()).and_then(|place| spells.get_mut(place)) {
            spell.answers.push(figures::Answer { at: at.int(), kind: kind.text().to_owned() });
        }
    }
    Ok(())
}

/// The first time at which the hold-out kept a trigger back.
fn held_out(database: &mut dyn Database, spells: &mut [Spell], places: &Places) -> Result<(), LedgerError> {
    let sql = "SELECT account, at FROM judgements WHERE because = 'hold_out' ORDER BY account, at";
    for row in database.query(sql, &[])? {
        let [account, at] = row.as_slice() else { continue };
        if let Some(spell) = places.at(account.text(), at.int()).and_then(|place| spells.get_mut(place)) {
            spell.first_held_out.get_or_insert(at.int());
        }
    }
    Ok(())
}

/// The first act of strength 3 in a trigger's evidence.
fn asked(database: &mut dyn Database, spells: &mut [Spell], places: &Places) -> Result<(), LedgerError> {
    let sql = "SELECT account, asked_at FROM triggers WHERE asked_at IS NOT NULL ORDER BY account, asked_at";
    for row in database.query(sql, &[])? {
        let [account, at] = row.as_slice() else { continue };
        if let Some(spell) = places.at(account.text(), at.int()).and_then(|place| spells.get_mut(place)) {
            spell.asked_at.get_or_insert(at.int());
        }
    }
    Ok(())
}

/// The first record that the ledger learned of.
fn known_from(database: &mut dyn Database) -> Result<i64, LedgerError> {
    let rows = database.query("SELECT min(learned_at) FROM account_states", &[])?;
    Ok(rows.first().and_then(|row| row.first()).map_or(0, Value::int))
}

fn costs(database: &mut dyn Database, margin_permille: u32) -> Result<Costs, LedgerError> {
    let mut costs = Costs { margin_permille, ..Costs::default() };
    let sql = "SELECT month, kind, name, amount_minor, currency FROM costs ORDER BY month, kind, name";
    for row in database.query(sql, &[])? {
        let [month, kind, name, minor, currency] = row.as_slice() else { continue };
        let Some(amount) = money(minor, currency) else { continue };
        match kind.text() {
            "fixed" => costs.fixed.push(MonthAmount { month: month.text().to_owned(), amount }),
            // The newest month's holds.
            "touch" => {
                costs.per_touch.retain(|(channel, _)| channel != name.text());
                costs.per_touch.push((name.text().to_owned(), amount));
            }
            _ => costs.hour = Some(amount),
        }
    }
    let sql = "SELECT month, customers, amount_minor, currency FROM acquisition ORDER BY month";
    for row in database.query(sql, &[])? {
        let [month, customers, minor, currency] = row.as_slice() else { continue };
        let Some(spend) = money(minor, currency) else { continue };
        let customers = u32::try_from(customers.int()).unwrap_or_default();
        costs.acquisition.push(Acquisition { month: month.text().to_owned(), spend, customers });
    }
    Ok(costs)
}

fn rates(database: &mut dyn Database, into: &str) -> Result<Vec<Rate>, LedgerError> {
    let sql =
        "SELECT month, currency, millionths FROM rates WHERE into_currency = ?1 ORDER BY month, currency";
    let rows = database.query(sql, values![into])?;
    let rate = |row: &Values| match row.as_slice() {
        [month, currency, millionths] => Some(Rate {
            month: month.text().to_owned(),
            currency: currency.text().to_owned(),
            millionths: millionths.int(),
        }),
        _ => None,
    };
    Ok(rows.iter().filter_map(rate).collect())
}
