//! Accounts on their way in: normalised, re-keyed, and written to the compacted topic and to the inbox in one
//! transaction, so that the inbox knows an account before any of its signals.

mod fields;
mod role;
mod row;

pub use role::{RegistrarRole, RegistrarTopics};
pub use row::{Row, RowError, read_row};
