//! `source test`: what comes of each record of a file, and why, before anything runs.
//!
//! The source's own decoder judges, and the production index looks up, so that what is shown is what a run would do.
//! Nothing is read from or written to a source's topic.

mod accounts;
mod outcome;
mod records;
mod render;
mod tally;

pub use accounts::AccountList;
pub use outcome::Outcome;
pub use records::Samples;
pub use render::{Place, Renderer};
pub use tally::Tally;
