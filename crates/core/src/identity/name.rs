//! A company's name as people write it, reduced to the words that tell it from others.
//!
//! The weakest key there is: it never stands alone for an immediate trigger. A name with a letter in it is never
//! reduced to nothing.

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::{Host, legal};

const NFKD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfkd();

/// Notes in brackets that begin like this are about the name, not of it.
const NOTES: [&str; 6] = ["fka ", "f/k/a ", "formerly ", "aka ", "dba ", "yc "];

/// The name in lower case without accents, punctuation, legal form and leading article, words one space apart.
/// Empty only where the input is blank.
pub fn company_name(raw: &str) -> String {
    let written = site(raw).unwrap_or(raw);
    let folded = fold(&without_notes(written));
    let mut words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    let kept = legal::strip(&mut words).join(" ");
    if kept.is_empty() { raw.trim().to_lowercase() } else { kept }
}

/// The host where the name is really one (`https://www.wealthbucket.in/`, `Alarm.com`): then the domain says more
/// than the name. A dot alone is not enough; the ending must be a public suffix, and no legal form.
pub fn domain_in_name(raw: &str) -> Option<Host<'_>> {
    let text = raw.trim();
    if !text.contains('.') || text.contains('@') || text.contains(char::is_whitespace) {
        return None;
    }
    let host = Host::parse(text).ok()?;
    host.registrable().ok()?;
    let ending = host.as_str().rsplit_once('.').map_or("", |(_, ending)| ending);
    let form = legal::SUFFIXES.contains(&ending) && site(text).is_none();
    (!form).then_some(host)
}

/// The part behind scheme and `www.` of a name that is written as a URL, without its path.
fn site(raw: &str) -> Option<&str> {
    let text = raw.trim();
    let rest = ["https://", "http://", "www."].iter().find_map(|prefix| {
        let head = text.get(..prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
    })?;
    let rest = rest.get(..4).filter(|head| head.eq_ignore_ascii_case("www.")).map_or(rest, |_| &rest[4..]);
    let name = rest.split(['/', '?', '#', ':']).next().unwrap_or(rest);
    (!name.is_empty()).then_some(name)
}

/// Without `[…]`, and without `(fka …)` and the like, unless nothing else is there.
fn without_notes(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find(['[', '(']) {
        let (before, bracket) = rest.split_at(open);
        let (close, round) = if bracket.starts_with('(') { (')', true) } else { (']', false) };
        let Some(end) = bracket.find(close) else { break };
        let inside = bracket[1..end].trim_start().to_lowercase();
        kept.push_str(before);
        if round && !NOTES.iter().any(|note| inside.starts_with(note)) {
            kept.push_str(&bracket[..=end]);
        }
        rest = &bracket[end + 1..];
    }
    kept.push_str(rest);
    if kept.contains(char::is_alphanumeric) { kept } else { text.to_owned() }
}

/// Letters and digits in lower case without accents; all else separates words.
fn fold(text: &str) -> String {
    let decomposed = NFKD.normalize(text);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_company_has_one_name() {
        for (raw, expected) in [
            ("Acme", "acme"),
            ("  ACME,  Inc. ", "acme"),
            ("The Acme Company", "acme"),
            ("Acme Ltd.", "acme"),
            ("Acme LLC", "acme"),
            ("Acme GmbH & Co. KG", "acme"),
            ("Acme S.A.", "acme"),
            ("Acme S/A", "acme"),
            ("Acme Pvt. Ltd.", "acme"),
            ("Acme (Pty) Ltd", "acme"),
            ("Acme Private Limited", "acme"),
            ("Acme B.V.", "acme"),
            ("Acme AG", "acme"),
            ("Acme Oy", "acme"),
            ("Acme K.K.", "acme"),
            ("Acme Sp. z o.o.", "acme"),
            ("Acme S. de R.L. de C.V.", "acme"),
            ("株式会社アクメ", "アクメ"),
            ("ООО Акме", "акме"),
            ("ООО «Ёлка»", "елка"),
            ("Société Générale", "societe generale"),
            ("Schrödinger", "schrodinger"),
            ("Ørsted A/S", "orsted"),
            ("Straße AG", "strasse"),
            ("L’Oréal", "loreal"),
            ("Moe's Diner", "moes diner"),
            ("Dun & Bradstreet", "dun and bradstreet"),
            ("Dun and Bradstreet", "dun and bradstreet"),
            ("Tiffany & Co.", "tiffany"),
            ("AlphaSights>", "alphasights"),
            ("A-1 Auto Transport", "a 1 auto transport"),
            ("84.51 Degrees", "84 51 degrees"),
            ("U.S.A. Today", "usa today"),
            ("Study.com", "study com"),
            ("https://www.wealthbucket.in/", "wealthbucket in"),
            ("Navan (fka TripActions) [https://simplify.jobs/c/Navan]", "navan"),
            ("Acme (India) Pvt Ltd", "acme india"),
            ("(The) Acme", "acme"),
            ("Ⓐcme ﬁne", "acme fine"),
        ] {
            assert_eq!(company_name(raw), expected, "{raw}");
        }
    }

    #[test]
    fn a_name_of_nothing_but_forms_is_kept() {
        for (raw, expected) in [
            ("The Company", "company"),
            ("Co.", "co"),
            ("The", "the"),
            ("Limited", "limited"),
            ("Pvt Ltd", "pvt"),
            ("!!!", "!!!"),
            ("株式会社", "株式会社"),
            ("[x]", "x"),
            ("https://", "https"),
            ("  ", ""),
        ] {
            assert_eq!(company_name(raw), expected, "{raw}");
        }
    }

    #[test]
    fn a_name_that_is_a_site_says_so() {
        for (raw, expected) in [
            ("https://www.wealthbucket.in/", Some("wealthbucket.in")),
            ("www.acme.com", Some("acme.com")),
            ("Alarm.com", Some("alarm.com")),
            ("pony.ai", Some("pony.ai")),
            ("Acme.Inc", None),
            ("https://acme.inc", Some("acme.inc")),
            ("84.51 Degrees", None),
            ("Gotion, Inc.", None),
            ("Inc.", None),
            ("Node.js", None),
            ("jane@acme.com", None),
            ("Acme", None),
        ] {
            let host = domain_in_name(raw);
            assert_eq!(host.as_ref().and_then(|host| host.registrable().ok()), expected, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_never_emptied_and_its_normal_form_is_stable_in_case(raw in "\\PC{0,40}") {
            let name = company_name(&raw);
            prop_assert_eq!(name.is_empty(), raw.trim().is_empty());
            prop_assert!(!name.starts_with(' ') && !name.ends_with(' '));
        }

        #[test]
        fn nothing_written_makes_a_domain_panic_or_change_twice(raw in "\\PC{0,60}") {
            if let Ok(domain) = super::super::company_domain(&raw) {
                prop_assert_eq!(super::super::company_domain(&domain), Ok(domain.clone()));
            }
            let _ = super::super::Mail::parse(&raw);
            let _ = super::super::parse_range(&raw);
        }
    }
}
