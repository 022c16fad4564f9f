//! `[dead_letters]`: when a lane stops instead of making dead letters of everything.

use serde::{Deserialize, Serialize};
use winback_core::time::Span;
use winback_lane::BreakerPolicy;

/// `[dead_letters]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeadLettersConfig {
    /// More than this share of dead records stops what is read; 1 never does.
    pub max_ratio: f64,
    /// Of how many records in a row the share is taken.
    pub over: u32,
    /// So many dead records in a row stop it, too; 0 allows any number.
    pub max_run: u32,
    /// So many bytes of dead letters of one source are written in an hour; those beyond are counted and told once a minute.
    pub max_bytes_per_hour: u64,
    /// The time until a stopped source is tried again.
    #[serde(with = "winback_core::time::text")]
    pub retry_after: Span,
}

impl Default for DeadLettersConfig {
    fn default() -> Self {
        let (max_ratio, over, max_run, max_bytes_per_hour) = (0.5, 1_000, 100, 256 << 20);
        Self { max_ratio, over, max_run, max_bytes_per_hour, retry_after: Span::from_mins(1) }
    }
}

impl DeadLettersConfig {
    /// Checks what must hold.
    ///
    /// # Errors
    /// Names the key, the value and the fix.
    pub(super) fn check(&self) -> Result<(), String> {
        if !(0.001..=1.0).contains(&self.max_ratio) {
            return Err(format!(
                "dead_letters.max_ratio = {}: write a share from 0.001 to 1, such as 0.5; 1 never stops anything",
                self.max_ratio
            ));
        }
        if !(10..=20_000).contains(&self.over) {
            return Err(format!("dead_letters.over = {}: write 10 to 20000 records", self.over));
        }
        if self.max_bytes_per_hour < 1_000_000 {
            return Err(format!(
                "dead_letters.max_bytes_per_hour = {}: write 1000000 bytes or more, such as 268435456",
                self.max_bytes_per_hour
            ));
        }
        if self.retry_after < Span::from_secs(1) {
            return Err(format!(
                "dead_letters.retry_after = {}: write a second or more, such as 1m",
                self.retry_after
            ));
        }
        Ok(())
    }

    /// The share of each of so many lanes of a source in the bytes of an hour.
    pub fn bytes_of_lane(&self, lanes: usize) -> usize {
        usize::try_from(self.max_bytes_per_hour).unwrap_or(usize::MAX) / lanes.max(1)
    }

    /// The breaker's settings for the lanes.
    pub fn policy(&self) -> BreakerPolicy {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share from 0 to 1, so 0 to 1,000"
        )]
        let max_permille = (self.max_ratio.clamp(0.0, 1.0) * 1_000.0).round() as u32;
        let Self { over, max_run, retry_after, .. } = *self;
        BreakerPolicy { max_permille, over, max_run, retry_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_one_turns_the_breaker_off_and_a_half_is_five_hundred_thousandths() {
        let all = DeadLettersConfig { max_ratio: 1.0, ..DeadLettersConfig::default() };
        assert_eq!(all.policy().max_permille, BreakerPolicy::OFF.max_permille);
        assert_eq!(DeadLettersConfig::default().policy().max_permille, 500);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_key_the_value_and_the_fix() {
        let of = |text: &str| toml::from_str::<DeadLettersConfig>(text).unwrap().check().unwrap_err();
        for (text, part) in [
            ("max_ratio = 0", "dead_letters.max_ratio = 0: write a share"),
            ("max_ratio = 50", "dead_letters.max_ratio = 50"),
            ("over = 1", "dead_letters.over = 1: write 10"),
            ("max_bytes_per_hour = 1000", "dead_letters.max_bytes_per_hour = 1000: write 1000000"),
            ("retry_after = \"0s\"", "dead_letters.retry_after = 0"),
        ] {
            assert!(of(text).contains(part), "{}", of(text));
        }
    }
}
