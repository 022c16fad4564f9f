//! The list of churned accounts as a log has it, and the rows that wait for a registrar.

mod list;
mod pending;

pub use list::{Known, known};
pub use pending::pending;
