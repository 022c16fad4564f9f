//! `source test`: what comes of each record of a file, and why, before anything runs.
//!
//! The source's own decoder judges, and the production index looks up, so that what is shown is what a run would do.
//! Nothing is read from or written to a source's topic.

mod book;
mod came;
mod records;
mod tally;
mod tell;

pub(crate) use book::Book;
pub(crate) use came::Came;
pub(crate) use records::Samples;
pub(crate) use tally::Tally;
pub(crate) use tell::{Place, Teller};
