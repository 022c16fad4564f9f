//! The list of churned accounts, as the command line takes it in and shows it.

mod check;
mod difference;
mod gate;
pub(crate) mod shown;

pub use check::{Bad, Checked, check};
pub use difference::{Difference, Print, apply, difference};
pub use gate::Gate;
pub use winback_deployment::accounts::{Known, known, pending};
