//! The priority of a trigger: its worth to a person's time, with the reason of each part.

/// A part of a priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rated {
    /// 0 to 100.
    pub percent: u32,
    /// The reason, for a person.
    pub why: String,
}

impl Rated {
    pub(crate) fn new(percent: u32, why: impl Into<String>) -> Self {
        Self { percent, why: why.into() }
    }
}

/// The priority of a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priority {
    /// 0 to 100: the product of the parts.
    pub total: u32,
    /// The chance that the reason for which they left is gone.
    pub recoverability: Rated,
    /// Their worth.
    pub value: Rated,
    /// The strength of the signals.
    pub strength: Rated,
    /// The fit of the signals to the reason for which they left.
    pub fit: Rated,
    /// The manner in which they left.
    pub manner: Rated,
    /// The time since they left.
    pub months: Rated,
    /// Their use of the product before.
    pub usage: Rated,
}
