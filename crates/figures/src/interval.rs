//! Shares with their intervals.
//!
//! All intervals are of 95 %. A share without its interval says more than is known.

use serde::Serialize;

/// The quantile of the normal distribution for 95 %, both sides.
pub(crate) const Z: f64 = 1.959_963_984_540_054;
/// The quantile for a power of 80 %, one side.
const Z_POWER: f64 = 0.841_621_233_572_914;

/// A share of a number, with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// The number that it happened to.
    pub of: u64,
    /// The number that it could happen to.
    pub n: u64,
    /// The lower end of the interval, 0 to 1.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl Share {
    /// Wilson's score interval (E. B. Wilson, 1927; recommended by R. G. Newcombe, Statistics in Medicine 17, 1998, 857).
    pub fn new(of: u64, n: u64) -> Self {
        if n == 0 {
            return Self { of, n, low: 0.0, high: 1.0 };
        }
        let (k, total, square) = (of as f64, n as f64, Z * Z);
        let middle = (2.0 * k + square) / (2.0 * (total + square));
        let half = Z * (square + 4.0 * k * (1.0 - k / total)).sqrt() / (2.0 * (total + square));
        let low = if of == 0 { 0.0 } else { (middle - half).max(0.0) };
        let high = if of == n { 1.0 } else { (middle + half).min(1.0) };
        Self { of, n, low, high }
    }

    /// The share; none of nothing.
    pub fn value(&self) -> Option<f64> {
        (self.n > 0).then(|| self.of as f64 / self.n as f64)
    }
}

/// A difference of two shares, with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The difference, -1 to 1.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl Difference {
    /// The difference of two estimates from their own intervals: the method of variance estimates recovery (G. Y. Zou and
    /// A. Donner, Statistics in Medicine 27, 2008, 1693). With Wilson's intervals it is Newcombe's (his method 10, 1998).
    pub fn of(
        (first, low, high): (f64, f64, f64),
        (second, second_low, second_high): (f64, f64, f64),
    ) -> Self {
        let value = first - second;
        let below = ((first - low).powi(2) + (second_high - second).powi(2)).sqrt();
        let above = ((high - first).powi(2) + (second - second_low).powi(2)).sqrt();
        Self { value, low: value - below, high: value + above }
    }

    /// The difference of two shares; none where one is of nothing.
    pub fn of_shares(first: &Share, second: &Share) -> Option<Self> {
        let (one, two) = (first.value()?, second.value()?);
        Some(Self::of((one, first.low, first.high), (two, second.low, second.high)))
    }

    /// True if the interval leaves no difference out.
    pub fn is_open(&self) -> bool {
        self.low <= 0.0 && self.high >= 0.0
    }
}

/// The number of accounts in each of two equal groups with which a difference is found in 80 of 100 cases, where `share` comes
/// back by itself.
pub fn needed(share: f64, difference: f64) -> u64 {
    let other = (share + difference).clamp(0.0, 1.0);
    let variance = share * (1.0 - share) + other * (1.0 - other);
    let n = (Z + Z_POWER).powi(2) * variance / difference.powi(2);
    n.ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, published: f64) {
        assert!((found - published).abs() < 6e-5, "{found} is not {published}");
    }

    /// R. G. Newcombe, Statistics in Medicine 17, 1998, 857, table I, method 3.
    #[test]
    fn wilson_has_the_published_intervals() {
        for (of, n, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let share = Share::new(of, n);
            close(share.low, low);
            close(share.high, high);
        }
        let golden = Share::new(187, 2_400);
        assert_eq!(format!("{:.1} {:.1}", golden.low * 100.0, golden.high * 100.0), "6.8 8.9");
        assert_eq!(Share::new(0, 0).value(), None);
    }

    /// R. G. Newcombe, Statistics in Medicine 17, 1998, 873, table II, method 10.
    #[test]
    fn a_difference_has_the_published_intervals() {
        for ((k1, n1), (k2, n2), value, low, high) in
            [((56, 70), (48, 80), 0.2, 0.0524, 0.3339), ((9, 10), (3, 10), 0.6, 0.1705, 0.8090)]
        {
            let found = Difference::of_shares(&Share::new(k1, n1), &Share::new(k2, n2)).unwrap();
            close(found.value, value);
            close(found.low, low);
            close(found.high, high);
            assert!(!found.is_open());
        }
    }

    /// 5 % against 7 %: 2,210 a group (J. L. Fleiss, Statistical Methods for Rates and Proportions, without correction).
    #[test]
    fn a_small_difference_needs_thousands() {
        assert_eq!(needed(0.05, 0.02), 2_210);
    }

    /// Wilson's interval covers the truth: the exact probability, by enumeration.
    #[test]
    fn the_interval_holds_the_truth_about_as_often_as_it_says() {
        for (n, truth) in [(40_u64, 0.1_f64), (200, 0.05), (500, 0.3)] {
            let mut mass = (1.0 - truth).powi(n as i32);
            let mut held = 0.0;
            for k in 0..=n {
                let share = Share::new(k, n);
                if share.low <= truth && truth <= share.high {
                    held += mass;
                }
                mass *= (n - k) as f64 / (k + 1) as f64 * truth / (1.0 - truth);
            }
            assert!((0.93..=0.975).contains(&held), "{n}, {truth}: {held}");
        }
    }
}
