//! The list of churned accounts, as the command line takes it in and shows it.

pub(crate) mod answered;
mod check;
mod difference;
mod gate;
pub(crate) mod import;
mod notes;
pub(crate) mod preview;
pub(crate) mod shown;
mod twice;
mod unknown;

pub use check::{Bad, Check, Checked};
pub use difference::{Difference, apply, difference};
pub use gate::{Gate, Refusal};
pub use unknown::Unknown;
pub use winback_deployment::accounts::{Known, known, pending};
