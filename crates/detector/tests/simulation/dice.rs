//! Chance from a seed.

use std::hash::{BuildHasher, Hasher};

/// Rolls the same numbers for the same seed.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number: a counter in large odd steps, its bits mixed.
    pub(crate) const fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to below `high`.
    pub(crate) fn between<N: TryFrom<u64> + TryInto<u64>>(&mut self, low: N, high: N) -> N {
        let number = |n: N| n.try_into().ok().expect("bounds of dice are not negative");
        let (low, high): (u64, u64) = (number(low), number(high));
        N::try_from(low + self.roll() % (high - low)).ok().expect("it is between two that fit")
    }

    /// True once in so many times.
    pub(crate) const fn one_in(&mut self, times: u64) -> bool {
        self.roll().is_multiple_of(times)
    }

    /// One of these.
    pub(crate) fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.between(0, list.len())]
    }
}

/// The seed that was asked for by `SIMULATION_SEED`, or one of its own; small enough to be typed.
pub(crate) fn seed() -> u64 {
    let own = || std::collections::hash_map::RandomState::new().build_hasher().finish() >> 24;
    number("SIMULATION_SEED").unwrap_or_else(own)
}

/// A number in the environment; an empty one is none.
pub(crate) fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}: write a whole number")))
}
