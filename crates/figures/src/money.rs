//! Money of several currencies in one. Amounts stay whole minor units.

use std::collections::BTreeMap;

use crate::facts::{Facts, Money, Rate};

/// One million, the unit of a rate.
const UNIT: i128 = 1_000_000;

/// A month for which nobody says what a currency is worth: no sum is made over it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no rate from {currency} to {into} in {month}: add it with `winback ledger import rates FILE`")]
pub struct MissingRate {
    /// The currency.
    pub currency: String,
    /// The report's currency.
    pub into: String,
    /// The month.
    pub month: String,
}

/// The conversion into the report's currency.
pub(crate) struct Exchange<'a> {
    into: &'a str,
    rates: BTreeMap<(&'a str, &'a str), i64>,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(facts: &'a Facts, into: &'a str) -> Self {
        let key = |rate: &'a Rate| ((rate.month.as_str(), rate.currency.as_str()), rate.millionths);
        Self { into, rates: facts.rates.iter().map(key).collect() }
    }

    /// The amount in the report's minor units, rounded half away from zero.
    pub(crate) fn amount(&self, money: &Money, month: &str) -> Result<i128, MissingRate> {
        if money.currency == self.into {
            return Ok(money.minor.into());
        }
        let missing = || MissingRate {
            currency: money.currency.clone(),
            into: self.into.to_owned(),
            month: month.to_owned(),
        };
        let rate = self.rates.get(&(month, money.currency.as_str())).ok_or_else(missing)?;
        Ok(rounded(i128::from(money.minor) * i128::from(*rate), UNIT))
    }
}

/// A quotient, rounded half away from zero.
pub(crate) fn rounded(value: i128, by: i128) -> i128 {
    let half = by / 2;
    if value < 0 { (value - half) / by } else { (value + half) / by }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_converted_by_its_month_and_a_month_without_a_rate_is_named() {
        let rate = Rate { month: "2026-07".into(), currency: "EUR".into(), millionths: 1_085_500 };
        let facts = Facts { rates: vec![rate], ..Facts::default() };
        let exchange = Exchange::new(&facts, "USD");
        let euros = Money { minor: 1_001, currency: "EUR".into() };
        assert_eq!(exchange.amount(&euros, "2026-07"), Ok(1_087), "1086.5855 cents");
        let missing = exchange.amount(&euros, "2026-08").unwrap_err().to_string();
        assert!(missing.contains("EUR to USD in 2026-08"), "{missing}");
        assert_eq!(exchange.amount(&Money { currency: "USD".into(), ..euros }, "2026-08"), Ok(1_001));
        assert_eq!((rounded(-3, 2), rounded(3, 2), rounded(1, 3)), (-2, 2, 0));
    }
}
