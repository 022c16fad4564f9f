//! The suite on the model of the simulation: memory that never waits and leaves markers, as Kafka does.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use winback_log::{EmbeddedLog, Log, SystemClock};

use crate::harness::Harness;

struct Model(EmbeddedLog);

impl Harness for Model {
    fn log(&self) -> &dyn Log {
        &self.0
    }

    fn unique(&self, base: &str) -> String {
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

fn make() -> Option<Model> {
    Some(Model(EmbeddedLog::model(Arc::new(SystemClock))))
}

conformance!(make);
