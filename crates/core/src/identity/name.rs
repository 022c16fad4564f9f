//! A company's name as people write it, reduced to the words that tell it from others.
//!
//! The weakest key there is: it never stands alone for an immediate trigger. A name with a letter in it is never
//! reduced to nothing.

use super::aside::without_asides;
use super::fold::{fold, spelled_out};
use super::legal::Stripped;
use super::{Host, legal};

/// A company's name in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompanyName {
    stem: String,
    /// The stem with its umlauts spelled out (`mueller`), where it has some.
    spelled: Option<String>,
    forms: Vec<&'static str>,
}

impl CompanyName {
    /// The parts of a name as it is written.
    pub fn parse(raw: &str) -> Self {
        let written = site(raw).unwrap_or(raw);
        let name = without_asides(written);
        let folded = fold(&name);
        let Stripped { words, groups } = legal::strip(&folded);
        let dotted = if groups.is_empty() { legal::without_dotted(&name) } else { None };
        match dotted {
            Some((rest, form)) => Self::of(raw, rest, &legal::strip(&fold(rest)).words, vec![form]),
            None => Self::of(raw, &name, &words, groups),
        }
    }

    fn of(raw: &str, name: &str, words: &[&str], mut forms: Vec<&'static str>) -> Self {
        let stem = joined(words);
        let spelled = spelled_out(name).map(|name| joined(&legal::strip(&fold(&name)).words));
        forms.dedup();
        Self {
            stem: if stem.is_empty() { raw.trim().to_lowercase() } else { stem },
            spelled: spelled.filter(|spelled| !spelled.is_empty()),
            forms,
        }
    }

    /// The name in lower case without accents, punctuation, legal form and leading article, words one blank apart.
    /// Empty only where the input is blank.
    pub fn stem(&self) -> &str {
        &self.stem
    }

    /// The stem, and its other spelling where there is one.
    pub fn spellings(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.stem.as_str()).chain(self.spelled.as_deref().filter(|other| *other != self.stem))
    }

    /// Spellings with a legal form behind, which is part of no stem: the keys of those who have the same form.
    pub fn with_forms(&self) -> impl Iterator<Item = String> {
        let forms = || self.forms.iter().take(MAX_FORMS);
        self.spellings().flat_map(move |stem| forms().map(move |form| format!("{stem}{FORM}{form}")))
    }

    /// True if the name says its legal form.
    pub fn has_form(&self) -> bool {
        !self.forms.is_empty()
    }
}

/// The mark between a stem and a form in a key: no stem has it.
pub const FORM: &str = "|";

/// The forms of one name that are keys: `& Co. Inc.` has two.
const MAX_FORMS: usize = 2;

/// The stem of a company's name.
pub fn company_name(raw: &str) -> String {
    CompanyName::parse(raw).stem
}

/// The words with a blank between, but none between initials (`J P Morgan`).
fn joined(words: &[&str]) -> String {
    let is_initial = |word: &str| {
        let mut chars = word.chars();
        chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
    };
    let mut text = String::with_capacity(words.iter().map(|word| word.len() + 1).sum());
    for (at, word) in words.iter().enumerate() {
        let apart = at > 0 && !(is_initial(word) && is_initial(words[at - 1]));
        text.extend(apart.then_some(' '));
        text.push_str(word);
    }
    text
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
            ("Acme Company (The)", "acme"),
            ("Acme AB (publ)", "acme"),
            ("Acme Inc. Class A Common Stock", "acme"),
            ("Acme Ltd (ASX: ACM)", "acme"),
            ("Acme Inc., NYSE: ACM", "acme"),
            ("Acme™", "acme"),
            ("Acme GmbH, formerly Beta GmbH", "acme"),
            ("Acme d/b/a Beta", "acme"),
            ("Acme Inc., a Delaware corporation", "acme"),
            ("Acme Gesellschaft mit beschraenkter Haftung", "acme"),
            ("Acme Gesellschaft mit beschränkter Haftung", "acme"),
            ("Acme G. m. b. H.", "acme"),
            ("Acme Sociedad Anónima de Capital Variable", "acme"),
            ("Acme Kabushiki Kaisha", "acme"),
            ("PT Acme Tbk", "acme"),
            ("UAB „Acme“", "acme"),
            ("SC Acme SRL", "acme"),
            ("SC Johnson", "sc johnson"),
            ("SAS Institute Inc.", "sas institute"),
            ("SIA Partners", "sia partners"),
            ("บริษัท อัคมี จำกัด (มหาชน)", "อัคมี"),
            ("Công ty TNHH Acme", "acme"),
            ("אקמה בע\"מ", "אקמה"),
            ("ТОВ «Акме»", "акме"),
            ("北京安克美科技有限公司", "北京安克美科技"),
            ("J P Morgan", "jp morgan"),
            ("J.P. Morgan", "jp morgan"),
            ("A T & T", "at and t"),
            ("Acme Foundation", "acme foundation"),
            ("Acme Q.X.Y.", "acme"),
            ("Acme G/Q", "acme"),
            ("Acme U.S.A.", "acme usa"),
            ("Moe's B.B.Q. House", "moes bbq house"),
            ("Acme Holding AG", "acme holding"),
        ] {
            assert_eq!(company_name(raw), expected, "{raw}");
        }
    }

    #[test]
    fn a_name_knows_its_umlauts_both_ways_and_its_form() {
        let keys = |raw| CompanyName::parse(raw).spellings().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(keys("Müller AG"), ["muller", "mueller"]);
        assert_eq!(keys("Mueller AG"), ["mueller"]);
        assert_eq!(keys("Ørsted A/S"), ["orsted", "oersted"]);
        assert_eq!(keys("Blue Inc."), ["blue"]);
        let forms = |raw| CompanyName::parse(raw).with_forms().collect::<Vec<_>>();
        assert_eq!(forms("Acme KGaA"), ["acme|kgaa"]);
        assert_eq!(forms("Acme & Co., Inc."), ["acme|inc"]);
        assert_eq!(forms("Acme Incorporated"), forms("Acme Corp."));
        assert!(!CompanyName::parse("Acme").has_form());
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
