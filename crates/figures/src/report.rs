//! The report: every figure of a period.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::breakdown::{By, Row, rows};
use crate::facts::{Facts, Spell};
use crate::holdout::{self, HoldOut};
use crate::interval::Share;
use crate::money::{Exchange, MissingRate, rounded};
use crate::period::{DAY, Period, month_of, quarter_of};
use crate::spells::Origin;
use crate::survival::{Wait, aalen_johansen, kaplan_meier, on};

/// The days by which returns are counted.
pub const HORIZONS: [i64; 3] = [30, 180, 365];
/// The days by which second churns are counted.
pub const SECOND: [i64; 3] = [90, 180, 365];

/// A report.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The period, as it was asked for.
    pub period: String,
    /// The time that the facts are as of.
    pub as_of: i64,
    /// The currency of all amounts.
    pub currency: String,
    /// From churned to still here.
    pub funnel: Vec<Step>,
    /// Returns in the period over the spells at risk in it (L5).
    pub pool: Share,
    /// Returns within so many days, over the spells that churned at least so long ago (L5).
    pub cohorts: Vec<(i64, Share)>,
    /// The share back by so many days, with bankruptcies as a competing end (L6).
    pub back_by: Vec<(i64, f64)>,
    /// The day by which half are back; none where it is not reached.
    pub median_days: Option<i64>,
    /// The share that left again within so many days, over returns seen that long (L7).
    pub second_churn: Vec<(i64, Share)>,
    /// Returns of the period by what they belong to (L4).
    pub origins: BTreeMap<Origin, u64>,
    /// Money and costs (L8, L9).
    pub money: Money,
    /// The comparison with the hold-out; none where nobody was held out.
    pub hold_out: Option<HoldOut>,
    /// Each month of the period.
    pub months: Vec<Month>,
    /// Returns by quarter of churn and of return.
    pub heat: BTreeMap<String, Cohort>,
    /// Spells that went off the list without a return, beside the rate.
    pub gone: u64,
    /// The groups that were asked for.
    pub rows: Vec<Row>,
}

/// A step of the funnel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// The spells that came so far.
    pub spells: u64,
    /// Their share of the step before; none for the first.
    pub share: Option<Share>,
}

/// Amounts in minor units of the report's currency.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Money {
    /// The cost of the programme in the period.
    pub cost: i128,
    /// The cost of one attributed return.
    pub cac_attributed: Option<i128>,
    /// The cost of one new customer in the same months.
    pub cac_new: Option<i128>,
    /// The cost of a return that would not have come anyway; none while it is not known.
    pub cac_incremental: Option<i128>,
    /// Yearly revenue of the returns of the period, as far as it is known.
    pub recovered: i128,
    /// Returns of which the revenue is not known.
    pub unknown: u64,
    /// Revenue since the returns of the period, until the next churn.
    pub revenue: i128,
    /// Revenue of attributed returns times margin, less the cost, over the cost; in thousandths.
    pub roi_permille: Option<i128>,
}

/// A month.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Month {
    /// Its name, such as 2026-07.
    pub month: String,
    /// Churns.
    pub churned: u64,
    /// Returns.
    pub back: u64,
    /// Yearly revenue that came back.
    pub recovered: i128,
}

/// The spells that churned in a quarter.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Cohort {
    /// Their number.
    pub churned: u64,
    /// Returns by quarters since the churn.
    pub back: BTreeMap<i64, u64>,
}

/// The request of a report.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The period, as a person wrote it.
    pub name: String,
    /// The same, read.
    pub period: Period,
    /// The currency of all amounts.
    pub currency: String,
    /// The breakdown.
    pub by: Option<By>,
}

