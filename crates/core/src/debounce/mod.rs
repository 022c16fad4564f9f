//! The debounce machine: rules R1 to R14 of the design, as a function of one ordered log.
//!
//! [`Partition::step`] takes the records of one inbox partition in order and answers with effects. It has no clock:
//! time is [`InboxClock`], which only records move. What a batch changed can be taken back ([`Partition::rollback`]),
//! so memory follows the log and never leads it.

mod account_state;
mod caps;
mod changes;
mod clock;
mod evidence;
mod gates;
mod input;
mod machine;
mod outcome;
mod partition;
mod policy;
mod policy_file;
mod policy_lines;
mod policy_schema;
mod policy_test;
pub mod shadow;
mod state;
mod stepping;
mod table;
mod telling;
mod trigger;

pub use account_state::{AccountState, Fire};
pub use caps::{Calendar, Cap, CapScope, CapWindow};
pub use clock::{InboxClock, InputClock, LEFT_OUT_AFTER, MAX_GAP};
pub use evidence::{Evidence, EvidenceItem, MAX_ITEMS, ScorePart};
pub use gates::Gate;
pub use input::{
    AccountChange, Body, Input, MatchedSignal, PolicyText, Progress, Reached, Response, ResponseKind,
};
pub use machine::{Burst, Machine, Quiet};
pub use outcome::{BurstOutcome, Edge, FiredBecause, SignalOutcome};
pub use partition::{Counts, Effect, Note, Partition};
pub use policy::{Escalate, KindRule, Leading, Policy};
pub use policy_file::PolicyError;
pub use policy_lines::line_of;
pub use policy_schema::policy_schema;
pub use policy_test::{Tested, test_policy};
pub use state::{Seen, SeenKey, StateKey, StateRow};
pub use trigger::{Band, BurstId, Decision, Snapshot, Subject, Trigger, TriggerId};
