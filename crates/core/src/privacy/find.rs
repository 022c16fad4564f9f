//! Addresses in one layer of a text. Each character is looked at a fixed number of times: from the `@` in front of it
//! and from the one behind it.

use std::ops::Range;

use super::decode::{Unit, decoded, plain};

/// The number of times that escapes within escapes are read.
const LAYERS: usize = 3;
/// The longest host (RFC 1035).
const MAX_HOST: usize = 253;
/// The longest address in brackets.
const MAX_LITERAL: usize = 64;

/// True where a text has a character that an address needs in one of its forms.
pub(super) fn may_hold(text: &str) -> bool {
    // 0xef leads the bytes of the full-width and the small form of `@`.
    text.bytes().any(|byte| matches!(byte, b'@' | b'%' | b'&' | b'\\' | 0xef))
}

/// Visits each address of each layer: its bytes, and its characters there.
pub(super) fn each(text: &str, mut visit: impl FnMut(Range<usize>, &[Unit])) {
    let mut units = plain(text);
    for layer in 0..=LAYERS {
        in_layer(&units, |found| {
            let found = &units[found];
            if let (Some(first), Some(last)) = (found.first(), found.last()) {
                visit(first.start..last.end, found);
            }
        });
        match decoded(&units).filter(|_| layer < LAYERS) {
            Some(next) => units = next,
            None => return,
        }
    }
}

/// A quotation mark, and how many letters and digits stand in front of it.
#[derive(Clone, Copy)]
struct Quote {
    at: usize,
    letters: usize,
}

/// The last two quotation marks of the line.
#[derive(Default)]
struct Quotes {
    opening: Option<Quote>,
    closing: Option<Quote>,
    letters: usize,
}

impl Quotes {
    fn see(&mut self, at: usize, c: char) {
        match c {
            '"' => {
                self.opening = self.closing;
                self.closing = Some(Quote { at, letters: self.letters });
            }
            '\n' | '\r' => (self.opening, self.closing) = (None, None),
            c if is_letter(c) => self.letters += 1,
            _ => {}
        }
    }

    /// The begin of the quoted text that ends right before `at`: somebody's name, and no value of a document.
    fn begin(&self, units: &[Unit], at: usize) -> Option<usize> {
        let (opening, closing) = (self.opening?, self.closing?);
        if closing.at + 1 != at || closing.letters == opening.letters {
            return None;
        }
        let Some(before) = opening.at.checked_sub(1) else { return Some(opening.at) };
        let escaped = units[opening.at].end - units[opening.at].start > 1;
        let opens = match units[before].c {
            '"' => escaped,
            c => c.is_whitespace() || "<([{,;:=/?&-_+.".contains(c),
        };
        opens.then_some(opening.at)
    }
}

fn in_layer(units: &[Unit], mut visit: impl FnMut(Range<usize>)) {
    let (mut floor, mut quotes) = (0, Quotes::default());
    for (at, unit) in units.iter().enumerate() {
        if unit.c != '@' {
            quotes.see(at, unit.c);
            continue;
        }
        let Some(end) = host_end(units, at + 1) else { continue };
        let begin = quotes.begin(units, at).or_else(|| local_begin(units, floor, at));
        if let Some(begin) = begin {
            visit(begin..end);
            floor = end;
        }
    }
}

const fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || is_foreign(c)
}

/// A character of another alphabet; marks of punctuation and blanks are none.
const fn is_foreign(c: char) -> bool {
    !c.is_ascii()
        && !matches!(c, '\u{85}' | '\u{a0}' | '¡' | '«' | '»' | '¿' | '\u{1680}' | '\u{2000}'..='\u{205f}'
            | '\u{2190}'..='\u{21ff}' | '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{301f}')
}

const fn is_local(c: char) -> bool {
    is_letter(c) || matches!(c, '.' | '_' | '+' | '-' | '%' | '\'' | '!' | '#' | '$' | '*' | '~' | '^')
}

const fn is_host(c: char) -> bool {
    is_letter(c) || matches!(c, '.' | '-' | '_')
}

/// The begin of the name in front of an `@`; `None` without one.
fn local_begin(units: &[Unit], floor: usize, at: usize) -> Option<usize> {
    let back =
        |from: usize| from - units[floor..from].iter().rev().take_while(|unit| is_local(unit.c)).count();
    let begin = back(at);
    let quoted = units[begin..at].iter().take_while(|unit| matches!(unit.c, '\'' | '.' | '!')).count();
    let local = &units[begin + quoted..at];
    if !local.iter().any(|unit| is_letter(unit.c)) {
        return None;
    }
    // A sender's own address may hold its receiver's: `bounce-jane=acme.com@us.example`.
    let holds_another = quoted == 0 && begin > floor && units[begin - 1].c == '=' && has_known_ending(local);
    let other = if holds_another { back(begin - 1) } else { begin };
    Some(if other + 1 < begin { other } else { begin + quoted })
}

/// The end of the host behind an `@`: two labels at least, the last of them no number. What follows the last good label
/// is left out.
fn host_end(units: &[Unit], from: usize) -> Option<usize> {
    let first = units.get(from)?.c;
    if first == '[' {
        return literal_end(units, from);
    }
    if !is_letter(first) {
        return None;
    }
    let mut end = from + units[from..].iter().take_while(|unit| is_host(unit.c)).count();
    loop {
        end -= units[from..end].iter().rev().take_while(|unit| !is_letter(unit.c)).count();
        let dot = from + units[from..end].iter().rposition(|unit| unit.c == '.')?;
        let known = !first.is_ascii_digit() || has_known_ending(&units[from..end]);
        if known && is_ending(&units[dot + 1..end]) {
            return Some(end);
        }
        // `jane@acme.com_a`: an ending has no underscore, so that what follows one is not of the host.
        let underscore = units[dot + 1..end].iter().position(|unit| unit.c == '_');
        end = underscore.map_or(dot, |at| dot + 1 + at);
    }
}

fn is_ending(label: &[Unit]) -> bool {
    let letters = label.iter().any(|unit| is_letter(unit.c) && !unit.c.is_ascii_digit());
    letters && label.len() >= 2 && label.iter().all(|unit| unit.c != '_')
}

/// True for a host below a public suffix.
fn has_known_ending(host: &[Unit]) -> bool {
    if host.len() > MAX_HOST || !host.iter().any(|unit| unit.c == '.') {
        return false;
    }
    let host: String = host.iter().flat_map(|unit| unit.c.to_lowercase()).collect();
    psl::suffix(host.as_bytes())
        .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() < host.len())
}

/// `[192.0.2.1]`, `[IPv6:2001:db8::1]`.
fn literal_end(units: &[Unit], from: usize) -> Option<usize> {
    let inside = units[from + 1..].iter().take(MAX_LITERAL);
    let length = inside.clone().position(|unit| unit.c == ']')?;
    let part = |unit: &Unit| unit.c.is_ascii_alphanumeric() || matches!(unit.c, '.' | ':');
    let inside = &units[from + 1..from + 1 + length];
    let is_address = inside.iter().all(part) && inside.iter().any(|unit| matches!(unit.c, '.' | ':'));
    is_address.then_some(from + length + 2)
}
