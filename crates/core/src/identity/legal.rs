//! Legal forms: what stands at the edge of a company's name and tells nobody which company it is.
//!
//! The forms are data, in groups: by hand (`data/legal-forms.txt`), and GLEIF's list for the rest
//! (`data/legal-forms-gleif.txt`). They are compared without case, accents, dots and blanks, so that `GmbH`, `G.m.b.H.` and
//! `G m b H` are one entry.

use std::sync::LazyLock;

use foldhash::HashMap;

use super::fold::{fold, spelled_out};

const FORMS: &str = include_str!("data/legal-forms.txt");

/// A form a line, its spellings apart by `;`.
const GLEIF: &str = include_str!("data/legal-forms-gleif.txt");

/// The longest form, in words.
const MAX_WORDS: usize = 10;

/// The group of what stands behind a form and is none.
const SHARES: &str = "-";

/// Words that name no company alone: a form in front of nothing but these is a name (`SAS Institute`, `SIA Partners`).
const GENERIC: [&str; 34] = [
    "airlines",
    "and",
    "bank",
    "capital",
    "co",
    "consulting",
    "digital",
    "energy",
    "engineering",
    "financial",
    "global",
    "group",
    "health",
    "holding",
    "holdings",
    "inbev",
    "industries",
    "institute",
    "insurance",
    "international",
    "investments",
    "media",
    "networks",
    "partners",
    "power",
    "roma",
    "services",
    "software",
    "solutions",
    "systems",
    "technologies",
    "technology",
    "trading",
    "ventures",
];

/// Top-level domains that are legal forms: `Acme.Inc` is a name, not a site.
pub(super) const SUFFIXES: [&str; 7] = ["inc", "ltd", "llc", "gmbh", "srl", "limited", "company"];

/// The places at which a form stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Behind,
    Around,
    Front,
}

#[derive(Clone, Copy)]
struct Form {
    group: &'static str,
    place: Place,
}

/// The forms, by their letters.
struct Forms {
    apart: HashMap<String, Form>,
    /// Forms that are written without a blank, the longest first.
    attached: Vec<(String, &'static str)>,
}

static ALL: LazyLock<Forms> = LazyLock::new(|| {
    let mut forms = Forms { apart: HashMap::default(), attached: Vec::new() };
    for line in FORMS.lines().filter(|line| !line.starts_with('#')) {
        let Some((group, list)) = line.split_once(':') else { continue };
        for written in list.split(';').map(str::trim).filter(|form| !form.is_empty()) {
            forms.add(group.trim(), written);
        }
    }
    GLEIF.lines().for_each(|line| forms.add_spellings(line));
    forms.attached.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
    forms
});

impl Forms {
    /// The spellings of one form. Where one is known, the others are of its group.
    fn add_spellings(&mut self, line: &'static str) {
        let spellings = || line.split(';').map(str::trim).filter(|form| !form.is_empty());
        let known = spellings().find_map(|form| self.apart.get(&letters(form))).map(|form| form.group);
        let Some(group) = known.or_else(|| spellings().next()) else { return };
        for form in spellings() {
            let is_latin = form.chars().all(|c| !c.is_alphabetic() || c < '\u{250}');
            let place = if is_latin { Place::Behind } else { Place::Around };
            self.apart.entry(letters(form)).or_insert(Form { group, place });
        }
    }

