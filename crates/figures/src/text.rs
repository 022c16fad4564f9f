//! A report on one screen of a terminal, and as rows for a spreadsheet.

use std::fmt::Write as _;

use crate::breakdown::Row;
use crate::holdout::HoldOut;
use crate::interval::Share;
use crate::period::date_of;
use crate::report::Report;
use crate::spells::Origin;

/// The fewest that a share is told of by itself; of fewer, the interval alone.
const LEAST: u64 = 20;

/// The report for a person.
pub fn text(report: &Report) -> String {
    let mut lines = vec![
        format!("Win-back {}, as of {}, in {}", report.period, date_of(report.as_of), report.currency),
        String::new(),
    ];
    for step in &report.funnel {
        let share = step.share.as_ref().map(share).unwrap_or_default();
        lines.push(
            format!("  {:<12} {:>9}   {share}", step.name, grouped(step.spells.into())).trim_end().to_owned(),
        );
    }
    lines.push(String::new());
    let sections = [
        ("money", money(report)),
        ("cost", cost(report)),
        ("came", came(report)),
        ("anyway", report.hold_out.as_ref().map_or_else(no_hold_out, anyway)),
        ("time", time(report)),
        ("second", second(report)),
    ];
    lines.extend(sections.into_iter().map(|(name, said)| format!("  {name:<8} {said}")));
    if report.gone > 0 {
        lines.push(format!(
            "  {:<8} {} went off the list without a return",
            "gone",
            grouped(report.gone.into())
        ));
    }
    if !report.rows.is_empty() {
        lines.push(String::new());
        lines.push(
            "  Groups are described, not compared: a play is chosen because of who somebody is.".to_owned(),
        );
        lines.extend(report.rows.iter().map(|row| line(row, &report.currency)));
    }
    lines.join("\n")
}

fn line(row: &Row, currency: &str) -> String {
    format!(
        "  {:<28} {:>5} of {:>6}  {:<26} {}",
        short(&row.name, 28),
        row.share.of,
        row.share.n,
        share(&row.share),
        amount(row.recovered, currency)
    )
}

/// The groups, or the steps where nothing was broken down, as CSV.
pub fn csv(report: &Report) -> String {
    let mut csv = String::from("name,returns,at_risk,share,low,high,recovered_minor,currency\n");
    let mut row = |name: &str, share: &Share, recovered: i128| {
        let value = share.value().map_or_else(String::new, |value| format!("{value:.6}"));
        let Share { of, n, low, high } = share;
        // A String takes every write.
        let _ = writeln!(
            csv,
            "{},{of},{n},{value},{low:.6},{high:.6},{recovered},{}",
            quoted(name),
            report.currency
        );
    };
    row("all", &report.pool, report.money.recovered);
    report.rows.iter().for_each(|own| row(&own.name, &own.share, own.recovered));
    csv
}

/// A cell: no spreadsheet takes it for a formula, and no comma ends it.
fn quoted(text: &str) -> String {
    let acts = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = format!("{}{}", if acts { "'" } else { "" }, text.replace('"', "\"\""));
    format!("\"{text}\"")
}

fn money(report: &Report) -> String {
    let money = &report.money;
    let unknown = match money.unknown {
        0 => String::new(),
        1 => ", one return of unknown revenue".to_owned(),
        more => format!(", {more} returns of unknown revenue"),
    };
    format!(
        "{} a year recovered{unknown}; {} since they are back",
        amount(money.recovered, &report.currency),
        amount(money.revenue, &report.currency)
    )
}

fn cost(report: &Report) -> String {
    let (money, currency) = (&report.money, report.currency.as_str());
    if money.cost == 0 {
        return "nothing is known: `winback ledger import costs FILE`".to_owned();
    }
    let mut said = format!("{} in all", amount(money.cost, currency));
    if let Some(one) = money.cac_attributed {
        let _ = write!(said, "; {} a return that follows a touch", amount(one, currency));
    }
    let _ = match money.cac_incremental {
        Some(one) => write!(said, "; {} a return that would not have come anyway", amount(one, currency)),
        None => write!(said, "; a return that would not have come anyway: not known yet"),
    };
    if let Some(new) = money.cac_new {
        let _ = write!(said, "; {} a new customer", amount(new, currency));
    }
    if let Some(roi) = money.roi_permille {
        let _ = write!(said, "; return on cost {:+.1} %", roi as f64 / 10.0);
    }
    said
}

