//! A panic of a role: what a batch came to is dropped, the record is tried once more, and then it is a dead letter.
//!
//! A panic may leave a role's memory half changed. So the role hears [`crate::Role::rolled_back`], and where its state is in a
//! changelog that state is read back from the log: nothing that the step touched is trusted.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use winback_core::privacy::masked;

use crate::dead_letter::DeadLetter;
use crate::isolation::PoisonCandidate;

/// The reason of a dead letter for a record on which its role panics.
pub const PANICKED: &str = winback_proto::letter::NothingKept::Panicked.as_str();

/// The most of a panic's text that is kept, in bytes.
const TEXT: usize = 400;

/// A step that panicked.
#[derive(Debug)]
pub(crate) struct Panicked {
    pub(crate) record: PoisonCandidate,
    pub(crate) why: String,
}

/// The text of a panic, cut, and without addresses: it can quote the record.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text");
    masked(&text[..text.floor_char_boundary(TEXT)]).into_owned()
}

/// Calls `run`; a panic in it is an error with its text.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| panic_text(&*panic))
}

/// The dead letter of a record on which the role panics.
pub(crate) fn letter(why: &str) -> DeadLetter {
    DeadLetter {
        source: String::new(),
        element: None,
        reason: PANICKED,
        text: format!(
            "the step of this record panicked twice, and nothing of it was kept: {why}: this is a defect of winback: \
             report it, and install a version that is mended; `winback dead-letters replay` then sends the record again, or says \
             what to do instead"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_whose_text_is_cut_and_has_no_address() {
        assert_eq!(caught(|| 7), Ok(7));
        let long = "x".repeat(2 * TEXT);
        let why = caught(|| -> () { panic!("of ann@example.com: {long}") }).unwrap_err();
        assert!(why.len() <= TEXT && !why.contains("ann@example.com"), "{why}");
        assert_eq!(caught(|| std::panic::panic_any(7)).unwrap_err(), "no text");
    }
}