/// The report of a period.
///
/// # Errors
/// When a sum needs a rate that is not there; the error names the month.
pub fn report(facts: &Facts, asked: &Asked) -> Result<Report, MissingRate> {
    let period = &asked.period;
    let exchange = Exchange::new(facts, &asked.currency);
    let at_risk: Vec<&Spell> = facts.spells.iter().filter(|spell| spell.is_at_risk(period)).collect();
    let back: Vec<&Spell> = at_risk.iter().copied().filter(|spell| spell.back_in(period).is_some()).collect();
    let waits: Vec<Wait> =
        facts.spells.iter().filter_map(|spell| spell.wait(facts.known_from, facts.as_of)).collect();
    let incidence = aalen_johansen(&waits);
    let hold_out = holdout::compare(facts);
    let mut origins = BTreeMap::new();
    back.iter()
        .filter_map(|spell| spell.origin())
        .for_each(|origin| *origins.entry(origin).or_default() += 1);
    Ok(Report {
        period: asked.name.clone(),
        as_of: facts.as_of,
        currency: asked.currency.clone(),
        funnel: funnel(&at_risk, period, facts.as_of),
        pool: Share::new(back.len() as u64, at_risk.len() as u64),
        cohorts: HORIZONS.map(|days| (days, cohort(facts, days))).to_vec(),
        back_by: HORIZONS.map(|days| (days, on(&incidence, days))).to_vec(),
        median_days: incidence.iter().find(|(_, share)| *share >= 0.5).map(|(day, _)| *day),
        second_churn: SECOND.map(|days| (days, second(facts, days))).to_vec(),
        money: money(facts, asked, &exchange, &at_risk, &back, hold_out.as_ref())?,
        origins,
        hold_out,
        months: months(facts, period, &exchange)?,
        heat: heat(facts),
        gone: at_risk.iter().filter(|spell| is_gone(spell, period)).count() as u64,
        rows: asked.by.map_or(Ok(Vec::new()), |by| rows(by, &at_risk, period, &exchange))?,
    })
}

fn is_gone(spell: &Spell, period: &Period) -> bool {
    spell.ended.as_ref().is_some_and(|end| !end.is_impossible && period.has(end.at))
}

/// A test of a spell.
type Test<'a> = &'a dyn Fn(&Spell) -> bool;

fn funnel(at_risk: &[&Spell], period: &Period, as_of: i64) -> Vec<Step> {
    let counts: [(&'static str, Test<'_>); 6] = [
        ("churned", &|_| true),
        ("triggered", &|spell| spell.first_trigger.is_some_and(|at| at < period.to)),
        ("attempted", &|spell| spell.attempts().any(|touch| touch.at < period.to)),
        ("answered", &|spell| spell.answers.iter().any(|answer| answer.at < period.to)),
        ("back", &|spell| spell.back_in(period).is_some()),
        ("still here", &|spell| {
            spell.back_in(period).is_some() && spell.left_again_at.is_none_or(|left| left > as_of)
        }),
    ];
    let mut steps: Vec<Step> = Vec::new();
    for (name, is) in counts {
        let spells = at_risk.iter().filter(|spell| is(spell)).count() as u64;
        // Who came back by themselves is not of those who answered: `back` is a share of all who had left.
        let of = if name == "back" { steps.first() } else { steps.last() };
        let share = of.map(|step| Share::new(spells.min(step.spells), step.spells));
        steps.push(Step { name, spells, share });
    }
    steps
}

/// Returns within so many days, over the spells that churned at least so long ago.
fn cohort(facts: &Facts, days: i64) -> Share {
    let old = facts.spells.iter().filter(|spell| spell.churned_at + days * DAY <= facts.as_of);
    let (mut back, mut all) = (0, 0);
    for spell in old {
        all += 1;
        let within = |at: i64| at <= spell.churned_at + days * DAY;
        back += u64::from(spell.returned.as_ref().is_some_and(|back| within(back.at)));
    }
    Share::new(back, all)
}

fn second(facts: &Facts, days: i64) -> Share {
    let lives =
        || facts.spells.iter().filter_map(|spell| spell.second_life(facts.as_of).map(|life| (spell, life)));
    let seen =
        |spell: &Spell| spell.returned.as_ref().is_some_and(|back| back.at + days * DAY <= facts.as_of);
    let of = lives().filter(|(spell, _)| seen(spell));
    let (mut left, mut all) = (0, 0);
    for (spell, life) in of {
        all += 1;
        left += u64::from(spell.left_again_at.is_some() && life.exit <= days);
    }
    Share::new(left, all)
}

/// The curve of second churns, by Kaplan and Meier.
pub fn second_life(facts: &Facts) -> Vec<crate::survival::Point> {
    let lives: Vec<Wait> = facts.spells.iter().filter_map(|spell| spell.second_life(facts.as_of)).collect();
    kaplan_meier(&lives)
}

