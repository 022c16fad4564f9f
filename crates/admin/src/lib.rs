//! The operator's work on a deployment that has run: erasing accounts, moving to another log, mending topics, and sending dead
//! letters again.
//!
//! Nothing here runs a role, but for an erasure in a file log that no process has open.

pub mod dead_letters;
pub mod doctor;
pub mod erase;
pub mod migrate;
