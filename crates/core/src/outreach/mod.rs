//! Outreach: what follows a trigger. Data and rules.
//!
//! A *sequence* is a play spread over time, made of *steps*. A *touch* is one message or task of one step.

pub(crate) mod due;
pub(crate) mod sending;
pub(crate) mod sequence;

pub use due::{DueRule, days_later, first_allowed};
pub use sending::Sending;
