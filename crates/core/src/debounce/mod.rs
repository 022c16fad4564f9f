//! The debounce machine: rules R1 to R16, as a function of one ordered log.
//!
//! [`Partition::step`] takes the records of one inbox partition in order and answers with effects. It has no clock:
//! time is [`InboxClock`], which only records move. A batch can be taken back ([`Partition::rollback`]), so that memory
//! follows the log and never leads it.
//!
//! Four layers, each of which knows only those before it: `model` (data), `policy` (rules as pure functions), `state` (a
//! store of indexed tables), `engine` (a handler a record kind). A second machine beside this one has its rows in the same
//! list of tables, and its handlers beside these.

mod engine;
pub(crate) mod model;
pub(crate) mod policy;
mod state;

pub use engine::partition::Partition;
pub use model::account_state::{AccountState, Fire};
pub use model::body::{Body, Input};
pub use model::cap::{Calendar, Cap, CapScope, CapWindow};
pub use model::clock::{
    CalendarCursor, InboxClock, InputClock, LEFT_OUT_AFTER, MAX_GAP, MajorRelease, RULES,
};
pub use model::cut::Cut;
pub use model::decision::{Because, Decision, Refusal, Subject};
pub use model::effect::{DeadReason, Effect, Note};
pub use model::entry::Entry;
pub use model::evidence::CALENDAR;
pub use model::evidence::{Evidence, EvidenceItem, MAX_ITEMS, ScorePart};
pub use model::fading::Fading;
pub use model::gate::Gate;
pub use model::impossible::Impossible;
pub use model::input::{
    AccountChange, Event, MatchedSignal, Moved, Progress, Reached, Response, ResponseKind, RulesMark,
};
pub use model::keys::{MachineKey, RowKey, VersionKey};
pub use model::kind_rule::{KindRule, PAGES, STRONGEST};
pub use model::machine::{Burst, Cooldown, Machine, Unsaid};
pub use model::outcome::{BurstOutcome, Edge, FiredBecause, SignalOutcome};
pub use model::policy::{
    Blackout, CalendarRules, DEFAULT_TRIGGER_BYTES, Escalate, HoldOut, Leading, MOST_A_YEAR, MOST_TIME_BASED,
    NotFit, Policy, Rules, TRIGGER_BYTES, TimeBased,
};
pub use model::policy_record::{PolicyContent, PolicyRecord};
pub use model::priority::{Priority, Rated};
pub use model::row::{StateKey, StateRow};
pub use model::rows::*;
pub use model::shadow;
pub use model::trigger::{Band, Earlier, Person, Snapshot, Trigger};
pub use model::trigger_id::{BurstId, TriggerId};
pub use policy::bound::most_bytes;
pub use policy::dates::{ends_a_quarter, only_time_based};
pub use policy::entries::{days_since_churn, is_since_churn, months_since_churn};
pub use policy::priority::priority;
pub use policy::reach::{Near, Reach, Reaches};
pub use policy::validate::{InvalidPolicy, MOST_HELD_OUT, MOST_NAME_BYTES, half_life, validate};
pub use policy::windows::{default_window, least_window};
pub use state::erased::ERASED_KEPT;
