//! What is wrong with a play's file, said so that it can be mended without reading code.

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
        /// What the system said.
        why: String,
    },
    /// Not TOML at all.
    #[error("{file}: not valid TOML: {why}")]
    Toml {
        /// The file.
        file: String,
        /// What the parser said, with its place.
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
        /// What to write.
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
        /// What to write instead, and why.
        fix: String,
    },
    /// A template that does not render.
    #[error("{file}: the template in `{key}` does not render: {why}")]
    Template {
        /// The file.
        file: String,
        /// The key.
        key: String,
        /// What the template engine said, and which variables there are.
        why: String,
    },
}
