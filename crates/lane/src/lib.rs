//! The runtime of one thread: poll → step → begin → append → positions → commit.
//!
//! A [`Lane`] owns a log session and drives a [`Role`]. [`Lane::turn`] does what is due and returns how long the next
//! turn may wait; a thread calls it ([`run_lane`]), and so does a simulation, with a model log and a model clock. The
//! lane knows nothing of what a role decides, and a role knows nothing of transactions: it keeps a journal of what the
//! running batch changed, and hears [`Role::committed`] or [`Role::rolled_back`].
//!
//! ```
//! use winback_lane::{At, Input, Output, Role, Start, Step};
//! use winback_log::{Append, Message, TopicPartition};
//!
//! /// Copies every record; it keeps no state, so there is nothing to restore, commit or roll back.
//! struct Copy;
//!
//! impl Role for Copy {
//!     fn name(&self) -> &'static str { "copy" }
//!     fn start(&mut self, _: &TopicPartition) -> Start { Start::Earliest }
//!     fn assigned(&mut self, _: &Input) {}
//!     fn step(&mut self, _: At<'_>, message: &Message, out: &mut Output) -> Step {
//!         let (key, value) = (message.key(), message.value());
//!         out.append(&Append { topic: "copies", partition: None, key, value, headers: &[], timestamp: None });
//!         Step::Done
//!     }
//!     fn committed(&mut self) {}
//!     fn rolled_back(&mut self) {}
//!     fn released(&mut self, _: &Input) {}
//! }
//! ```

mod batch;
mod breaker;
mod buffer;
mod clock;
mod commit;
mod commit_timer;
mod config;
mod cursor;
mod dead;
mod dead_letter;
mod dead_writer;
mod end_offsets;
mod error;
mod feed;
mod guards;
mod inputs;
mod isolation;
mod lane;
mod left_out;
mod letters;
mod losses;
mod member;
mod merge;
mod observer;
mod outage;
mod output;
mod panics;
mod partition;
mod progress;
mod report;
mod requests;
mod restore;
mod retry_budget;
mod role;
mod run;
mod slot;
mod snapshot;
mod status;
mod step;
mod transaction;
mod watchdog;

pub use breaker::BreakerPolicy;
pub use commit::{CommitPolicy, Decision, Pending};
pub use config::{LaneConfig, PositionsFrom};
pub use dead::DeadLetters;
pub use dead_letter::{CANNOT_COMMIT, DeadLetter};
pub use error::LaneError;
pub use lane::Lane;
pub use letters::MAX_LETTERS;
pub use observer::{Committed, NoObserver, Observer, Rebalanced};
pub use output::{Output, Take};
pub use panics::{PANICKED, panic_text};
pub use partition::{CHANGES, IllegalChange, PartitionState, StateName};
pub use role::{
    At, Input, InputView, ObservedEnd, Readiness, RestoreError, Role, Row, Start, Step, StoredPosition,
    Urgency, View,
};
pub use run::{Shutdown, run_lane};
pub use snapshot::{Keep, KeepError, Kept, SnapshotError, Snapshots};
pub use status::{LaneSnapshot, LaneStatus, PartitionStatus};
pub use watchdog::Watchdog;
