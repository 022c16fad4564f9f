//! The faults of a policy file.

use winback_core::debounce::InvalidPolicy;
use winback_core::time::Span;

/// The fault of a policy file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is not the TOML that is expected.
    #[error("{0}")]
    Toml(String),
    /// A value that cannot be meant.
    #[error("{0}")]
    Value(#[from] InvalidPolicy),
}

pub(crate) fn wrong(key: &str, value: &str, fix: &str) -> PolicyError {
    InvalidPolicy::new(key, value, fix).into()
}

/// A length of time of a file.
pub(crate) fn span(key: &str, text: Option<&str>, default: Span) -> Result<Span, PolicyError> {
    text.map_or(Ok(default), |text| text.parse().map_err(|error| wrong(key, text, &format!("{error}"))))
}
