//! The errors in a source's config: the key, the value, the fix.

use winback_core::closed_enum;

/// A source that cannot be built from its config.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The preset is none.
    #[error(
        "sources.{source_name}.preset = \"{value}\" is no preset: did you mean \"{nearest}\"? There are {known}"
    )]
    UnknownPreset {
        /// The source.
        source_name: String,
        /// The value.
        value: String,
        /// The preset that is written most like it.
        nearest: String,
        /// All of them.
        known: String,
    },
    /// It has more than one of preset, mapping and filter, or none.
    #[error(
        "sources.{source_name} has {has}: give it a `preset`, a [sources.{source_name}.mapping] or a `jq` filter, one of them"
    )]
    NotOneFormat {
        /// The source.
        source_name: String,
        /// `neither a preset nor a mapping`, or which two.
        has: &'static str,
    },
    /// A value that cannot work.
    #[error("sources.{source_name}.{key} = \"{value}\" cannot work: {fix}")]
    BadValue {
        /// The source.
        source_name: String,
        /// The key below it.
        key: String,
        /// The value.
        value: String,
        /// The fault and the fix.
        fix: String,
    },
    /// A key that means nothing for this format.
    #[error("sources.{source_name}.{key} has no effect with {format}: remove it")]
    NoEffect {
        /// The source.
        source_name: String,
        /// The key below it.
        key: &'static str,
        /// The preset, or `a mapping`.
        format: String,
    },
}

closed_enum! {
    /// The sort of a [`SourceError`], for a label.
    SourceErrorKind {
        /// [`SourceError::UnknownPreset`].
        UnknownPreset = "unknown_preset",
        /// [`SourceError::NotOneFormat`].
        NotOneFormat = "not_one_format",
        /// [`SourceError::BadValue`].
        BadValue = "bad_value",
        /// [`SourceError::NoEffect`].
        NoEffect = "no_effect",
    }
}

impl SourceError {
    /// Its sort.
    pub const fn kind(&self) -> SourceErrorKind {
        match self {
            Self::UnknownPreset { .. } => SourceErrorKind::UnknownPreset,
            Self::NotOneFormat { .. } => SourceErrorKind::NotOneFormat,
            Self::BadValue { .. } => SourceErrorKind::BadValue,
            Self::NoEffect { .. } => SourceErrorKind::NoEffect,
        }
    }
}
