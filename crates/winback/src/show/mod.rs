//! Output: plain words for people, one JSON object a line for programs.
//!
//! Text from outside is escaped before it reaches a terminal. `anstream` removes colours where no terminal shows them.

mod action;
pub(crate) mod approach;
mod decision;
pub(crate) mod differ;
pub(crate) mod door;
mod gates;
pub(crate) mod letter;
pub(crate) mod listing;
pub(crate) mod out;
pub(crate) mod rules;
pub(crate) mod sentence;
mod trigger;
pub(crate) mod words;

#[cfg(test)]
mod tests;

pub(crate) use action::action;
pub(crate) use decision::decision;
pub(crate) use out::Out;
pub(crate) use sentence::{Sentence, sentence};
pub(crate) use trigger::{of_snapshot, trigger};
