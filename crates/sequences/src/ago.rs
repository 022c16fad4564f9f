//! Lengths of time and months as people of a language say them.

/// The languages that these words exist in.
pub(crate) const LANGUAGES: [&str; 3] = ["en", "ja", "ms"];

const ENGLISH: [&str; 13] =
    ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
const MALAY: [&str; 13] = [
    "kosong",
    "satu",
    "dua",
    "tiga",
    "empat",
    "lima",
    "enam",
    "tujuh",
    "lapan",
    "sembilan",
    "sepuluh",
    "sebelas",
    "dua belas",
];
const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const MALAY_MONTHS: [&str; 12] = [
    "Januari",
    "Februari",
    "Mac",
    "April",
    "Mei",
    "Jun",
    "Julai",
    "Ogos",
    "September",
    "Oktober",
    "November",
    "Disember",
];

/// The primary language of a tag: `en` of `en-GB`.
pub(crate) fn primary(language: &str) -> &str {
    language.split('-').next().unwrap_or(language)
}

/// So many months ago: `seven months ago`, `7か月前`, `tujuh bulan lalu`. Empty in a language without these words.
pub(crate) fn ago(months: u32, language: &str) -> String {
    match (primary(language), months) {
        ("en", 0) => "a few weeks ago".to_owned(),
        ("ja", 0) => "少し前".to_owned(),
        ("ms", 0) => "beberapa minggu lalu".to_owned(),
        ("en", _) => format!("{} ago", length(months, language)),
        ("ja", _) => format!("{}前", length(months, language)),
        ("ms", _) => format!("{} lalu", length(months, language)),
        _ => String::new(),
    }
}

/// So many months: `more than two years`, `2年余り`, `lebih dua tahun`. Empty in a language without these words.
pub(crate) fn length(months: u32, language: &str) -> String {
    let (years, rest) = (months / 12, months % 12);
    match primary(language) {
        "en" => english(years, rest),
        "ja" => japanese(years, rest),
        "ms" => malay(years, rest),
        _ => String::new(),
    }
}

fn english(years: u32, months: u32) -> String {
    let year = |years: u32| {
        if years == 1 { "a year".to_owned() } else { format!("{} years", word(&ENGLISH, years)) }
    };
    match (years, months) {
        (0, 0 | 1) => "a month".to_owned(),
        (0, months) => format!("{} months", word(&ENGLISH, months)),
        (years, 0) => year(years),
        (1, 6) => "a year and a half".to_owned(),
        (years, 6) => format!("{} and a half years", word(&ENGLISH, years)),
        (years, 1..=5) => format!("more than {}", year(years)),
        (years, _) => format!("almost {}", year(years + 1)),
    }
}

fn japanese(years: u32, months: u32) -> String {
    match (years, months) {
        (0, months) => format!("{}か月", months.max(1)),
        (years, 0) => format!("{years}年"),
        (years, 6) => format!("{years}年半"),
        (years, 1..=5) => format!("{years}年余り"),
        (years, _) => format!("{}年近く", years + 1),
    }
}

fn malay(years: u32, months: u32) -> String {
    let year =
        |years: u32| if years == 1 { "setahun".to_owned() } else { format!("{} tahun", word(&MALAY, years)) };
    match (years, months) {
        (0, 0 | 1) => "sebulan".to_owned(),
        (0, months) => format!("{} bulan", word(&MALAY, months)),
        (years, 0) => year(years),
        (years, 6) => format!("{} setengah", year(years)),
        (years, 1..=5) => format!("lebih {}", year(years)),
        (years, _) => format!("hampir {}", year(years + 1)),
    }
}

/// The word of a number, or its digits.
fn word(words: &[&str], number: u32) -> String {
    let word = usize::try_from(number).ok().and_then(|number| words.get(number));
    word.map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

/// The name of a month, 1 to 12.
fn name(names: &'static [&'static str; 12], month: i8) -> &'static str {
    usize::try_from(month - 1).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
}

/// A month of a year: `March 2026`, `2026年3月`, `Mac 2026`; `2026-03` in a language without these words.
pub(crate) fn month(year: i16, month: i8, language: &str) -> String {
    match primary(language) {
        "en" => format!("{} {year}", name(&ENGLISH_MONTHS, month)),
        "ja" => format!("{year}年{month}月"),
        "ms" => format!("{} {year}", name(&MALAY_MONTHS, month)),
        _ => format!("{year}-{month:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_said_as_people_say_it() {
        for (months, english, japanese, malay) in [
            (0, "a few weeks ago", "少し前", "beberapa minggu lalu"),
            (1, "a month ago", "1か月前", "sebulan lalu"),
            (7, "seven months ago", "7か月前", "tujuh bulan lalu"),
            (12, "a year ago", "1年前", "setahun lalu"),
            (14, "more than a year ago", "1年余り前", "lebih setahun lalu"),
            (18, "a year and a half ago", "1年半前", "setahun setengah lalu"),
            (22, "almost two years ago", "2年近く前", "hampir dua tahun lalu"),
            (30, "two and a half years ago", "2年半前", "dua tahun setengah lalu"),
            (40, "more than three years ago", "3年余り前", "lebih tiga tahun lalu"),
            (170, "more than 14 years ago", "14年余り前", "lebih 14 tahun lalu"),
        ] {
            assert_eq!(
                [ago(months, "en-GB"), ago(months, "ja"), ago(months, "ms")],
                [english, japanese, malay]
            );
        }
        assert_eq!(ago(7, "de"), "");
        assert_eq!(
            [month(2026, 3, "en"), month(2026, 3, "ja"), month(2026, 3, "ms"), month(2026, 3, "de")],
            ["March 2026", "2026年3月", "Mac 2026", "2026-03"]
        );
    }
}
