//! S8: a digit beside a percent or currency sign, in any script.

/// Signs of percent and of currencies.
const SIGNS: [(char, char); 21] = [
    ('$', '$'),
    ('%', '%'),
    ('¢', '¥'),
    ('֏', '֏'),
    ('؉', '؋'),
    ('٪', '٪'),
    ('߾', '߿'),
    ('৲', '৳'),
    ('৻', '৻'),
    ('૱', '૱'),
    ('௹', '௹'),
    ('฿', '฿'),
    ('៛', '៛'),
    ('‰', '‱'),
    ('₠', '\u{20cf}'),
    ('꠸', '꠸'),
    ('﷼', '﷼'),
    ('﹩', '﹪'),
    ('＄', '％'),
    ('￠', '￦'),
    ('\u{11fdd}', '\u{11fe0}'),
];
/// Words that mean the same. Those of letters a-z stand alone; the others stand behind a digit without a space.
const WORDS: [&str; 33] = [
    "percent",
    "percents",
    "pct",
    "per cent",
    "peratus",
    "rm",
    "ringgit",
    "sen",
    "usd",
    "eur",
    "gbp",
    "jpy",
    "myr",
    "sgd",
    "chf",
    "inr",
    "cad",
    "aud",
    "dollar",
    "dollars",
    "euro",
    "euros",
    "pound",
    "pounds",
    "yen",
    "円",
    "割",
    "元",
    "ドル",
    "ユーロ",
    "パーセント",
    "リンギット",
    "ポンド",
];

/// The first digit beside such a sign: the place in the text and what stands there.
pub(crate) fn figure(text: &str) -> Option<(usize, String)> {
    let lower: Vec<(usize, char)> =
        text.char_indices().map(|(at, c)| (at, c.to_lowercase().next().unwrap_or(c))).collect();
    (0..lower.len()).find_map(|at| {
        let end = sign_at(&lower, at)?;
        let before = neighbour(lower[..at].iter().rev());
        let after = neighbour(lower[end..].iter());
        let (from, to) = match (before, after) {
            (Some(digit), _) => (digit, lower.get(end).map_or(text.len(), |(at, _)| *at)),
            (None, Some(digit)) => {
                (lower[at].0, digit + text[digit..].chars().next().map_or(0, char::len_utf8))
            }
            (None, None) => return None,
        };
        Some((from, text[from..to].to_owned()))
    })
}

/// The end of the sign or the word that begins there.
fn sign_at(text: &[(usize, char)], at: usize) -> Option<usize> {
    let c = text[at].1;
    if SIGNS.iter().any(|(first, last)| (*first..=*last).contains(&c)) {
        return Some(at + 1);
    }
    let is_letter = |c: Option<&(usize, char)>| c.is_some_and(|(_, c)| c.is_ascii_alphabetic());
    WORDS.iter().find_map(|word| {
        let end = at + word.chars().count();
        let there = text.get(at..end)?.iter().map(|(_, c)| *c).eq(word.chars());
        let is_alone =
            !word.is_ascii() || !(is_letter(text.get(end)) || (at > 0 && is_letter(text.get(at - 1))));
        (there && is_alone).then_some(end)
    })
}

/// The place of a digit that nothing but spaces parts from the sign.
fn neighbour<'a>(mut from: impl Iterator<Item = &'a (usize, char)>) -> Option<usize> {
    let (at, c) = from.find(|(_, c)| !c.is_whitespace() && !matches!(c, '.' | ','))?;
    c.is_numeric().then_some(*at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s8_a_digit_beside_a_percent_or_currency_sign_is_found_in_any_script() {
        for text in [
            "20 %",
            "20%",
            "%20",
            "$ 5",
            "5\u{a0}€",
            "٢٠٪",
            "２０％",
            "¥1,000",
            "1,000円",
            "3割引",
            "20 percent",
            "RM 50",
            "rm50",
            "50 ringgit",
            "₹ 99",
            "20パーセント",
            "½ %",
            "USD 10",
            "௹ ௫",
            "20 peratus",
            "20 per cent.",
        ] {
            let found = figure(&format!("so {text} it is"));
            assert!(found.is_some(), "{text}");
        }
    }

    #[test]
    fn other_digits_and_signs_stay() {
        for text in [
            "seven months ago",
            "twenty percent",
            "room 5",
            "in 14 days",
            "3 farms",
            "5 sensors",
            "the $ sign",
            "7か月前",
            "2024年",
        ] {
            assert_eq!(figure(text), None, "{text}");
        }
        assert_eq!(figure("ab 20 % c"), Some((4, "0 %".to_owned())));
    }
}
