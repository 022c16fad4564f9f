//! A panic of a role: what a batch came to is dropped, the record is tried once more, and then it is a dead letter.
//!
//! A panic may leave a role's memory half changed. So the role hears [`Role::rolled_back`], and where its state is in a
//! changelog that state is read back from the log: nothing that the step touched is trusted.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use winback_core::privacy::masked;

use crate::error::LaneError;
use crate::isolate::{Suspect, Verdict};
use crate::lane::Lane;
use crate::output::DeadLetter;
use crate::role::Role;

/// The reason of a dead letter for a record on which its role panics.
pub const PANICKED: &str = winback_proto::letter::NothingKept::Panicked.as_str();

/// The most of a panic's text that is kept, in bytes.
const TEXT: usize = 400;

/// A step that panicked.
#[derive(Debug)]
pub(crate) struct Panicked {
    pub(crate) suspect: Suspect,
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
            "the step of this record panicked twice, and nothing of it was kept: {why}: this is a defect of winback, \
             report it, and replay with a version that is mended"
        ),
    }
}

impl<R: Role> Lane<R> {
    /// Drops the batch in which a step panicked; true when one did.
    pub(crate) fn drop_panicked(&mut self) -> Result<bool, LaneError> {
        let Some(Panicked { suspect, why }) = self.panicked.take() else { return Ok(false) };
        let (lane, Suspect { partition, offset, .. }) = (&self.config.name, &suspect);
        tracing::error!(lane, %partition, %offset, why, "a step panicked: its batch is dropped and read again");
        self.observer.failed(PANICKED);
        {
            let mut status = self.status.lock();
            status.aborts += 1;
            status.last_error = Some(format!("the step of {partition}@{offset} panicked: the log says why"));
        }
        let (records, partitions) = (self.batch.records, self.inputs.order().len());
        let verdict = self.isolation.panicked(suspect.clone(), &why, records, partitions);
        self.forget();
        let keeps_state = self.inputs.iter().any(|slot| self.role.changelog(&slot.input.partition).is_some());
        if keeps_state {
            self.reload = true;
            self.drop_batch();
        } else {
            self.roll_back()?;
        }
        match verdict {
            Verdict::Again => Ok(true),
            Verdict::GiveUp => {
                let Suspect { partition, offset, .. } = suspect;
                Err(LaneError::Panicked { at: format!("in the step of {partition}@{offset}, again"), why })
            }
        }
    }
}
