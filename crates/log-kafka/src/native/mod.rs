//! The only code that talks to librdkafka's C interface directly.
//!
//! Batch consumption and topic ids are not in rust-rdkafka. What is here owns its pointers, frees each once, and keeps
//! the client alive for as long as anything that it handed out: librdkafka refuses to be destroyed before its messages.
#![expect(unsafe_code, reason = "librdkafka's batch queue and topic ids have no safe binding")]

mod client;
mod member;
mod queue;
mod raw;
mod topic_id;

pub(super) use client::Client;
pub(super) use member::generation;
pub(super) use queue::{Event, LaneQueue};
pub(super) use topic_id::topic_ids;
