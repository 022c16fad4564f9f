//! The debounce rules, as a user of the core sees them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod erase;
mod moving;
mod properties;
mod rig;
mod rules;
mod worked;
