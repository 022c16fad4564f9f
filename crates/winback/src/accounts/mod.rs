//! The list of churned accounts, as the command line takes it in and shows it.

pub(crate) mod answered;
mod check;
mod difference;
mod gate;
pub(crate) mod import;
mod list;
mod notes;
mod pending;
pub(crate) mod preview;
pub(crate) mod shown;
mod twice;
mod unknown;

pub use check::{Bad, Check, Checked};
pub use difference::{Difference, apply, difference};
pub use gate::{Gate, Refusal};
pub use list::{Known, known};
pub use pending::pending;
pub use unknown::Unknown;
