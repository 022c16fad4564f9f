//! The debounce rules, as a user of the core sees them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod bounds;
mod calendar;
mod calendar_limits;
mod erase;
mod fanout;
mod moving;
mod properties;
mod rig;
mod rules;
mod shadow;
mod worked;
mod year;
