//! The reasons why a row is not taken.

use winback_core::limits;

/// The reason why a row is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Not a JSON object.
    #[error("not a JSON object: {0}")]
    Json(String),
    /// Bytes that are not UTF-8.
    #[error(
        "byte 0x{byte:02x} after `{before}` is not UTF-8: write the file as UTF-8, or name its encoding, such as \
         `--encoding windows-1252`"
    )]
    Encoding {
        /// The first byte that cannot be read.
        byte: u8,
        /// The text in front of it.
        before: String,
    },
    /// A field that must be there is not.
    #[error("`{0}` is missing: write it; every account needs account_id, churned_at and reason")]
    Missing(&'static str),
    /// A value that cannot be meant.
    #[error("`{field}` is {value}: {fix}")]
    Value {
        /// The field.
        field: String,
        /// The value.
        value: String,
        /// The fix.
        fix: String,
    },
    /// Two columns of one meaning that disagree.
    #[error("`{field}` and `{other}` mean the same and say different things: leave one of them out")]
    Twice {
        /// The column that was read first.
        field: String,
        /// The other.
        other: String,
    },
    /// A column that is not known and may forbid.
    #[error(
        "`{name}` looks like a prohibition and is not read{nearest} Map it in [accounts.mapping], or name it in \
         accounts.mapping.ignore"
    )]
    Unknown {
        /// The column.
        name: String,
        /// The nearest known one.
        nearest: String,
    },
    /// A field that has more than the table of limits allows.
    #[error("`{field}` has {size} {of}, and at most {most} are taken: shorten it")]
    TooLarge {
        /// The field.
        field: String,
        /// The number that it has.
        size: usize,
        /// The most that it may have.
        most: usize,
        /// Of what.
        of: &'static str,
    },
    /// All fields together are more than a row may have.
    #[error(
        "the row has up to {0} bytes as it is stored, and at most {most} are taken: shorten its longest fields",
        most = limits::ROW_BYTES
    )]
    RowTooLarge(usize),
}

impl RowError {
    /// The reason of the dead letter.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Json(_) => "malformed_json",
            Self::Encoding { .. } => "bad_encoding",
            Self::Missing(_) => "missing_field",
            Self::Value { .. } | Self::Twice { .. } => "bad_value",
            Self::Unknown { .. } => "unknown_field",
            Self::TooLarge { .. } | Self::RowTooLarge(_) => "too_large",
        }
    }

    /// The field that is wrong; `None` where it is the row as a whole.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Value { field, .. } | Self::TooLarge { field, .. } | Self::Twice { other: field, .. } => {
                Some(field)
            }
            Self::Unknown { name, .. } => Some(name),
            Self::Json(_) | Self::Encoding { .. } | Self::Missing(_) | Self::RowTooLarge(_) => None,
        }
    }

    /// The error with the field's name as the row has it.
    #[must_use]
    pub(crate) fn named(mut self, written: impl Fn(&str) -> Option<String>) -> Self {
        if let Self::Value { field, .. } | Self::TooLarge { field, .. } = &mut self
            && let Some(name) = written(field)
        {
            *field = name;
        }
        self
    }
}
