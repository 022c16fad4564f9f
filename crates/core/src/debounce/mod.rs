//! The debounce machine: rules R1 to R14 of the design, as a function of one ordered log.
//!
//! [`Partition::step`] takes the records of one inbox partition in order and answers with effects. It has no clock:
//! time is [`InboxClock`], which only records move. What a batch changed can be taken back ([`Partition::rollback`]),
//! so memory follows the log and never leads it.

mod account_state;
mod agenda;
mod bound;
mod calendar;
mod caps;
mod changes;
mod civil;
mod clock;
mod entries;
mod erase;
mod evidence;
mod fading;
mod fanout;
mod gates;
mod input;
mod keeping;
mod machine;
mod made;
mod moving;
mod outcome;
mod partition;
mod policy;
mod policy_file;
mod policy_lines;
mod policy_memo;
mod policy_schema;
mod policy_sections;
mod policy_test;
mod priority;
mod rows;
mod rules;
pub mod shadow;
mod state;
mod stepping;
mod table;
mod targets;
mod telling;
mod traces;
mod trigger;

pub use account_state::{AccountState, Fire};
pub use bound::{Cut, DEFAULT_TRIGGER_BYTES, TRIGGER_BYTES};
pub use calendar::{CalendarRules, MOST_A_YEAR};
pub use caps::{Calendar, Cap, CapScope, CapWindow};
pub use clock::{Hand, InboxClock, InputClock, LEFT_OUT_AFTER, MAX_GAP, MajorRelease};
pub use entries::Entry;
pub use erase::KEPT as ERASED_KEPT;
pub use evidence::{Evidence, EvidenceItem, MAX_ITEMS, ScorePart};
pub use fading::Fading;
pub use fanout::FanOut;
pub use gates::Gate;
pub use input::{
    AccountChange, Body, Event, Input, MatchedSignal, Moved, PolicyText, Progress, Reached, Response,
    ResponseKind,
};
pub use machine::{Burst, Machine, Quiet};
pub use made::CALENDAR;
pub use outcome::{BurstOutcome, Edge, FiredBecause, SignalOutcome};
pub use partition::{Counts, Effect, Note, Partition};
pub use policy::{Escalate, KindRule, Leading, Policy};
pub use policy_file::PolicyError;
pub use policy_lines::line_of;
pub use policy_schema::policy_schema;
pub use policy_test::{Tested, test_policy};
pub use priority::{Priority, Rated};
pub use rules::{
    Blackout, HoldOut, Impossible, MOST_TIME_BASED, NotFit, Rules, TimeBased, is_time_based, only_time_based,
};
pub use state::{Seen, SeenKey, StateKey, StateRow};
pub use trigger::{Band, BurstId, Decision, Snapshot, Subject, Trigger, TriggerId};
