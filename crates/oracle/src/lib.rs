//! Whether what a deployment committed is what one process would have made of its inbox.
//!
//! Triggers, decisions and state are a function of the inbox. [`verify`] reads the inbox back by offset, one partition
//! after the other, steps the pure core over it, and compares with what is in the log, beside a deployment that runs
//! or after it. Everything is read in streams: memory is one partition's state, and the ids of its triggers.
//!
//! Where retention has cut the inbox, a checkpoint ([`Options::checkpoint`]) holds what the core had made of what is
//! gone.
//!
//! [`backtest`] asks the same core another question: what would another policy have decided?

mod asker;
pub mod backtest;
mod checkpoint;
mod compare;
mod condemned;
mod cursor;
mod deployment;
mod difference;
mod error;
mod options;
mod outputs;
mod partition;
mod rebuild;
mod replay;
mod report;
mod state;
mod stepper;
mod verify;

pub use deployment::Deployment;
pub use difference::{Difference, Kind};
pub use error::{CheckpointError, OracleError};
pub use options::Options;
pub use rebuild::{Rebuilt, rebuild};
pub use replay::{Replay, read};
pub use report::{Note, PartitionReport, Report};
pub use state::restored_rows;
pub use stepper::{Made, Stepper};
pub use verify::{Advance, verify};
