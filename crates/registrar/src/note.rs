//! Remarks about a row that is taken: what of it is left out, and what it lacks.

use std::fmt;

use winback_core::privacy::masked;

/// A remark about a row that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Nobody says what the account is worth.
    Unrated,
    /// It is worth less than the least tier.
    Low(u64),
    /// A key that would match strangers is left out; the text names it.
    LeftOut(String),
    /// People who opted out, whom the row no longer names: they stay, so that they are not written to later.
    KeptOut(usize),
    /// Contacts that were erased, and are left out.
    Erased(usize),
}

/// The kind of a note: notes of a kind are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// Nothing starts for the account.
    Worth,
    /// A key is left out.
    Key,
    /// A contact is kept out.
    Contact,
}

impl Note {
    /// The kind.
    pub const fn kind(&self) -> NoteKind {
        match self {
            Self::Unrated | Self::Low(_) => NoteKind::Worth,
            Self::LeftOut(_) => NoteKind::Key,
            Self::KeptOut(_) | Self::Erased(_) => NoteKind::Contact,
        }
    }

    /// The note about a key. A value with other signs than a key has may be a part of an address: it is not quoted.
    pub(crate) fn left_out(what: &str, raw: &str, error: &dyn fmt::Display) -> Self {
        if raw.chars().all(|c| c.is_alphanumeric() || ".-:/_ ".contains(c)) && !raw.contains(' ') {
            Self::LeftOut(format!("{what} `{}` is left out: {error}", masked(raw)))
        } else {
            Self::LeftOut(format!("a {what} is left out: it has signs that no {what} has"))
        }
    }
}

impl NoteKind {
    /// The meaning for those that are only counted.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Worth => "say less than $1,000 a year in `arr_usd`, or nothing: nothing starts for them",
            Self::Key => "have a domain, a range or a contact that is left out",
            Self::Contact => "name contacts that are kept out",
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unrated => f.write_str(
                "`arr_usd` is missing, so that it counts as $0 and nothing starts: state what they paid in a year \
                 ($1,000 or more), or `strategic`",
            ),
            Self::Low(arr) => write!(
                f,
                "`arr_usd` is {arr}, below $1,000 a year, so that nothing starts: state what they paid in a whole year, \
                 or `strategic`"
            ),
            Self::LeftOut(text) => f.write_str(text),
            Self::KeptOut(1) => f.write_str("a contact that opted out is not in the row: it is kept, and stays out"),
            Self::KeptOut(count) => {
                write!(f, "{count} contacts that opted out are not in the row: they are kept, and stay out")
            }
            Self::Erased(1) => f.write_str("one of its contacts was erased, and is kept out"),
            Self::Erased(count) => write!(f, "{count} of its contacts were erased, and are kept out"),
        }
    }
}