fn money(
    facts: &Facts,
    asked: &Asked,
    exchange: &Exchange<'_>,
    at_risk: &[&Spell],
    back: &[&Spell],
    hold_out: Option<&HoldOut>,
) -> Result<Money, MissingRate> {
    let cost = cost(facts, &asked.period, exchange)?;
    let mut found = Money { cost, ..Money::default() };
    let mut attributed_revenue = 0;
    for spell in back {
        let Some(returned) = &spell.returned else { continue };
        let Some(arr) = &returned.arr else {
            found.unknown += 1;
            continue;
        };
        let yearly = exchange.amount(arr, &month_of(returned.at))?;
        let until = spell.left_again_at.unwrap_or(facts.as_of).min(facts.as_of);
        let days = (until - returned.at).div_euclid(DAY).max(0);
        let revenue = rounded(yearly * i128::from(days), 365);
        found.recovered += yearly;
        found.revenue += revenue;
        if spell.origin() == Some(Origin::Attributed) {
            attributed_revenue += revenue;
        }
    }
    let attributed = back.iter().filter(|spell| spell.origin() == Some(Origin::Attributed)).count();
    found.cac_attributed = (attributed > 0).then(|| rounded(cost, attributed as i128));
    found.cac_new = new_customers(facts, &asked.period, exchange)?;
    found.cac_incremental = incremental(hold_out, at_risk).map(|returns| rounded(cost, returns));
    if cost > 0 {
        let margin = rounded(attributed_revenue * i128::from(facts.costs.margin_permille), 1_000);
        found.roi_permille = Some(rounded((margin - cost) * 1_000, cost));
    }
    Ok(found)
}

/// Returns that would not have come anyway: the difference of shares times those who were approached.
fn incremental(hold_out: Option<&HoldOut>, at_risk: &[&Spell]) -> Option<i128> {
    let difference = hold_out.filter(|found| found.is_known)?.difference?.value;
    let approached = at_risk.iter().filter(|spell| spell.first_trigger.is_some()).count();
    let returns = (difference * approached as f64).round() as i128;
    (returns > 0).then_some(returns)
}

fn cost(facts: &Facts, period: &Period, exchange: &Exchange<'_>) -> Result<i128, MissingRate> {
    let months = period.months();
    let mut cost = 0;
    for fixed in facts.costs.fixed.iter().filter(|fixed| months.contains(&fixed.month)) {
        cost += exchange.amount(&fixed.amount, &fixed.month)?;
    }
    let touches = facts.spells.iter().flat_map(|spell| &spell.touches);
    let per_touch: BTreeMap<&str, &crate::facts::Money> =
        facts.costs.per_touch.iter().map(|(channel, money)| (channel.as_str(), money)).collect();
    for touch in touches.filter(|touch| period.has(touch.at)) {
        let month = month_of(touch.at);
        if let Some(own) = per_touch.get(touch.channel.as_str()) {
            cost += exchange.amount(own, &month)?;
        }
        if let Some(hour) = facts.costs.hour.as_ref().filter(|_| touch.minutes > 0) {
            cost += rounded(exchange.amount(hour, &month)? * i128::from(touch.minutes), 60);
        }
        if let Some(incentive) = &touch.incentive {
            cost += exchange.amount(incentive, &month)?;
        }
    }
    Ok(cost)
}

fn new_customers(
    facts: &Facts,
    period: &Period,
    exchange: &Exchange<'_>,
) -> Result<Option<i128>, MissingRate> {
    let months = period.months();
    let (mut spend, mut customers) = (0, 0);
    for month in facts.costs.acquisition.iter().filter(|month| months.contains(&month.month)) {
        spend += exchange.amount(&month.spend, &month.month)?;
        customers += i128::from(month.customers);
    }
    Ok((customers > 0).then(|| rounded(spend, customers)))
}

fn months(facts: &Facts, period: &Period, exchange: &Exchange<'_>) -> Result<Vec<Month>, MissingRate> {
    let mut months: BTreeMap<String, Month> = BTreeMap::new();
    for month in period.months() {
        months.insert(month.clone(), Month { month, ..Month::default() });
    }
    for spell in &facts.spells {
        if let Some(month) =
            months.get_mut(&month_of(spell.churned_at)).filter(|_| period.has(spell.churned_at))
        {
            month.churned += 1;
        }
        let Some(at) = spell.back_in(period) else { continue };
        if let Some(month) = months.get_mut(&month_of(at)) {
            month.back += 1;
            let arr = spell.returned.as_ref().and_then(|back| back.arr.as_ref());
            month.recovered += arr.map_or(Ok(0), |arr| exchange.amount(arr, &month_of(at)))?;
        }
    }
    Ok(months.into_values().collect())
}

fn heat(facts: &Facts) -> BTreeMap<String, Cohort> {
    let mut heat: BTreeMap<String, Cohort> = BTreeMap::new();
    for spell in &facts.spells {
        let cohort = heat.entry(quarter_of(spell.churned_at)).or_default();
        cohort.churned += 1;
        if let Some(back) = &spell.returned {
            let quarters = (back.at - spell.churned_at).div_euclid(91 * DAY).max(0);
            *cohort.back.entry(quarters).or_default() += 1;
        }
    }
    heat
}
