//! The data of the debounce rules: inputs, outcomes, triggers, effects and the rows of the state.
//!
//! The lowest layer: it knows nothing of the others. Its types say of themselves what needs nothing but themselves.

pub(crate) mod account_state;
pub(crate) mod body;
pub(crate) mod cap;
pub(crate) mod clock;
pub(crate) mod cut;
pub(crate) mod decision;
pub(crate) mod effect;
pub(crate) mod entry;
pub(crate) mod evidence;
pub(crate) mod fading;
pub(crate) mod gate;
pub(crate) mod impossible;
pub(crate) mod input;
pub(crate) mod keys;
pub(crate) mod kind_rule;
pub(crate) mod machine;
pub(crate) mod outcome;
pub(crate) mod policy;
pub(crate) mod policy_record;
pub(crate) mod priority;
pub(crate) mod row;
pub(crate) mod rows;
pub mod shadow;
pub(crate) mod tables;
pub(crate) mod trigger;
pub(crate) mod trigger_id;
