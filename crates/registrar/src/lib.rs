//! Accounts on their way in: normalised, re-keyed, and written to the compacted topic and to the inbox in one
//! transaction, so that the inbox knows an account before any of its signals.

mod fields;
mod privacy;
mod role;
mod row;
mod suppression;

pub use role::{Guard, RegistrarRole, RegistrarTopics};
pub use row::{Row, RowError, read_row};
pub use suppression::{
    Admission, REQUEST_HEADER, Request, Suppressed, SuppressionKey, Suppressions, read_suppression,
};
