//! Torn transactions (T4): requests of a transaction that come late, twice or never, on a real broker.
//!
//! A proxy between a copier and the broker strikes one chosen request. The copier is a real [`winback_lane::Lane`], or a
//! naive loop as most clients have it: the negative control, which must come out wrong, or the tests would see nothing.
//! Every transaction marks its records with its number and ends with their count, so a torn one shows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail loudly")]
#![allow(clippy::print_stdout, reason = "which path a run took is worth seeing")]

mod case;
mod check;
mod control;
mod copier;
#[path = "../harness/deadline.rs"]
mod deadline;
mod ends;
mod mark;
mod naive;
mod others;
mod role;
mod topics;
mod world;
