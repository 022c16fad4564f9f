//! The suite on memory, and what only an embedded log can be asked for: see `faults` beside it.

use std::sync::Arc;
use std::time::Duration;

use winback_log::{Log, SystemClock};
use winback_log_embedded::EmbeddedLog;

use crate::harness::Harness;

/// A log within this process.
pub(crate) struct Memory(pub(crate) EmbeddedLog);

impl Harness for Memory {
    fn log(&self) -> &dyn Log {
        &self.0
    }

    fn unique(&self, base: &str) -> String {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        format!("{base}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(20)
    }

    fn compact(&self, _topic: &str) -> bool {
        while self.0.maintain(Duration::from_secs(1)).unwrap() {}
        true
    }
}

fn make() -> Option<Memory> {
    Some(Memory(EmbeddedLog::memory(Arc::new(SystemClock))))
}

conformance!(make);
