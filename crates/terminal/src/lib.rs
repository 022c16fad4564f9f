//! The terminal: the one way of text to standard output and standard error, and the exit codes.
//!
//! Whatever acts on a terminal is escaped here ([`door`]), so that text from a record cannot colour, hide or move anything.
//! No crate below the command line prints in another way.

pub mod door;
mod exit;
mod lines;
mod out;
mod style;

pub use exit::{EXIT_DEFECT, EXIT_FAILED, EXIT_LOG, EXIT_PARTLY, EXIT_USAGE};
pub use lines::{ask, bar, counted, grouped, print, print_line, print_note};
pub use out::{Out, until_closed};
pub use style::{BAD, BOLD, DIM, GOOD, safe, styled};
