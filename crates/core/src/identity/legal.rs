//! Legal forms: what stands at the edge of a company's name and tells nobody which company it is.

/// Forms of several words, by their words in normal form.
const LONG: [&[&str]; 4] = [
    &["sp", "z", "oo"],
    &["s", "de", "rl", "de", "cv"],
    &["sa", "de", "cv"],
    &["public", "limited", "company"],
];

/// Forms of one word, at the end.
const TRAILING: [&str; 84] = [
    "inc",
    "incorporated",
    "llc",
    "llp",
    "lllp",
    "pllc",
    "lp",
    "pc",
    "plc",
    "ltd",
    "limited",
    "corp",
    "corporation",
    "co",
    "company",
    "gmbh",
    "ggmbh",
    "mbh",
    "ag",
    "kg",
    "kgaa",
    "ohg",
    "gbr",
    "ug",
    "ev",
    "eg",
    "se",
    "sa",
    "sas",
    "sasu",
    "sarl",
    "eurl",
    "sci",
    "scop",
    "sl",
    "slu",
    "srl",
    "srls",
    "spa",
    "snc",
    "bv",
    "nv",
    "vof",
    "cv",
    "ab",
    "as",
    "asa",
    "aps",
    "oy",
    "oyj",
    "ehf",
    "hf",
    "kk",
    "gk",
    "pty",
    "pvt",
    "pte",
    "sdn",
    "bhd",
    "jsc",
    "ojsc",
    "pjsc",
    "zoo",
    "kft",
    "zrt",
    "nyrt",
    "doo",
    "dd",
    "ood",
    "eood",
    "sro",
    "bvba",
    "sprl",
    "lda",
    "ltda",
    "eireli",
    "tbk",
    "sac",
    "株",
    "ооо",
    "ао",
    "private",
    "株式会社",
    "有限公司",
];

/// Forms of one word, at the beginning.
const LEADING: [&str; 9] = ["the", "ооо", "оао", "зао", "пао", "ао", "株", "株式会社", "有限会社"];

/// Forms that are written without a space.
const ATTACHED: [&str; 6] = ["株式会社", "有限会社", "合同会社", "股份有限公司", "有限责任公司", "有限公司"];

/// Top-level domains that are legal forms: `Acme.Inc` is a name, not a site.
pub(super) const SUFFIXES: [&str; 7] = ["inc", "ltd", "llc", "gmbh", "srl", "limited", "company"];

/// The words of a name without the forms around them; at least one word stays.
pub(super) fn strip<'w, 'a>(words: &'w mut [&'a str]) -> &'w mut [&'a str] {
    let mut words = words;
    while words.len() > 1 && words.first().is_some_and(|word| LEADING.contains(word)) {
        words = &mut words[1..];
    }
    while let Some(keep) = shorter(words) {
        words = &mut words[..keep];
    }
    for edge in [0, words.len().saturating_sub(1)] {
        if let Some(word) = words.get_mut(edge) {
            *word = detached(word);
        }
    }
    words
}

/// The number of words that stay if the form at the end goes.
fn shorter(words: &[&str]) -> Option<usize> {
    let long = LONG.iter().find(|form| words.ends_with(form)).map(|form| form.len());
    let one = words.last().filter(|word| TRAILING.contains(word) || **word == "and").map(|_| 1);
    long.into_iter().chain(one).map(|gone| words.len() - gone).find(|keep| *keep > 0)
}

fn detached(word: &str) -> &str {
    let shorter =
        ATTACHED.into_iter().find_map(|form| word.strip_prefix(form).or_else(|| word.strip_suffix(form)));
    shorter.filter(|rest| !rest.is_empty()).unwrap_or(word)
}
