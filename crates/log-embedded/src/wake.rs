//! Wakes polls of this process when something was committed or a group changed.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// A counter that can be waited for.
#[derive(Debug, Default)]
pub(super) struct Wake {
    count: Mutex<u64>,
    changed: Condvar,
}

impl Wake {
    /// The count now; take it before looking for work.
    pub(super) fn count(&self) -> u64 {
        *self.count.lock()
    }

    /// Something happened.
    pub(super) fn notify(&self) {
        *self.count.lock() += 1;
        self.changed.notify_all();
    }

    /// Waits until something happened after `seen` was taken, at most until `deadline` and at most for `longest_wait`.
    pub(super) fn wait(&self, seen: u64, deadline: Instant, longest_wait: Option<Duration>) {
        let until = longest_wait.map_or(deadline, |longest_wait| deadline.min(Instant::now() + longest_wait));
        let mut count = self.count.lock();
        while *count == seen {
            if self.changed.wait_until(&mut count, until).timed_out() {
                return;
            }
        }
    }
}
