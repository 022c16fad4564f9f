//! The story teller: what is in a log, in plain words for people, and as one JSON object a line for programs.
//!
//! A record is shown by [`trigger()`], [`decision()`], [`action()`] and [`letter`]; the story of an account by [`explain`]; the
//! difference that a policy would make by [`backtest`]. Text from outside is escaped before it reaches a terminal.

mod action;
pub mod approach;
pub mod backtest;
mod decision;
pub mod differ;
pub mod explain;
pub mod gaps;
mod gates;
pub mod letter;
pub mod listing;
pub mod rules;
pub mod sentence;
pub mod tally;
mod trigger;
pub mod words;

#[cfg(test)]
mod tests;

pub use action::{action, action_line};
pub use decision::decision;
pub use sentence::{Sentence, sentence};
pub use trigger::{of_snapshot, trigger};
