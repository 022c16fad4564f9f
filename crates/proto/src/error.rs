//! The errors in bytes of a topic.

/// A record that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not the encoding that is expected.
    #[error("not a {message} in {encoding}: {why}")]
    Malformed {
        /// The message that was expected.
        message: &'static str,
        /// The encoding that was expected.
        encoding: &'static str,
        /// The decoder's message.
        why: String,
    },
    /// A field that must be there is not.
    #[error("{0} is missing: write it")]
    Missing(&'static str),
    /// It says nothing that this version knows: what a newer one added, or nothing at all.
    #[error(
        "{0} says nothing that this version knows: a newer winback wrote it; run that version again, or a later one"
    )]
    Newer(&'static str),
    /// A word that is not in its closed list.
    #[error(
        "{field} = \"{value}\" is not known: this version knows {known}; where a newer winback wrote it, run that version \
         again, or a later one"
    )]
    Unknown {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
        /// The known values.
        known: String,
    },
    /// A value that cannot be meant.
    #[error("{field} = \"{value}\" is not valid: {fix}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
        /// The fix.
        fix: &'static str,
    },
}
