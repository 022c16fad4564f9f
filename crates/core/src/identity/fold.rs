//! The letters of a name: lower case, without accents and punctuation, words one blank apart.

use icu_normalizer::DecomposingNormalizerBorrowed;

const NFKD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfkd();

/// Signs behind a name that are no letters of it, though Unicode writes them with some.
const SIGNS: [char; 5] = ['™', '®', '©', '℠', '℗'];

/// Letters and digits in lower case without accents; all else separates words.
pub(super) fn fold(text: &str) -> String {
    let marked = text.contains(SIGNS);
    let unmarked = if marked { text.replace(SIGNS, " ") } else { String::new() };
    let decomposed = NFKD.normalize(if marked { &unmarked } else { text });
    let mut folded = String::with_capacity(decomposed.len());
    let mut chars = decomposed.chars().filter(|c| !is_accent(*c)).peekable();
    let mut initials = 0;
    while let Some(c) = chars.next() {
        if c.is_alphanumeric() || is_mark(c) {
            let next_is_edge = chars.peek().is_none_or(|next| !next.is_alphanumeric());
            initials = if next_is_edge && (initials > 0 || at_edge(&folded)) { initials + 1 } else { 0 };
            push(&mut folded, c);
            continue;
        }
        match c {
            '\'' | '’' | '‘' | '`' | 'ʼ' => {}
            '&' | '+' => {
                folded.push_str(" and ");
                initials = 0;
            }
            '.' | '/' if initials > 0 && is_initial(chars.clone()) => {}
            _ => {
                folded.push(' ');
                initials = 0;
            }
        }
    }
    folded
}

/// The text with its umlauts spelled out, as who has no such keys writes them; `None` where it has none.
pub(super) fn spelled_out(text: &str) -> Option<String> {
    let out = |c| match c {
        'ä' | 'æ' => "ae",
        'ö' | 'ø' => "oe",
        'ü' => "ue",
        'å' => "aa",
        'Ä' | 'Æ' => "Ae",
        'Ö' | 'Ø' => "Oe",
        'Ü' => "Ue",
        'Å' => "Aa",
        _ => "",
    };
    if !text.chars().any(|c| !out(c).is_empty()) {
        return None;
    }
    let mut spelled = String::with_capacity(text.len() + 4);
    for c in text.chars() {
        match out(c) {
            "" => spelled.push(c),
            letters => spelled.push_str(letters),
        }
    }
    Some(spelled)
}

/// True if a single letter follows: then the dot between belongs to an abbreviation (`S.A.`).
fn is_initial(mut following: impl Iterator<Item = char>) -> bool {
    following.next().is_some_and(char::is_alphabetic)
        && following.next().is_none_or(|next| !next.is_alphanumeric())
}

fn at_edge(folded: &str) -> bool {
    folded.is_empty() || folded.ends_with(' ')
}

/// The combining marks of Latin, Greek and Cyrillic; those of other scripts change the word.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Vowel signs and the like, which are no letters to Unicode.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{dff}' | '\u{e31}'..='\u{e4e}' | '\u{3099}' | '\u{309a}')
}

fn push(folded: &mut String, c: char) {
    match c {
        'ß' | 'ẞ' => folded.push_str("ss"),
        'æ' | 'Æ' => folded.push_str("ae"),
        'œ' | 'Œ' => folded.push_str("oe"),
        'ø' | 'Ø' => folded.push('o'),
        'ł' | 'Ł' => folded.push('l'),
        'đ' | 'Đ' | 'ð' | 'Ð' => folded.push('d'),
        'þ' | 'Þ' => folded.push_str("th"),
        'ı' => folded.push('i'),
        _ => folded.extend(c.to_lowercase().filter(|c| !is_accent(*c))),
    }
}
