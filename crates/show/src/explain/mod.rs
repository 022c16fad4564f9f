//! The story of an account, a signal, a burst or a trigger, told from the records alone.
//!
//! [`find`] says whom a subject means, [`records`] reads the account's own partition of each topic, [`story`] makes steps
//! of what was read, in the inbox's order, and [`focus`] keeps those that a subject is about. All but the reading is pure.

mod account;
pub mod find;
mod focus;
pub mod records;
mod step;
mod story;
#[cfg(test)]
mod tests;

pub use account::heading;
pub use focus::{Focus, only};
pub use story::{Story, story_of};
