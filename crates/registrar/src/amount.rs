//! Amounts as people and programs write them. A form that can mean two numbers is refused.

const POINT: &str = "a point with three digits behind it means thousands to some and decimals to others: write all digits, \
                     such as 84000";
const COMMA: &str =
    "its comma means decimals to some and thousands to others: write all digits without a comma, such as 840";
const POWER: &str = "it looks like what a spreadsheet shows of a wide number: format the column as a number without decimals, \
                     and export it again";
const LETTER: &str = "K and M mean different numbers to different people: write all digits, such as 84000";
const CURRENCY: &str = "it looks like another currency: write whole US dollars";
const PLAIN: &str = "write a whole number of at least 0";

/// The whole number that a text says; what is behind its decimal point is cut.
pub(crate) fn amount(text: &str) -> Result<u64, &'static str> {
    let digits = undressed(text);
    if let Some(odd) = digits.chars().find(|c| !c.is_ascii_digit() && !is_mark(*c)) {
        return Err(fault(digits, odd));
    }
    let number = whole(digits)?;
    number.parse().map_err(|_| PLAIN)
}

/// The text without blanks around it and without a sign for US dollars.
fn undressed(text: &str) -> &str {
    let mut text = text.trim();
    for sign in ["US$", "USD", "usd", "$"] {
        text = text.strip_prefix(sign).or_else(|| text.strip_suffix(sign)).unwrap_or(text).trim();
    }
    text
}

const fn is_mark(c: char) -> bool {
    matches!(c, ',' | '.' | '_' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}')
}

fn fault(text: &str, odd: char) -> &'static str {
    let begins = text.starts_with(|c: char| c.is_ascii_digit() || is_mark(c));
    let behind = text.split_once(odd).map_or("", |(_, behind)| behind);
    let is_power = behind.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '-');
    match odd {
        'e' | 'E' if begins && is_power => POWER,
        'k' | 'K' | 'm' | 'M' | 'b' | 'B' if begins => LETTER,
        '€' | '£' | '¥' | '₹' => CURRENCY,
        c if c.is_ascii_uppercase() && text.contains(|c: char| c.is_ascii_digit()) => CURRENCY,
        _ => PLAIN,
    }
}

/// The digits in front of the decimal point, where only one reading is possible.
fn whole(text: &str) -> Result<String, &'static str> {
    let mut marks: Vec<char> = text.chars().filter(|c| is_mark(*c)).collect();
    let last = marks.last().copied();
    let count = marks.len();
    marks.dedup();
    match (marks.as_slice(), last) {
        ([], _) => Ok(text.to_owned()),
        ([','], _) => grouped(text, ',').ok_or(COMMA),
        (['.'], _) if count == 1 => {
            let (front, behind) = text.split_once('.').unwrap_or((text, ""));
            if behind.len() == 3 && front.len() <= 3 { Err(POINT) } else { Ok(front.to_owned()) }
        }
        ([group], _) => grouped(text, *group).ok_or(PLAIN),
        ([group, decimal @ ('.' | ',')], Some(last)) if last == *decimal => {
            let (front, behind) = text.rsplit_once(*decimal).unwrap_or((text, ""));
            if behind.is_empty() || front.contains(*decimal) {
                return Err(PLAIN);
            }
            grouped(front, *group).ok_or(PLAIN)
        }
        _ => Err(PLAIN),
    }
}

/// The digits of groups of three; `None` where they are none.
fn grouped(text: &str, mark: char) -> Option<String> {
    let mut groups = text.split(mark);
    let first = groups.next()?;
    let fits = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    fits.then(|| text.chars().filter(char::is_ascii_digit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_with_one_meaning_is_read() {
        for (text, expected) in [
            ("84000", 84_000),
            (" 84000 ", 84_000),
            ("$84,000", 84_000),
            ("84,000", 84_000),
            ("1,234,567.89", 1_234_567),
            ("84000.00", 84_000),
            ("84000.0", 84_000),
            ("1234.567", 1_234),
            ("84000.0000", 84_000),
            ("84.000,00", 84_000),
            ("1.234.567", 1_234_567),
            ("84 000", 84_000),
            ("84\u{202f}000,50", 84_000),
            ("84'000", 84_000),
            ("84_000", 84_000),
            ("84000 USD", 84_000),
            ("US$ 84000", 84_000),
            ("0", 0),
        ] {
            assert_eq!(amount(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_form_that_can_mean_two_numbers_is_refused() {
        for (text, part) in [
            ("84.000", "thousands"),
            ("0.084", "thousands"),
            ("840,50", "comma"),
            ("84000,00", "comma"),
            ("84,00,000", "comma"),
            ("8.4E+04", "spreadsheet"),
            ("8.4e4", "spreadsheet"),
            ("$0.084M", "K and M"),
            ("84k", "K and M"),
            ("€84000", "currency"),
            ("84000 EUR", "currency"),
            ("-84000", "at least 0"),
            ("(84000)", "at least 0"),
            ("lots", "whole number"),
            ("", "whole number"),
            ("1,234.567,8", "whole number"),
            ("99999999999999999999", "whole number"),
        ] {
            let fix = amount(text).unwrap_err();
            assert!(fix.contains(part), "{text}: {fix}");
        }
    }
}
