//! Accounts on their way in: normalised, re-keyed, and written to the compacted topic and to the inbox in one
//! transaction, so that the inbox knows an account before any of its signals.
//!
//! A row states columns ([`Stated`]); the account after it keeps what the row leaves out. What forbids is lifted only by a
//! row that says so, and a column that is not known and may forbid is never passed over in silence.

mod amount;
mod columns;
mod contacts;
mod error;
mod fields;
mod joined;
mod known;
mod language;
mod lists;
mod mapping;
mod moment;
mod named;
mod note;
mod privacy;
mod prohibition;
mod reasons;
mod role;
mod row;
mod stated;
mod strict;
mod suppression;

pub use columns::Column;
pub use error::RowError;
pub use joined::joined;
pub use known::{List, ListReader, NoList};
pub use mapping::{CrmPreset, Mapping, Names};
pub use named::UnknownColumn;
pub use note::{Note, NoteKind};
pub use role::{Guard, RegistrarRole, RegistrarTopics};
pub use row::{Read, Row, RowRules, read_row};
pub use stated::{Stated, Statement, prohibitions};
pub use suppression::{
    Admission, REQUEST_HEADER, Request, Suppressed, SuppressionKey, Suppressions, read_suppression,
};
