//! The comparison beside a detector lane on a log in memory: equal after a run, and each lie has its own name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod backtest;
mod bounded;
mod checkpoint;
mod differences;
mod equal;
mod erased;
mod holed;
mod rig;
mod rules;
mod shadow;
