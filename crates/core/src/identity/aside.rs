//! Asides in a company's name: what it was called, what it trades as, where its shares are listed, where it is
//! registered. They are about the name, not of it.

/// Notes in brackets that begin like this are about the name.
const NOTES: [&str; 26] = [
    "fka ",
    "f/k/a ",
    "formerly",
    "previously",
    "prev.",
    "aka ",
    "a/k/a ",
    "also known as",
    "dba ",
    "d/b/a ",
    "doing business as",
    "trading as",
    "t/a ",
    "yc ",
    "ex ",
    "ex-",
    "vormals",
    "ehemals",
    "vorm.",
    "früher ",
    "anciennement",
    "anteriormente",
    "antes ",
    "già ",
    "voorheen",
    "tidigare",
];

/// Words behind a name after which another name comes.
const OTHER_NAME: [&str; 16] = [
    " formerly ",
    " f/k/a ",
    " fka ",
    " previously known as ",
    " d/b/a ",
    " dba ",
    " d.b.a. ",
    " doing business as ",
    " trading as ",
    " t/a ",
    " a/k/a ",
    " aka ",
    " also known as ",
    " vormals ",
    " ehemals ",
    " anciennement ",
];

/// Places where shares are listed, before a colon.
const EXCHANGES: [&str; 34] = [
    "aim", "amex", "ams", "asx", "bit", "bme", "bse", "cse", "epa", "etr", "euronext", "fra", "fwb", "hkex",
    "hkg", "jse", "kosdaq", "krx", "lon", "lse", "nasdaq", "nse", "nyse", "omx", "otc", "otcqb", "otcqx",
    "sehk", "sgx", "six", "tse", "tsx", "tsxv", "xetra",
];

/// The kinds of company that a note on the place of registration names.
const KINDS: [&str; 6] = ["corporation", "company", "partnership", "llc", "limited liability", "association"];

/// The name without its asides, unless nothing else is there.
pub(super) fn without_asides(text: &str) -> String {
    let kept = without_notes(text);
    let kept = &kept[..end_of_name(&kept)];
    if kept.contains(char::is_alphanumeric) { kept.to_owned() } else { text.to_owned() }
}

/// Without `[…]`, and without `(fka …)`, `(NYSE: …)` and the like.
fn without_notes(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(['[', '(']) {
        let (before, bracket) = rest.split_at(open);
        let (close, round) = if bracket.starts_with('(') { (')', true) } else { (']', false) };
        let Some(end) = bracket.find(close) else { break };
        kept.push_str(before);
        if round && !is_note(&bracket[1..end]) {
            kept.push_str(&bracket[..=end]);
        }
        rest = &bracket[end + 1..];
    }
    kept.push_str(rest);
    kept
}

fn is_note(inside: &str) -> bool {
    let inside = inside.trim().to_lowercase();
    let listed = inside.split_once(':').is_some_and(|(place, _)| is_exchange(place));
    listed || NOTES.iter().any(|note| inside.starts_with(note) || inside == note.trim_end())
}

fn is_exchange(place: &str) -> bool {
    let first = place.trim().split([' ', '-', '.']).next().unwrap_or_default();
    EXCHANGES.iter().any(|exchange| first.eq_ignore_ascii_case(exchange))
}

/// The place where the name ends and words about it begin.
fn end_of_name(text: &str) -> usize {
    let lower = text.to_ascii_lowercase();
    let other = OTHER_NAME.iter().filter_map(|words| lower.find(words)).min();
    let place = [", a ", ", an "].iter().filter_map(|words| lower.find(words)).min();
    let place = place.filter(|at| KINDS.iter().any(|kind| lower[*at..].contains(kind)));
    [other, place, listing(&lower)].into_iter().flatten().filter(|at| *at > 0).min().unwrap_or(text.len())
}

/// The place where `NYSE: ACME` begins.
fn listing(lower: &str) -> Option<usize> {
    let colon = lower.find(':')?;
    let start = lower[..colon].trim_end().rfind([' ', ',', '-', '|', ';']).map_or(0, |at| at + 1);
    is_exchange(&lower[start..colon]).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_about_a_name_are_cut_off_and_words_of_it_stay() {
        let table = [
            ("Acme (formerly Beta)", "Acme "),
            ("Acme (NASDAQ: ACM) Ltd", "Acme  Ltd"),
            ("Acme - NYSE: ACM", "Acme - "),
            ("Acme, formerly Beta", "Acme,"),
            ("Acme, a Corporation of Ohio", "Acme"),
            ("Acme, a better bank", "Acme, a better bank"),
            ("Acme (India)", "Acme (India)"),
            ("Time: Acme", "Time: Acme"),
            ("Formerly Acme", "Formerly Acme"),
            ("(formerly Beta)", "(formerly Beta)"),
        ];
        for (text, kept) in table {
            assert_eq!(without_asides(text), kept, "{text}");
        }
    }
}
