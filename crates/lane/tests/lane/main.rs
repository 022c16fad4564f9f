//! The lane over a log in memory, turn by turn, on a clock that only the tests move.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod breaker;
mod faults;
mod mischief;
mod panics;
mod parts;
mod positions;
mod support;
mod turns;
