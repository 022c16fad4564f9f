//! Faults: real processes and a real broker that are killed, frozen, cut short at chosen points and started again, and
//! then the question whether the log says what one undisturbed process would have made of its inbox.
//!
//! Every run prints its seed, what it did to whom, and what it compared; the same seed does it again. The short forms run
//! with all tests, the long ones with `make faults`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail loudly")]
#![allow(clippy::print_stdout, reason = "what was done and seen is what a fault run is for")]

mod broker;
mod compare;
mod events;
mod failover;
mod failpoints;
mod feed;
mod field;
mod hostile;
mod kills;
mod long;
mod members;
mod nemesis;
mod passes;
mod report;
mod soak;
mod storm;
mod worker;
mod zombie;

#[path = "../harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the test binaries share it, and each uses its part")]
mod harness;
