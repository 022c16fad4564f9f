//! The errors in a play's file, each with a fix that needs no code.

/// A play or a message template that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlayError {
    /// The directory or a file in it cannot be read.
    #[error(
        "cannot read {path}: {why}; set worker.plays_dir to a directory with *.toml files, or leave it out"
    )]
    Read {
        /// The directory or file.
        path: String,
        /// The system's message.
        why: String,
    },
    /// Not TOML at all.
    #[error("{file} is not valid TOML: correct it: {why}")]
    Toml {
        /// The file.
        file: String,
        /// The parser's message, with its place.
        why: String,
    },
    /// A key that means nothing.
    #[error("{file}: unknown key `{key}`; {fix}")]
    UnknownKey {
        /// The file.
        file: String,
        /// The key as it stands there.
        key: String,
        /// The nearest right one, or all of them.
        fix: String,
    },
    /// A key that must be there.
    #[error("{file}: `{key}` is missing; {fix}")]
    Missing {
        /// The file.
        file: String,
        /// The key.
        key: String,
        /// The fix.
        fix: String,
    },
    /// A value that cannot be.
    #[error("{file}: `{key}` = {value}: {fix}")]
    Value {
        /// The file.
        file: String,
        /// The key.
        key: String,
        /// The value as it stands there.
        value: String,
        /// The fix, and its reason.
        fix: String,
    },
    /// A template that does not render.
    #[error("{file}: the template in `{key}` does not render, correct it: {why}")]
    Template {
        /// The file.
        file: String,
        /// The key.
        key: String,
        /// The template engine's message, and the known variables.
        why: String,
    },
}
