//! A file's records on their way into a topic, in the order in which they happened.
//!
//! Invariant: every record of the file is written, once, also one that nobody can read: the matcher makes the dead
//! letter. A row whose fields cannot be told apart is named and not written. Memory is bounded: what does not fit waits in
//! temporary files.

mod content;
mod entry;
mod file;
mod intake;
mod open;
mod running;
mod sort;
pub mod source_test;
mod table;
mod write;

pub use entry::{Entry, key_of};
pub use file::{Format, Record, Records, Unwritable};
pub use intake::{Intake, Taken};
pub use open::{FileFormat, format_of, name_of, open, open_in, open_raw};
pub use running::last_progress;
pub use sort::{Sorted, Sorter};
pub use write::write;

/// Records wait in memory up to this many bytes, and in temporary files beyond.
pub const MEMORY: usize = 64 << 20;
