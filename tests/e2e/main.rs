//! End to end: the built binary, through its command line, on the file and on a real Kafka.
//!
//! What a test believes it reads back from the log itself, and compares with the pure core and the decoders; what the
//! commands print is held against the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail loudly")]
#![allow(clippy::print_stdout, reason = "a skipped test must be seen, and counts are worth seeing")]

mod accidents;
mod bad_input;
mod bad_luck;
mod commands;
mod counts;
mod crash;
mod data;
mod dead_letters;
mod erase;
mod fan_out;
mod file_log;
mod foreign;
#[path = "../harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the test binaries share it, and each uses its part")]
mod harness;
mod hostile;
mod large_rows;
mod migrate;
mod policy_guide;
mod privacy;
mod real_input;
mod stopped;
mod stories;
mod verify;
mod watched;
