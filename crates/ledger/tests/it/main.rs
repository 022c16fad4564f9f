//! The ledger over SQLite files: what counts once, what commutes, what is refused.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod commute;
mod crash;
mod erasure;
mod questions;
mod refused;
mod world;
