//! The exit codes of the binary.

/// Wrong use or a wrong config; the text names the key or flag and the fix.
pub const EXIT_USAGE: u8 = 2;
/// The log is away, full, damaged, locked or lacks a topic.
pub const EXIT_LOG: u8 = 3;
/// It worked, but something was found or left out, such as rows that could not be taken.
pub const EXIT_PARTLY: u8 = 4;
/// A defect of winback: something panicked.
pub const EXIT_DEFECT: u8 = 5;
/// Anything else.
pub const EXIT_FAILED: u8 = 1;
