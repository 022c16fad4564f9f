//! The rules that hold by reading a sequence file.

mod arms;
mod figures;
mod offers;
mod order;
mod phrases;
#[cfg(test)]
mod tests;
mod who;
mod words;

use crate::error::SequenceError;
use crate::model::Sequence;

pub(crate) use figures::figure;
pub use phrases::{NEVER_FIRST, NEVER_SAID};

/// Every fault of a sequence.
pub(crate) fn check(sequence: &Sequence) -> Vec<SequenceError> {
    let mut faults = Vec::new();
    who::check(sequence, &mut faults);
    order::check(sequence, &mut faults);
    offers::check(sequence, &mut faults);
    arms::check(sequence, &mut faults);
    words::check(sequence, &mut faults);
    faults
}

/// True for a short name that ids and file names may have.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && name.len() <= 64 && name.chars().all(plain)
}

const NAME_FIX: &str = "write a short name of a-z, 0-9 and -, such as gap-closed";