    fn add(&mut self, group: &'static str, written: &str) {
        let (place, form) = match (written.strip_prefix("<<"), written.strip_prefix('<')) {
            (Some(form), _) => (Place::Front, form),
            (_, Some(form)) => (Place::Around, form),
            _ => (Place::Behind, written),
        };
        if let Some(form) = form.strip_prefix('*') {
            self.attached.push((letters(form), group));
            return;
        }
        for letters in
            [Some(letters(form)), spelled_out(form).map(|form| letters(&form))].into_iter().flatten()
        {
            let known = self.apart.entry(letters).or_insert(Form { group, place });
            if known.place == Place::Behind && place == Place::Around {
                known.place = Place::Around;
            }
        }
    }
}

/// Initials behind a name that are a place, not a form.
const PLACES: [&str; 8] = ["us", "usa", "uk", "dc", "ny", "la", "uae", "eu"];

/// The group of a form that no list has.
const UNKNOWN: &str = "other";

/// The name without dotted initials behind it that no list has (`Acme A.X.Y.`): every country writes its forms so.
/// Initials that are a name's only word are that name.
pub(super) fn without_dotted(name: &str) -> Option<(&str, &'static str)> {
    let text = name.trim_end();
    let (before, last) = text.rsplit_once([' ', ','])?;
    let initials: Vec<&str> = last.split(['.', '/']).filter(|part| !part.is_empty()).collect();
    let dotted = (2..=6).contains(&initials.len()) && initials.iter().all(|part| part.chars().count() == 1);
    let unknown = || {
        let letters = letters(last);
        !ALL.apart.contains_key(&letters) && !PLACES.contains(&letters.as_str())
    };
    let is_form = dotted
        && before.contains(char::is_alphanumeric)
        && initials.iter().all(|part| part.chars().all(char::is_alphabetic));
    (is_form && unknown()).then_some((before, UNKNOWN))
}

fn letters(form: &str) -> String {
    fold(form).split(' ').collect()
}

/// A name's words without the forms around them, and the forms' groups, the outermost first.
#[derive(Default)]
pub(super) struct Stripped<'a> {
    pub(super) words: Vec<&'a str>,
    pub(super) groups: Vec<&'static str>,
}

/// The words of a folded name without the forms around them; at least one word stays.
pub(super) fn strip(folded: &str) -> Stripped<'_> {
    let mut words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    let mut groups = Vec::new();
    if words.len() > 1 && words.first() == Some(&"the") {
        words.remove(0);
    }
    while let Some((keep, group)) = behind(&words) {
        words.truncate(keep);
        groups.extend(group.filter(|group| *group != SHARES));
    }
    while let Some((skip, group)) = in_front(&words, !groups.is_empty()) {
        words.drain(..skip);
        groups.push(group);
    }
    if words.len() > 1 && words.first() == Some(&"the") {
        words.remove(0);
    }
    if let Some(first) = words.first_mut() {
        *first = detached(first, &mut groups);
    }
    if let Some(last) = words.last_mut() {
        *last = detached(last, &mut groups);
    }
    Stripped { words, groups }
}

/// The number of words that stay if the form at the end goes, and its group.
fn behind(words: &[&str]) -> Option<(usize, Option<&'static str>)> {
    let last = words.len().checked_sub(1).filter(|last| *last > 0)?;
    if ["and", "the"].contains(&words[last]) {
        return Some((last, None));
    }
    (1..=MAX_WORDS.min(last)).rev().find_map(|count| {
        let keep = words.len() - count;
        let form = ALL.apart.get(&words[keep..].concat()).filter(|form| form.place != Place::Front)?;
        Some((keep, Some(form.group)))
    })
}

/// The number of words of the form in front, and its group. `SC` is one only where another form stands behind.
fn in_front(words: &[&str], has_form: bool) -> Option<(usize, &'static str)> {
    let last = words.len().checked_sub(1).filter(|last| *last > 0)?;
    (1..=MAX_WORDS.min(last)).rev().find_map(|count| {
        let form = ALL.apart.get(&words[..count].concat()).filter(|form| form.place != Place::Behind)?;
        let names_nobody = words[count..].iter().all(|word| GENERIC.contains(word));
        let weak = words[..count] == ["sc"] && !has_form;
        (!names_nobody && !weak).then_some((count, form.group))
    })
}

fn detached<'a>(word: &'a str, groups: &mut Vec<&'static str>) -> &'a str {
    let found = ALL.attached.iter().find_map(|(form, group)| {
        let rest = word.strip_prefix(form.as_str()).or_else(|| word.strip_suffix(form.as_str()))?;
        (!rest.is_empty()).then_some((rest, *group))
    });
    let Some((rest, group)) = found else { return word };
    groups.push(group);
    rest
}
