//! Intervals against a truth that is known: facts are drawn from probabilities, and the intervals of 4,000 such draws must
//! hold them about as often as they say.

#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on has failed"
)]

use winback_figures::facts::{Facts, Return, Spell};
use winback_figures::interval::Share;
use winback_figures::{holdout, second_life};

const DAY: i64 = 86_400_000;
const SEEDS: u64 = 4_000;
/// 95 % of 4,000, with four deviations on each side, because counts go in whole steps.
const HELD: std::ops::RangeInclusive<u64> = 3_736..=3_858;

/// Numbers from a seed (SplitMix64: G. L. Steele and others, OOPSLA 2014).
struct Draw(u64);

impl Draw {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The probabilities that a history is drawn from.
struct Truth {
    /// Of a return within 180 days by who is left alone.
    alone: f64,
    /// The same of who is approached.
    approached: f64,
    /// Of a second churn within 180 days.
    again: f64,
}

const TRUTH: Truth = Truth { alone: 0.15, approached: 0.3, again: 0.4 };

impl Truth {
    /// 300 approached and 100 held out, from day 0.
    fn facts(&self, seed: u64) -> Facts {
        let mut draw = Draw(seed.wrapping_mul(0xd1b5_4a32_d192_ed03));
        let spells = (0..400).map(|number| {
            let is_held = number % 4 == 0;
            let share = if is_held { self.alone } else { self.approached };
            let back = (draw.unit() < share).then(|| 1 + (draw.unit() * 178.0) as i64);
            let left = (draw.unit() < self.again).then(|| 1 + (draw.unit() * 178.0) as i64);
            Spell {
                account: format!("acc-{number}"),
                first_trigger: (!is_held).then_some(0),
                first_held_out: is_held.then_some(0),
                returned: back.map(|day| Return { at: day * DAY, arr: None }),
                left_again_at: back.zip(left).map(|(back, left)| (back + left) * DAY),
                ..Spell::default()
            }
        });
        Facts { as_of: 400 * DAY, spells: spells.collect(), ..Facts::default() }
    }
}

/// The number of seeds whose interval holds.
fn held(holds: impl Fn(&Facts) -> bool) -> u64 {
    (0..SEEDS).filter(|seed| holds(&TRUTH.facts(*seed))).count() as u64
}

fn is_in(share: &Share, truth: f64) -> bool {
    share.low <= truth && truth <= share.high
}

#[test]
fn the_shares_and_the_difference_of_the_hold_out_hold_the_truth() {
    let compared = |facts: &Facts| holdout::compare(facts).unwrap();
    let approached = held(|facts| is_in(&compared(facts).approached, TRUTH.approached));
    let difference = held(|facts| {
        let found = compared(facts).difference.unwrap();
        let truth = TRUTH.approached - TRUTH.alone;
        found.low <= truth && truth <= found.high
    });
    assert!(HELD.contains(&approached), "approached: {approached}");
    assert!(HELD.contains(&difference), "difference: {difference}");
}

#[test]
fn the_curve_of_the_second_life_holds_the_truth() {
    let second = held(|facts| {
        let curve = second_life(facts);
        let last = curve.iter().rfind(|point| point.day <= 180).unwrap();
        last.low <= TRUTH.again && TRUTH.again <= last.high
    });
    assert!(HELD.contains(&second), "second life: {second}");
}
