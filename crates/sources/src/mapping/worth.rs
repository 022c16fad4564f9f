//! The worth of a return, as a CRM writes it.

use super::compile::Compiled;
use super::pointer::Document;
use crate::element::Worth;

/// The currency where nobody says one: that of the list of accounts.
const CURRENCY: &str = "USD";
/// Currencies without a smaller unit (ISO 4217).
const WHOLE: [&str; 11] = ["CLP", "ISK", "JPY", "KRW", "PYG", "RWF", "UGX", "VND", "XAF", "XOF", "XPF"];
/// The longest word of terms.
const TERMS_CHARS: usize = 40;

impl Compiled {
    /// The worth; `None` where nothing of it is said. An amount that can mean two things is not known: the answer itself
    /// stops messages, and is not held up for it.
    pub(super) fn worth(&self, document: Document<'_>) -> Option<Worth> {
        let arr = document.text(&self.arr);
        let terms = document.text(&self.terms);
        if arr.is_none() && terms.is_none() {
            return None;
        }
        let currency = document.text(&self.currency);
        let currency = currency.as_deref().map_or(CURRENCY, str::trim).to_ascii_uppercase();
        let is_code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
        let minor = arr.filter(|_| is_code).and_then(|text| minor(&text, &currency));
        let terms = terms.map(|terms| terms.trim().chars().take(TERMS_CHARS).collect());
        Some(Worth { minor, currency, terms: terms.unwrap_or_default() })
    }
}

/// Whole units, or units with all digits of the smaller one: `24000`, `24000.50`.
fn minor(text: &str, currency: &str) -> Option<i64> {
    let digits = if WHOLE.contains(&currency) { 0 } else { 2 };
    let (whole, rest) =
        text.trim().split_once('.').map_or((text.trim(), None), |(whole, rest)| (whole, Some(rest)));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = rest.map_or(Some(0), |rest| {
        (rest.len() == digits && is_number(rest)).then(|| rest.parse::<i64>().ok()).flatten()
    })?;
    let whole: i64 = is_number(whole).then(|| whole.parse().ok()).flatten()?;
    whole.checked_mul(if digits == 0 { 1 } else { 100 })?.checked_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_whole_units_or_has_all_its_digits() {
        for (text, currency, expected) in [
            ("24000", "USD", Some(2_400_000)),
            (" 24000.50 ", "EUR", Some(2_400_050)),
            ("24000", "JPY", Some(24_000)),
            ("24000.5", "USD", None),
            ("24.000", "USD", None),
            ("24000.50", "JPY", None),
            ("-1", "USD", None),
            ("24k", "USD", None),
            ("99999999999999999999", "USD", None),
        ] {
            assert_eq!(minor(text, currency), expected, "{text} {currency}");
        }
    }
}
