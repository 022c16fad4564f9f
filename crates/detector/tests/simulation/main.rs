//! The lane runtime with the real roles over a model log, against the pure core over the inbox read back.
//!
//! One thread drives everything and every choice comes from a seed, so that what was seen once is seen again:
//! `SIMULATION_SEED=… SIMULATION_SCHEDULES=1` repeats the schedule that a failure names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail loudly")]
#![allow(clippy::print_stdout, reason = "a seed and what was seen under it are worth seeing")]

// As in the binary: see docs/adr/0005-allocator.md.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod dice;
mod inbox;
mod metamorphic;
mod ops;
mod outputs;
mod pipeline;
mod poison;
mod schedules;
mod shrink;
mod visits;
mod world;
