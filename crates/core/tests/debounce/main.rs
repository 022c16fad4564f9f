//! The debounce rules, as a user of the core sees them.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

mod properties;
mod rig;
mod rules;
mod shadow;
mod worked;
