//! A score that fades: bursts that did not fire leave it for the next one, and every half-life halves it.
//!
//! Whole numbers only, so that every machine finds the same value: a power of two is a shift by the whole half-lives,
//! and for the rest the product of the roots in a table, a bit of the fraction a root.

use crate::time::{Span, Time};

/// Points are kept in parts of 2^-16.
const FRACTION_BITS: u32 = 16;
/// A point.
const POINT: u64 = 1 << FRACTION_BITS;
/// 2^(-1/2), 2^(-1/4), … 2^(-1/65536), in parts of 2^-32.
const ROOTS: [u64; FRACTION_BITS as usize] = [
    3_037_000_500,
    3_611_622_603,
    3_938_502_376,
    4_112_874_773,
    4_202_935_003,
    4_248_701_965,
    4_271_771_996,
    4_283_353_945,
    4_289_156_690,
    4_292_061_010,
    4_293_513_907,
    4_294_240_540,
    4_294_603_903,
    4_294_785_595,
    4_294_876_445,
    4_294_921_870,
];

/// The rest of a score at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fading {
    /// In parts of 2^-16 of a point.
    pub parts: u64,
    /// The time at which it was so much.
    pub at: Time,
    /// From when it is less than a point, and so nothing.
    pub until: Time,
}

impl Fading {
    /// So much at that time; `None` for less than a point.
    pub fn new(parts: u64, at: Time, half_life: Span) -> Option<Self> {
        if parts < POINT {
            return None;
        }
        let halvings = u64::BITS - parts.leading_zeros() - FRACTION_BITS;
        let life = Span::from_millis(half_life.millis().saturating_mul(i64::from(halvings)));
        Some(Self { parts, at, until: at + life })
    }

    /// Its rest at `at`, in parts.
    pub fn left(&self, at: Time, half_life: Span) -> u64 {
        if at >= self.until {
            return 0;
        }
        faded(self.parts, at.since(self.at), half_life)
    }

    /// Its rest and the score that a burst adds.
    pub(super) fn with(before: Option<Self>, score: u32, at: Time, half_life: Span) -> Option<Self> {
        let left = before.map_or(0, |before| before.left(at, half_life));
        Self::new(left.saturating_add(u64::from(score) << FRACTION_BITS), at, half_life)
    }
}

/// Whole points.
pub(super) fn points(parts: u64) -> u32 {
    u32::try_from(parts >> FRACTION_BITS).unwrap_or(u32::MAX)
}

/// `parts * 2^(-elapsed / half_life)`, rounded down; a time that went back takes nothing away.
fn faded(parts: u64, elapsed: Span, half_life: Span) -> u64 {
    let (elapsed, half_life) = (elapsed.millis().max(0), half_life.millis().max(1));
    let rest = i128::from(elapsed % half_life);
    let fraction = (rest << FRACTION_BITS) / i128::from(half_life);
    let root = |factor: u64, (at, root): (usize, &u64)| {
        let bit = (fraction >> (FRACTION_BITS as usize - 1 - at)) & 1;
        if bit == 1 { scaled(factor, *root) } else { factor }
    };
    let factor = ROOTS.iter().enumerate().fold(1 << 32, root);
    let whole = u32::try_from(elapsed / half_life).unwrap_or(u32::MAX);
    scaled(parts, factor).checked_shr(whole).unwrap_or(0)
}

/// A product with parts of 2^-32, rounded down.
fn scaled(value: u64, by: u64) -> u64 {
    u64::try_from((u128::from(value) * u128::from(by)) >> 32).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: Span = Span::from_days(7);

    #[test]
    fn a_half_life_halves_and_a_day_of_seven_leaves_nine_tenths() {
        for (days, left) in [(0, 65_536), (1, 59_357), (3, 48_693), (7, 32_768), (14, 16_384), (70, 64)] {
            assert_eq!(faded(POINT, Span::from_days(days), WEEK), left, "{days} days");
        }
        assert_eq!(faded(u64::from(u32::MAX) << 16, Span::from_days(7), WEEK), u64::from(u32::MAX) << 15);
        assert_eq!(faded(POINT, Span::from_millis(i64::MAX), Span::from_hours(1)), 0);
        assert_eq!(faded(POINT, Span::from_days(-1), WEEK), POINT);
    }

    #[test]
    fn it_never_grows_and_is_nothing_when_it_says_so() {
        let start = Time::from_millis(1_760_000_000_000);
        let fading = Fading::new(21 * POINT, start, WEEK).unwrap();
        let mut before = u64::MAX;
        for hour in 0..24 * 40 {
            let at = start + Span::from_hours(hour);
            let left = fading.left(at, WEEK);
            assert!(left <= before, "hour {hour}");
            assert!(at < fading.until || left == 0);
            before = left;
        }
        assert_eq!(
            fading.until,
            start + Span::from_days(35),
            "21 points are less than one after five halvings"
        );
        assert_eq!(Fading::new(POINT - 1, start, WEEK), None);
    }
}
