//! Limits of a sequence.

/// The minutes of a day.
pub(crate) const DAY_MINUTES: u16 = 24 * 60;