fn came(report: &Report) -> String {
    let words = |origin: Origin| match origin {
        Origin::Attributed => "after a touch",
        Origin::AskedFirst => "asked first",
        Origin::Organic => "by themselves",
        Origin::Welcomed => "by themselves, too small for outreach",
        Origin::HeldOut => "held out",
    };
    let said: Vec<String> =
        report.origins.iter().map(|(origin, count)| format!("{count} {}", words(*origin))).collect();
    if said.is_empty() { "nobody came back".to_owned() } else { said.join(" · ") }
}

fn no_hold_out() -> String {
    "not known: no share is held out; [hold_out] in the policy keeps one untouched".to_owned()
}

fn anyway(found: &HoldOut) -> String {
    let groups = format!(
        "approached {} of {}, held out {} of {}",
        share(&found.approached),
        grouped(found.approached.n.into()),
        share(&found.held_out),
        grouped(found.held_out.n.into())
    );
    match found.difference {
        Some(difference) => {
            let points = format!(
                "{:+.1} points [{:+.1}, {:+.1}]",
                difference.value * 100.0,
                difference.low * 100.0,
                difference.high * 100.0
            );
            if found.is_known {
                format!("{groups}: {points} would not have come anyway")
            } else {
                format!(
                    "{groups}: {points}, which is not enough to say; two points need {} in each group",
                    grouped(found.needed.into())
                )
            }
        }
        None => format!(
            "{groups}: too few to say; each group needs {LEAST}, and two points need {}",
            grouped(found.needed.into())
        ),
    }
}

fn time(report: &Report) -> String {
    let by: Vec<String> =
        report.back_by.iter().map(|(days, share)| format!("{:.1} % by {days} days", share * 100.0)).collect();
    let half = report
        .median_days
        .map_or_else(|| "half of them: not reached".to_owned(), |days| format!("half of them by day {days}"));
    format!("back {}; {half}", by.join(", "))
}

fn second(report: &Report) -> String {
    let by: Vec<String> = report
        .second_churn
        .iter()
        .map(|(days, found)| format!("{} of {} within {days} days", found.of, found.n))
        .collect();
    format!("left again: {}", by.join(", "))
}

/// A share with its interval; of few the interval alone.
pub(crate) fn share(share: &Share) -> String {
    let interval = format!("[{:.1}, {:.1}]", share.low * 100.0, share.high * 100.0);
    match share.value() {
        None => "-".to_owned(),
        Some(_) if share.n < LEAST => format!("{interval} %"),
        Some(value) => format!("{:.1} % {interval}", value * 100.0),
    }
}

/// An amount of minor units, in whole units.
pub(crate) fn amount(minor: i128, currency: &str) -> String {
    let whole = crate::money::rounded(minor, if has_no_minor(currency) { 1 } else { 100 });
    format!("{currency} {}", grouped(whole))
}

/// True for a currency without a smaller unit (ISO 4217).
pub fn has_no_minor(currency: &str) -> bool {
    ["JPY", "KRW", "VND", "CLP", "ISK", "UGX", "XAF", "XOF", "XPF", "PYG", "RWF"].contains(&currency)
}

/// A number with commas.
pub(crate) fn grouped(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

fn short(text: &str, most: usize) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    if plain.chars().count() <= most {
        return plain;
    }
    plain.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_shares_are_short_and_exact() {
        assert_eq!(amount(34_000_049, "USD"), "USD 340,000");
        assert_eq!(amount(-150, "JPY"), "JPY -150");
        assert_eq!(share(&Share::new(187, 2_400)), "7.8 % [6.8, 8.9]");
        assert_eq!(share(&Share::new(1, 4)), "[4.6, 69.9] %", "few say nothing but the interval");
        assert_eq!(share(&Share::new(0, 0)), "-");
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
    }
}
