//! The suite on a real Apache Kafka.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use winback_log::Log;
use winback_log_kafka::{KafkaLog, KafkaOptions};
use winback_testkit::broker_or_skip;

use crate::harness::Harness;

struct Kafka {
    log: KafkaLog,
}

impl Harness for Kafka {
    fn log(&self) -> &dyn Log {
        &self.log
    }

    /// One broker serves all tests of the suite.
    fn unique(&self, base: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        format!("{base}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// Its cleaner runs when it likes.
    fn compact(&self, _: &str) -> bool {
        false
    }
}

fn make() -> Option<Kafka> {
    let broker = broker_or_skip("the conformance suite on Kafka")?;
    let options = KafkaOptions::from_url(&broker.url()).unwrap();
    Some(Kafka { log: KafkaLog::new(options).unwrap() })
}

conformance!(make);
