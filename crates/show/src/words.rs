//! The small words that every listing uses.

use winback_core::signal::SignalKind;
use winback_core::time::{Span, Time};
use winback_proto::trigger::CARRIED;

pub use winback_proto::time;
pub use winback_terminal::{BAD, BOLD, DIM, GOOD, safe, styled};

/// The minute in UTC: `2026-11-22 14:02`.
pub fn minute(at: Option<Time>) -> String {
    formatted(at, "%Y-%m-%d %H:%M")
}

/// The day, with the year only where it is not that of `near`: `6 Dec`.
pub fn day(at: Time, near: Option<Time>) -> String {
    let year = formatted(Some(at), "%Y");
    match formatted(near, "%Y") == year {
        true => formatted(Some(at), "%-d %b"),
        false => formatted(Some(at), "%-d %b %Y"),
    }
}

/// The day, and the minute where it is within two days of `near`: `22 Nov 14:32`.
pub fn moment(at: Time, near: Option<Time>) -> String {
    let is_close =
        near.is_some_and(|near| at.since(near).millis().saturating_abs() < Span::from_days(2).millis());
    let day = day(at, near);
    if is_close { format!("{day} {}", formatted(Some(at), "%H:%M")) } else { day }
}

fn formatted(at: Option<Time>, format: &str) -> String {
    let stamp = at.and_then(|at| jiff::Timestamp::from_millisecond(at.millis()).ok());
    stamp.map_or_else(|| "-".to_owned(), |stamp| stamp.strftime(format).to_string())
}

/// A length of time as a person would say it, in its largest two units at most: `26 min`, `3 h`, `12 days`.
pub fn length(span: Span) -> String {
    let seconds = span.millis().max(0) / 1_000;
    match seconds {
        0 => "a moment".to_owned(),
        1..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Yearly revenue: `$84k`.
pub fn money(usd: u64) -> String {
    match usd {
        1_000_000.. => format!("${}.{}M", usd / 1_000_000, usd % 1_000_000 / 100_000),
        1_000.. => format!("${}k", usd / 1_000),
        _ => format!("${usd}"),
    }
}

/// `1 signal`, `2 signals`.
pub fn count(number: u32, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// As [`count`], of a length.
pub fn count_of(number: usize, what: &str) -> String {
    count(u32::try_from(number).unwrap_or(u32::MAX), what)
}

/// The name of a closed list's value as words.
pub fn spaced(name: &str) -> String {
    safe(&name.replace('_', " "))
}

/// At most so many characters, with a mark where something was cut.
pub fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// The event in two words: `pricing page`, `mail clicked`.
pub fn happened(kind: &str, class: &str) -> String {
    let Some(known) = SignalKind::parse(kind) else {
        return if kind == CARRIED { "interest carried over from before".to_owned() } else { spaced(kind) };
    };
    match known {
        SignalKind::WebVisit if !class.is_empty() => format!("{} {}", spaced(class), known.row().words),
        _ => known.row().words.to_owned(),
    }
}

/// Breaks `text` at spaces so that no line is longer than `width`; lines after the first begin with `indent`.
pub fn wrapped(text: &str, first: usize, width: usize, indent: &str) -> String {
    let mut lines = String::new();
    let mut used = first;
    for (at, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if at > 0 && used + 1 + length > width {
            lines.push('\n');
            lines.push_str(indent);
            used = indent.chars().count();
        } else if at > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use winback_proto::Timestamp;

    use super::*;

    #[test]
    fn every_time_can_be_shown() {
        for seconds in
            [i64::MIN, -377_705_116_800, -62_135_596_801, 0, 253_402_300_799, 253_402_300_800, i64::MAX]
        {
            for nanos in [0, i32::MIN, i32::MAX] {
                let at = time(Some(&Timestamp { seconds, nanos }));
                let near = Some(Time::from_millis(0));
                let (known, ago) = (at.unwrap(), at.unwrap().since(Time::MIN));
                let shown = [minute(at), day(known, near), moment(known, near), length(ago)];
                assert!(shown.iter().all(|text| !text.is_empty()), "{shown:?}");
            }
        }
    }
}
