//! `source test`: what comes of each record of a file, and why, before anything runs.
//!
//! The source's own decoder judges, and the production index looks up, so that what is shown is what a run would do.
//! Nothing is read from or written to a source's topic.

mod book;
mod came;
mod records;
mod tally;
mod tell;

pub use book::Book;
pub use came::Came;
pub use records::Samples;
pub use tally::Tally;
pub use tell::{Place, Teller};
