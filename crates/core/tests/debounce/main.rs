//! The debounce rules, as a user of the core sees them.

mod properties;
mod rig;
mod rules;
mod worked;
