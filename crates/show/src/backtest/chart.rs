//! Starting triggers a day as a picture: as it was beside as it would be. An SVG that needs nothing else.

use std::fmt::Write as _;

use winback_oracle::backtest::Day;

use super::{Report, date};

const WIDTH: i64 = 960;
const HEIGHT: i64 = 280;
const LEFT: i64 = 48;
const TOP: i64 = 40;
const BOTTOM: i64 = 36;
/// No more pairs of bars than fit; of longer times each stands for several days.
const MOST: i64 = 120;
const LIVE: &str = "#8a94a6";
const CANDIDATE: &str = "#2f6fde";

/// One pair of bars.
struct Bars {
    begins: Day,
    live: u64,
    candidate: u64,
}

/// The picture.
pub fn svg(report: &Report) -> String {
    let (bars, days) = bars(report);
    let most = bars.iter().map(|bars| bars.live.max(bars.candidate)).max().unwrap_or_default().max(1);
    let each = if days == 1 { "a day".to_owned() } else { format!("in {days} days") };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#333\">\n\
         <title>Starting triggers {each}: as it was, and under {}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n",
        escaped(&report.file)
    );
    legend(&mut svg, &each);
    axis(&mut svg, most);
    let count = i64::try_from(bars.len()).unwrap_or(1).max(1);
    for (at, bars) in (0..).zip(&bars) {
        let left = LEFT + at * (WIDTH - LEFT - 16) / count;
        let wide = ((WIDTH - LEFT - 16) / count).clamp(2, 48);
        pair(&mut svg, bars, left, wide, most);
        if count <= 8 || at % (count / 8 + 1) == 0 {
            let _ = writeln!(
                svg,
                "<text x=\"{left}\" y=\"{}\">{}</text>",
                HEIGHT - BOTTOM + 18,
                date(bars.begins)
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// Days without a trigger have bars of no height; each pair stands for so many days.
fn bars(report: &Report) -> (Vec<Bars>, i64) {
    let days = &report.outcome.tally.days;
    let (Some((first, _)), Some((last, _))) = (days.first_key_value(), days.last_key_value()) else {
        return (Vec::new(), 1);
    };
    let each = (last.0 - first.0) / MOST + 1;
    let bars = (first.0..=last.0).step_by(usize::try_from(each).unwrap_or(1)).map(|begins| {
        let within = days.range(Day(begins)..Day(begins + each)).map(|(_, count)| count);
        let (live, candidate) = within.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
        Bars { begins: Day(begins), live, candidate }
    });
    (bars.collect(), each)
}

fn legend(svg: &mut String, each: &str) {
    let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"20\" font-weight=\"600\">Starting triggers {each}</text>");
    for (at, colour, name) in [(WIDTH - 220, LIVE, "as it was"), (WIDTH - 120, CANDIDATE, "would be")] {
        let _ = writeln!(
            svg,
            "<rect x=\"{at}\" y=\"10\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{}\" y=\"20\">{name}</text>",
            at + 18
        );
    }
}

fn axis(svg: &mut String, most: u64) {
    for (value, y) in [(most, TOP), (0, HEIGHT - BOTTOM)] {
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{value}</text>\
             <line x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\" stroke=\"#ddd\"/>",
            LEFT - 8,
            y + 4,
            WIDTH - 16
        );
    }
}

fn pair(svg: &mut String, bars: &Bars, left: i64, wide: i64, most: u64) {
    let half = (wide / 2).max(1);
    for (at, count, colour) in [(left, bars.live, LIVE), (left + half, bars.candidate, CANDIDATE)] {
        let room = u64::try_from(HEIGHT - BOTTOM - TOP).unwrap_or_default();
        let high = i64::try_from(count * room / most).unwrap_or_default();
        if count > 0 {
            let _ = writeln!(
                svg,
                "<rect x=\"{at}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{colour}\"><title>{}: {count}</title></rect>",
                HEIGHT - BOTTOM - high.max(1),
                (half - 1).max(1),
                high.max(1),
                date(bars.begins)
            );
        }
    }
}

/// Text from outside, safe in a document.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}
