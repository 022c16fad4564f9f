//! Why bytes are not what their topic should hold.

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
        /// What the decoder said.
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
        /// What it says.
        value: String,
        /// What it may say.
        known: String,
    },
    /// A value that cannot be meant.
    #[error("{field} = \"{value}\" is not valid: {fix}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What it says.
        value: String,
        /// What it should say.
        fix: &'static str,
    },
}
