//! Everything that decides, and nothing that acts: no clock, no Kafka, no SQL, no metrics.
//!
//! The same code serves production, replay, explain, simulation and the oracle of the fault tests, so every
//! function here is a function of its arguments only.

mod closed_enum;

pub mod account;
pub mod credentials;
pub mod debounce;
pub mod identity;
pub mod ids;
pub mod index;
pub mod limits;
pub mod outreach;
pub mod partitioner;
pub mod places;
pub mod privacy;
pub mod segment;
pub mod signal;
pub mod text;
pub mod time;
pub mod unreadable;
pub mod visible;
