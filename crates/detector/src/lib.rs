//! The only place that decides: one pure state machine an account, fed by the inbox and by nothing else.
//!
//! The role is a shell around [`winback_core::debounce::Partition`]: it decodes records, writes effects and changed
//! rows into the lane's transaction, and lets memory follow the commit.

mod emit;
mod metrics;
mod read;
mod restore;
mod role;

pub use emit::DetectorTopics;
pub use metrics::DetectorMetrics;
pub use read::read;
pub use role::DetectorRole;
