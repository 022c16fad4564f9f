//! A text read in layers: as it stands, then with its escapes read once more in each layer. Every character knows the
//! bytes that it came from.

use icu_normalizer::ComposingNormalizerBorrowed;

const NFKC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfkc();

/// The longest name of an entity that is looked up.
const MAX_NAME: usize = 24;

/// The entities that an address may hold, and those that hide another.
const NAMED: [(&str, char); 22] = [
    ("amp", '&'),
    ("num", '#'),
    ("percnt", '%'),
    ("commat", '@'),
    ("period", '.'),
    ("plus", '+'),
    ("lowbar", '_'),
    ("UnderBar", '_'),
    ("hyphen", '-'),
    ("dash", '-'),
    ("quot", '"'),
    ("apos", '\''),
    ("excl", '!'),
    ("dollar", '$'),
    ("ast", '*'),
    ("equals", '='),
    ("bsol", '\\'),
    ("shy", '\u{ad}'),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
    ("ZeroWidthSpace", '\u{200b}'),
    ("NoBreak", '\u{2060}'),
];

/// A character, and the bytes of the text that say it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit {
    pub(super) c: char,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The text as it stands, in its normal form and without what is not seen.
pub(super) fn plain(text: &str) -> Vec<Unit> {
    let mut units = Vec::with_capacity(text.len());
    for (start, c) in text.char_indices() {
        push(&mut units, c, start, start + c.len_utf8());
    }
    units
}

fn push(units: &mut Vec<Unit>, c: char, start: usize, end: usize) {
    if is_unseen(c) {
        return;
    }
    if c.is_ascii() {
        units.push(Unit { c, start, end });
        return;
    }
    // An ideographic full stop ends a label, too (IDNA).
    let dot = |c| if c == '\u{3002}' { '.' } else { c };
    let normal = NFKC.normalize_iter(std::iter::once(c)).filter(|c| !is_unseen(*c));
    units.extend(normal.map(|c| Unit { c: dot(c), start, end }));
}

/// Characters without a form of their own: controls, zero-width characters, marks of direction, fillers, variants.
const fn is_unseen(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}'
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The next layer; `None` where no escape is left.
pub(super) fn decoded(units: &[Unit]) -> Option<Vec<Unit>> {
    let mut out: Option<Vec<Unit>> = None;
    let mut at = 0;
    while let Some(unit) = units.get(at) {
        let read = match unit.c {
            '%' => percent(&units[at..]),
            '&' => entity(&units[at..]),
            '\\' => escape(&units[at..]),
            _ => None,
        };
        match read {
            Some((c, count)) => {
                let out = out.get_or_insert_with(|| copied(units, at));
                let end = units.get(at + count - 1).map_or(unit.end, |last| last.end);
                push(out, c, unit.start, end);
                at += count;
            }
            None => {
                if let Some(out) = &mut out {
                    out.push(*unit);
                }
                at += 1;
            }
        }
    }
    out
}

fn copied(units: &[Unit], until: usize) -> Vec<Unit> {
    let mut out = Vec::with_capacity(units.len());
    out.extend_from_slice(&units[..until]);
    out
}

/// So many hexadecimal digits as a number.
fn hex(units: &[Unit]) -> Option<u32> {
    units
        .iter()
        .try_fold(0_u32, |value, unit| Some(value.saturating_mul(16).saturating_add(unit.c.to_digit(16)?)))
}

fn character(code: u32) -> char {
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// `%40`, several for a character of several bytes, and `%u0040`.
fn percent(units: &[Unit]) -> Option<(char, usize)> {
    if units.get(1)?.c == 'u' {
        return Some((character(hex(units.get(2..6)?)?), 6));
    }
    let byte = |nth: usize| {
        let triple = units.get(nth * 3..nth * 3 + 3)?;
        (triple[0].c == '%').then(|| hex(&triple[1..]))?.and_then(|byte| u8::try_from(byte).ok())
    };
    let first = byte(0)?;
    let length = match first {
        0..0x80 => return Some((char::from(first), 3)),
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
        0x80..0xc0 => 1,
    };
    let bytes: Option<Vec<u8>> = (0..length).map(byte).collect();
    let text = bytes.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let c = text.and_then(|text| text.chars().next());
    Some(c.map_or((char::REPLACEMENT_CHARACTER, 3), |c| (c, length * 3)))
}

/// `&#64;`, `&#x40;`, both also without the semicolon, and names.
fn entity(units: &[Unit]) -> Option<(char, usize)> {
    if units.get(1)?.c != '#' {
        return named(units);
    }
    let (radix, from) = if matches!(units.get(2)?.c, 'x' | 'X') { (16, 3) } else { (10, 2) };
    let digits = units[from..].iter().map_while(|unit| unit.c.to_digit(radix));
    let (code, count) = digits.fold((0_u32, 0_usize), |(code, count), digit| {
        (code.saturating_mul(radix).saturating_add(digit), count + 1)
    });
    let end = from + count;
    let closed = usize::from(units.get(end).is_some_and(|unit| unit.c == ';'));
    (count > 0).then(|| (character(code), end + closed))
}

fn named(units: &[Unit]) -> Option<(char, usize)> {
    let length = units.iter().take(MAX_NAME).skip(1).position(|unit| !unit.c.is_ascii_alphanumeric())?;
    let name = &units[1..=length];
    if units.get(length + 1)?.c != ';' {
        return None;
    }
    let is = |known: &str| {
        known.len() == name.len()
            && known.chars().zip(name).all(|(one, unit)| one.eq_ignore_ascii_case(&unit.c))
    };
    NAMED.iter().find(|(known, _)| is(known)).map(|(_, c)| (*c, length + 2))
}

/// Escapes of JSON and of a program's own output: `\u0040`, `\u{40}`, `\x40`, `\"`, `\\`.
fn escape(units: &[Unit]) -> Option<(char, usize)> {
    match units.get(1)?.c {
        c @ ('"' | '\\') => Some((c, 2)),
        'x' => Some((character(hex(units.get(2..4)?)?), 4)),
        'u' if units.get(2)?.c == '{' => {
            let digits =
                units[3..].iter().take(7).position(|unit| unit.c == '}').filter(|count| *count > 0)?;
            Some((character(hex(&units[3..3 + digits])?), digits + 4))
        }
        'u' => Some((character(hex(units.get(2..6)?)?), 6)),
        _ => None,
    }
}
