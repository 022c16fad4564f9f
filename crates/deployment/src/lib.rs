//! A deployment as every command and every process sees it: its config, its topics, and the lists in them.
//!
//! The config types live here and not with the service, since commands that run nothing need them, too. Each module knows
//! only those above it:
//!
//! | module | what it is |
//! |---|---|
//! | [`config`] | `winback.toml` |
//! | [`topics`] | names and settings of the topics |
//! | [`Context`] | config, topics and clock of one command |
//! | [`scan`] | reading topics to their end |
//! | [`accounts`] | the list of accounts, and rows on their way into it |
//! | [`suppression_key`] | the key of the hashes of erased accounts |
//! | [`broadcast_list`] | a record in every partition of the inbox, and the list of such records |
//! | [`policy_files`], [`trigger_limit`], [`policies`], [`holds`] | policies and holds |
//! | [`seed`] | policies and holds at the start of a process |
//! | [`topic_plan`] | what is there of the topics, and what is missing |

pub mod accounts;
pub mod broadcast_list;
pub mod config;
mod context;
pub mod holds;
pub mod policies;
pub mod policy_files;
pub mod scan;
pub mod seed;
pub mod suppression_key;
pub mod topic_plan;
pub mod topics;
pub mod trigger_limit;

pub use context::Context;
