//! A report as one page: no script, nothing from elsewhere, readable in light and dark, on paper and on a phone.

use std::fmt::Write as _;

use crate::report::{Month, Report};
use crate::text::{amount, grouped, share, text};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6672;--line:#d5dae0;--page:#fff;--bar:#2563a8;--second:#c2571a}\
@media(prefers-color-scheme:dark){:root{--ink:#e7eaee;--soft:#a3adb8;--line:#3a424c;--page:#14181d;--bar:#6aa9ee;--second:#ef9a63}}\
*{box-sizing:border-box}body{margin:0 auto;max-width:64rem;padding:1.5rem;background:var(--page);color:var(--ink);\
font:16px/1.5 system-ui,sans-serif}h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}\
p{margin:.25rem 0;color:var(--soft)}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
th,td{padding:.3rem .5rem;border-bottom:1px solid var(--line);text-align:right}th:first-child,td:first-child{text-align:left}\
.wide{overflow-x:auto}svg{width:100%;height:auto;display:block}svg text{fill:var(--ink);font:12px system-ui,sans-serif}\
svg .soft{fill:var(--soft)}.bar{fill:var(--bar)}.second{fill:var(--second)}pre{overflow-x:auto;font-size:.85rem}\
.heat td:nth-child(n+3),.heat th:nth-child(n+3){text-align:center}svg{min-width:36rem}td{white-space:nowrap}@media print{body{max-width:none;padding:0}h2{break-after:avoid}svg,table{break-inside:avoid}}";

/// The page.
pub fn page(report: &Report) -> String {
    let mut body = format!(
        "<h1>Win-back {}</h1><p>As of {}, amounts in {}. Shares have intervals of 95 %.</p>",
        escaped(&report.period),
        crate::period::date_of(report.as_of),
        escaped(&report.currency)
    );
    let mut section = |title: &str, said: &str, content: String| {
        // A String takes every write.
        let _ = write!(body, "<h2>{title}</h2><p>{said}</p>{content}");
    };
    section(
        "From churned to still here",
        "Each bar is the number of accounts that came so far.",
        funnel(report),
    );
    section(
        "Returns by month",
        "The number of accounts that came back.",
        bars(&report.months, "bar", |month| (i128::from(month.back), month.back.to_string())),
    );
    section(
        "Recovered yearly revenue by month",
        "As far as the revenue of a return is known.",
        bars(&report.months, "second", |month| (month.recovered, amount(month.recovered, &report.currency))),
    );
    section(
        "Who comes back when",
        "Rows: the quarter of the churn. Columns: quarters since. The number is the share that came back then.",
        heat(report),
    );
    if !report.rows.is_empty() {
        section(
            "Groups",
            "Described, not compared: a play is chosen because of who somebody is.",
            groups(report),
        );
    }
    let _ = write!(body, "<h2>In words</h2><pre>{}</pre>", escaped(&text(report)));
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Win-back {}</title><style>{STYLE}</style></head><body>{body}</body></html>\n",
        escaped(&report.period)
    )
}

fn funnel(report: &Report) -> String {
    let most = report.funnel.first().map_or(1, |step| step.spells.max(1));
    let mut svg =
        format!("<div class=\"wide\"><svg viewBox=\"0 0 760 {}\" role=\"img\">", report.funnel.len() * 30);
    for (at, step) in report.funnel.iter().enumerate() {
        let (y, width) = (at * 30, step.spells as f64 / most as f64 * 400.0);
        let share = step.share.as_ref().map(share).unwrap_or_default();
        let _ = write!(
            svg,
            "<text x=\"0\" y=\"{}\">{}</text><rect class=\"bar\" x=\"90\" y=\"{}\" width=\"{width:.1}\" height=\"20\"/>\
             <text x=\"{:.1}\" y=\"{}\">{} <tspan class=\"soft\">{share}</tspan></text>",
            y + 19,
            step.name,
            y + 5,
            98.0 + width,
            y + 19,
            grouped(step.spells.into())
        );
    }
    svg + "</svg></div>"
}

/// A bar a month; at most 36 have room.
fn bars(months: &[Month], class: &str, of: impl Fn(&Month) -> (i128, String)) -> String {
    let months = &months[months.len().saturating_sub(36)..];
    let most = months.iter().map(|month| of(month).0).max().unwrap_or(0).max(1);
    let step = 760.0 / months.len().max(1) as f64;
    let mut svg = String::from("<div class=\"wide\"><svg viewBox=\"0 0 760 190\" role=\"img\">");
    for (at, month) in months.iter().enumerate() {
        let (value, said) = of(month);
        let height = value.max(0) as f64 / most as f64 * 140.0;
        let (x, middle) = (at as f64 * step + step * 0.15, at as f64 * step + step / 2.0);
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{}: {}</title></rect>",
            165.0 - height,
            step * 0.7,
            escaped(&month.month),
            escaped(&said)
        );
        if months.len() <= 12 {
            let short = said.rsplit(' ').next().unwrap_or_default();
            let _ = write!(
                svg,
                "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                160.0 - height,
                escaped(short)
            );
        }
        if months.len() <= 12 || at % 3 == 0 {
            let _ = write!(
                svg,
                "<text class=\"soft\" x=\"{middle:.1}\" y=\"183\" text-anchor=\"middle\">{}</text>",
                escaped(&month.month)
            );
        }
    }
    svg + "</svg></div>"
}

/// Returns of each quarter of churn by quarters since; the last twelve quarters.
fn heat(report: &Report) -> String {
    let cohorts: Vec<_> = report.heat.iter().rev().take(12).collect();
    let last = cohorts.iter().flat_map(|(_, cohort)| cohort.back.keys()).max().copied().unwrap_or(0).min(12);
    let share = |churned: u64, back: u64| if churned == 0 { 0.0 } else { back as f64 / churned as f64 };
    let most = cohorts
        .iter()
        .flat_map(|(_, cohort)| cohort.back.values().map(|back| share(cohort.churned, *back)))
        .fold(0.0_f64, f64::max);
    let mut table =
        String::from("<div class=\"wide\"><table class=\"heat\"><tr><th>churned</th><th>accounts</th>");
    for quarter in 0..=last {
        let _ = write!(table, "<th>{quarter}</th>");
    }
    table.push_str("</tr>");
    for (name, cohort) in cohorts.into_iter().rev() {
        let _ = write!(table, "<tr><td>{}</td><td>{}</td>", escaped(name), cohort.churned);
        for quarter in 0..=last {
            let value = share(cohort.churned, cohort.back.get(&quarter).copied().unwrap_or(0));
            let strength = if most > 0.0 { value / most * 55.0 } else { 0.0 };
            let shown = if value > 0.0 { format!("{:.1} %", value * 100.0) } else { String::new() };
            let _ = write!(
                table,
                "<td style=\"background:color-mix(in srgb,var(--bar) {strength:.0}%,transparent)\">{shown}</td>"
            );
        }
        table.push_str("</tr>");
    }
    table + "</table></div>"
}

fn groups(report: &Report) -> String {
    let mut table = String::from(
        "<div class=\"wide\"><table><tr><th>group</th><th>back</th><th>of</th><th>share</th><th>recovered</th></tr>",
    );
    for row in &report.rows {
        let _ = write!(
            table,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&row.name),
            row.share.of,
            row.share.n,
            share(&row.share),
            amount(row.recovered, &report.currency)
        );
    }
    table + "</table></div>"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
