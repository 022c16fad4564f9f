//! The consumer services: decode, look up whose signal it is, forward what matched to the inbox.
//!
//! 97 of 100 events match nothing, so this is the hot path. A matcher holds the whole account index and its positions,
//! and no other state; it decides nothing.

mod answer;
mod broadcast;
pub mod door;
mod feed;
mod forward;
mod positions;
pub mod retries;
mod retry_role;
mod role;
mod tally;

pub use feed::{AccountFeed, AccountRow, FeedStatus, read_account};
pub use forward::{InboxTarget, input_name};
pub use positions::read_position;
pub use retry_role::RetryRole;
pub use role::{MatcherRole, MatcherSource};
pub use tally::MatcherMetrics;
