//! The times of retries: exponential backoff with full jitter, and the receiver's own wish.

use winback_core::time::Span;

/// The spacing of retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The ceiling of the first wait.
    pub base: Span,
    /// The highest ceiling.
    pub cap: Span,
    /// The longest wish of a receiver that is followed to the letter.
    pub retry_after_cap: Span,
    /// The number of attempts; `None`: until the trigger is stale.
    pub max_attempts: Option<u32>,
}

impl RetryPolicy {
    /// True if another attempt may follow this many.
    pub fn allows(&self, attempts: u32) -> bool {
        self.max_attempts.is_none_or(|max| attempts < max)
    }

    /// The ceiling of the wait after this many attempts: base, twice, four times …, at most the cap.
    pub fn ceiling(&self, attempts: u32) -> Span {
        let doubled = 1_i64.checked_shl(attempts.saturating_sub(1).min(62)).unwrap_or(i64::MAX);
        Span::from_millis(self.base.millis().saturating_mul(doubled)).min(self.cap)
    }

    /// The wait after this many attempts: `dice` picks one up to the ceiling, evenly; never before the receiver's wish.
    pub fn wait(&self, attempts: u32, retry_after: Option<Span>, dice: u64) -> Span {
        let ceiling = u64::try_from(self.ceiling(attempts).millis()).unwrap_or(0);
        let drawn = i64::try_from(dice % ceiling.saturating_add(1)).unwrap_or(i64::MAX);
        let wished = retry_after.unwrap_or(Span::ZERO).min(self.retry_after_cap);
        Span::from_millis(drawn).max(wished).max(Span::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        base: Span::from_secs(1),
        cap: Span::from_mins(5),
        retry_after_cap: Span::from_hours(1),
        max_attempts: Some(3),
    };

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let seconds = [(1, 1), (2, 2), (3, 4), (8, 128), (9, 256), (10, 300), (64, 300), (u32::MAX, 300)];
        for (attempts, expected) in seconds {
            assert_eq!(POLICY.ceiling(attempts), Span::from_secs(expected), "after {attempts}");
        }
    }

    #[test]
    fn a_wait_is_drawn_from_the_whole_range_and_is_never_none() {
        assert_eq!(POLICY.wait(1, None, 0), Span::from_millis(1));
        assert_eq!(POLICY.wait(1, None, 1_000), Span::from_millis(1_000));
        assert_eq!(POLICY.wait(1, None, 1_001), Span::from_millis(1));
        for dice in [0, 1, u64::MAX / 3, u64::MAX] {
            assert!(POLICY.wait(5, None, dice) <= POLICY.ceiling(5));
        }
    }

    #[test]
    fn the_receivers_wish_is_followed_up_to_its_cap() {
        assert_eq!(POLICY.wait(1, Some(Span::from_secs(30)), 7), Span::from_secs(30));
        assert_eq!(POLICY.wait(1, Some(Span::from_days(9)), 7), Span::from_hours(1));
        assert_eq!(POLICY.wait(1, Some(Span::from_millis(-5)), 7), Span::from_millis(7));
    }

    #[test]
    fn attempts_end_where_the_policy_says() {
        assert!(POLICY.allows(2));
        assert!(!POLICY.allows(3));
        assert!(RetryPolicy { max_attempts: None, ..POLICY }.allows(u32::MAX));
    }
}
