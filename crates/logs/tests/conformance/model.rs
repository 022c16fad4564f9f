//! The suite on the model of the simulation: memory that never waits and leaves markers, as Kafka does.

use std::sync::Arc;

use winback_log::SystemClock;
use winback_log_embedded::EmbeddedLog;

use crate::memory::Memory;

fn make() -> Option<Memory> {
    Some(Memory(EmbeddedLog::model(Arc::new(SystemClock))))
}

conformance!(make);
