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

mod away;
mod batch;
mod breaker;
mod commit;
mod config;
mod dead;
mod ends;
mod error;
mod group;
mod inputs;
mod isolate;
mod lane;
mod left_out;
mod letters;
mod merge;
mod observer;
mod output;
mod panics;
mod partition;
mod patience;
mod restore;
mod role;
mod run;
mod snapshot;
mod status;
mod transact;
mod watchdog;

pub use batch::CANNOT_COMMIT;
pub use breaker::BreakerPolicy;
pub use commit::{CommitPolicy, Decision, Pending};
pub use config::{LaneConfig, PositionsFrom};
pub use dead::DeadLetters;
pub use error::LaneError;
pub use lane::Lane;
pub use letters::MAX_LETTERS;
pub use observer::{Committed, NoObserver, Observer, Rebalanced};
pub use output::{DeadLetter, Output, Take};
pub use panics::{PANICKED, panic_text};
pub use partition::{CHANGES, IllegalChange, PartitionState, StateName};
pub use role::{
    At, Authority, EndSeen, Input, InputView, Readiness, RestoreError, Role, Row, Start, Step, Urgency, View,
};
pub use run::{Shutdown, run_lane};
pub use snapshot::{Keep, KeepError, Kept, SnapshotError, Snapshots};
pub use status::{LaneSnapshot, LaneStatus, PartitionStatus};
pub use watchdog::Watchdog;
