//! The ledger over SQLite files: what counts once, what commutes, what is refused.

mod commute;
mod crash;
mod erasure;
mod refused;
mod world;
