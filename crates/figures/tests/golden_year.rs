//! A year that is known to the cent: 2,400 churned, 187 came back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use winback_figures::facts::{Acquisition, Costs, Facts, Money, MonthAmount, Return, Spell, Touch};
use winback_figures::{Asked, By, Origin, csv, page, report, text};

const DAY: i64 = 86_400_000;
/// The first of January 2026.
const YEAR: i64 = 1_767_225_600_000;

fn usd(minor: i64) -> Money {
    Money { minor, currency: "USD".into() }
}

/// 2,400 at risk in 2026; 240 of them held out, of whom 12 came back, and 175 of the others. Together the returns pay
/// $340,000 a year; 170 follow a touch.
fn golden() -> Facts {
    let spell = |number: i64| {
        let held = number % 10 == 0;
        let rank = if held { number / 10 } else { number - number / 10 - 1 };
        let back = rank < if held { 12 } else { 175 };
        let at = YEAR + (20 + rank % 300) * DAY;
        // $1,818.18 each, and the rest to the cent on the first.
        let arr = usd(if number == 0 { 181_852 } else { 181_818 });
        let touch =
            Touch { at: at - 10 * DAY, channel: "email".into(), play: "general".into(), ..Touch::default() };
        let is_touched = !held && !(170..175).contains(&rank);
        Spell {
            account: format!("acc-{number}"),
            number: 1,
            churned_at: YEAR - 100 * DAY,
            reason: if number % 3 == 0 { "price_budget" } else { "product_gap" }.into(),
            tier: "1".into(),
            first_trigger: (!held).then_some(at - 11 * DAY),
            first_held_out: held.then_some(at - 11 * DAY),
            touches: is_touched.then_some(touch).into_iter().collect(),
            returned: back.then_some(Return { at, arr: Some(arr) }),
            ..Spell::default()
        }
    };
    let month = |month: u32| format!("2026-{month:02}");
    let fixed = (1..=12).map(|number| MonthAmount { month: month(number), amount: usd(400_000) });
    let acquisition =
        (1..=12).map(|number| Acquisition { month: month(number), spend: usd(470_589), customers: 10 });
    let costs = Costs {
        fixed: fixed.collect(),
        acquisition: acquisition.collect(),
        margin_permille: 800,
        ..Costs::default()
    };
    Facts {
        as_of: YEAR + 400 * DAY,
        known_from: YEAR - 200 * DAY,
        spells: (0..2_400).map(spell).collect(),
        costs,
        rates: Vec::new(),
    }
}

fn asked(by: Option<By>) -> Asked {
    Asked { name: "2026".into(), period: "2026".parse().unwrap(), currency: "USD".into(), by }
}

#[test]
fn the_golden_year_holds_to_the_cent() {
    let found = report(&golden(), &asked(None)).unwrap();
    assert_eq!((found.pool.of, found.pool.n), (187, 2_400));
    assert_eq!(found.money.recovered, 34_000_000, "$340,000.00");
    assert_eq!(found.origins[&Origin::Attributed], 170);
    assert_eq!(found.origins[&Origin::HeldOut], 12);
    // $48,000 over 170 returns; a new customer costs $470.59.
    assert_eq!((found.money.cost, found.money.cac_attributed), (4_800_000, Some(28_235)));
    assert_eq!(found.money.cac_new, Some(47_059));
    assert_eq!(found.money.cac_new.unwrap() * 6 / 10, 28_235, "a return costs 40 % less than a new customer");
    let hold_out = found.hold_out.unwrap();
    assert!(!hold_out.is_known, "8.1 against 5 % of 240 is not enough");
    assert_eq!(found.money.cac_incremental, None);
}

#[test]
fn the_golden_year_is_told_on_a_screen_and_a_page() {
    let found = report(&golden(), &asked(Some(By::Reason))).unwrap();
    let told = text(&found);
    for part in [
        "churned          2,400",
        "7.8 % [6.8, 8.9]",
        "USD 340,000 a year recovered",
        "USD 282 a return that follows a touch",
        "not enough to say",
        "price_budget",
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    assert!(told.lines().count() <= 24, "one screen:\n{told}");
    let html = page(&found);
    assert!(html.contains("<svg") && !html.contains("<script") && !html.contains("http"), "{html}");
    assert_eq!(csv(&found).lines().count(), 4, "a header, all, and two reasons");
    if let Some(folder) = std::env::var_os("WINBACK_PAGES") {
        std::fs::write(std::path::Path::new(&folder).join("report.html"), html).unwrap();
    }
}

#[test]
fn a_sum_over_a_month_without_a_rate_is_refused_with_the_month() {
    let mut facts = golden();
    facts.spells[1].returned.as_mut().unwrap().arr = Some(Money { minor: 1, currency: "EUR".into() });
    let refused = report(&facts, &asked(None)).unwrap_err().to_string();
    assert!(refused.contains("EUR to USD in 2026-01"), "{refused}");
}
