//! The threads of a run: each has a name, and none ends by a panic that nobody hears of.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use winback_lane::panic_text;

use super::{Failure, Shared};

/// A thread of winback's that panicked: a defect.
#[derive(Debug, thiserror::Error)]
#[error(
    "the thread `{thread}` panicked: {why}: this is a defect of winback; start it again, and report this line with the log \
     lines before it"
)]
pub struct Panicked {
    /// Its name.
    pub thread: String,
    /// The panic's text.
    pub why: String,
}

/// Starts a thread whose panic is a failure of the run.
pub(super) fn spawn(
    shared: &Arc<Shared>,
    name: &str,
    life: impl FnOnce() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    let (shared, thread) = (shared.clone(), format!("winback-{name}"));
    Builder::new().name(thread.clone()).spawn(move || {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(life)) {
            shared.fail(Failure::Panicked(Panicked { thread, why: panic_text(&*panic) }));
        }
    })
}
