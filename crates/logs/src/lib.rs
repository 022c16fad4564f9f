//! From a URL to a log: a SQLite file, memory or Kafka.
//!
//! All of them are held to one suite of tests, `tests/conformance`.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use winback_log::{Clock, LogError, SharedLog};
use winback_log_embedded::EmbeddedLog;
#[cfg(feature = "kafka")]
use winback_log_kafka::{KafkaLog, KafkaOptions};

/// The options of a log beside its URL.
#[derive(Clone, Default)]
pub struct OpenOptions {
    /// Settings of the Kafka client by their librdkafka names; the embedded logs take none.
    pub kafka: Vec<(String, String)>,
    /// A version of librdkafka that is taken though winback was not proved with it; empty takes none.
    pub accept_librdkafka: String,
}

impl fmt::Debug for OpenOptions {
    /// The settings by name: their values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.kafka.iter().map(|(key, _)| key)).finish()
    }
}

/// A log that a URL names.
enum Named<'a> {
    Memory,
    Sqlite(&'a Path),
    #[cfg(feature = "kafka")]
    Kafka(KafkaOptions),
}

impl<'a> Named<'a> {
    fn parse(url: &'a str) -> Result<Self, LogError> {
        match url.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("sqlite", path)) if !path.is_empty() && path != ":memory:" => {
                Ok(Self::Sqlite(Path::new(path)))
            }
            #[cfg(feature = "kafka")]
            Some(("kafka", _)) => Ok(Self::Kafka(KafkaOptions::from_url(url)?)),
            #[cfg(not(feature = "kafka"))]
            Some(("kafka", _)) => Err(LogError::Config(format!(
                "`{url}`: this build of winback has no Kafka, as the demo's has none: run `make build`, and use target/release/winback"
            ))),
            _ => Err(LogError::Config(format!(
                "`{url}` names no log: write sqlite:PATH, kafka://HOST:PORT or memory:"
            ))),
        }
    }
}

/// Checks a URL without opening the log: `sqlite:PATH`, `memory:` or `kafka://HOST:PORT[,HOST:PORT]`.
///
/// # Errors
/// [`LogError::Config`] for a URL that names no log.
pub fn check(url: &str) -> Result<(), LogError> {
    Named::parse(url).map(drop)
}

/// Opens the log that `url` names.
///
/// # Errors
/// [`LogError::Config`] for a URL that names no log; otherwise what the log says.
#[cfg_attr(not(feature = "kafka"), expect(unused_variables, reason = "only Kafka takes options"))]
pub fn open(url: &str, clock: Arc<dyn Clock>, options: &OpenOptions) -> Result<SharedLog, LogError> {
    match Named::parse(url)? {
        Named::Memory => Ok(Arc::new(EmbeddedLog::memory(clock))),
        Named::Sqlite(path) => Ok(Arc::new(EmbeddedLog::sqlite(path, clock)?)),
        #[cfg(feature = "kafka")]
        Named::Kafka(mut kafka) => {
            kafka.set_properties(options.kafka.iter().cloned())?;
            kafka.accept_librdkafka.clone_from(&options.accept_librdkafka);
            Ok(Arc::new(KafkaLog::new(kafka)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use winback_log::SystemClock;

    fn error(url: &str) -> LogError {
        match open(url, Arc::new(SystemClock), &OpenOptions::default()) {
            Ok(log) => panic!("{url} opened {}", log.name()),
            Err(error) => error,
        }
    }

    #[test]
    fn a_url_that_names_no_log_is_told_what_would() {
        for url in ["", "postgres://x", "sqlite:", "memory", "memory:x", "sqlite::memory:", "try.db"] {
            check(url).unwrap_err();
            let text = error(url).to_string();
            assert!(text.contains("sqlite:PATH") && text.contains("kafka://"), "{url}: {text}");
        }
    }

    #[test]
    #[cfg(not(feature = "kafka"))]
    fn a_build_without_kafka_says_which_build_has_it() {
        let text = error("kafka://broker:9092").to_string();
        assert!(text.contains("no Kafka") && text.contains("make build"), "{text}");
    }

    #[test]
    fn memory_opens_by_its_name() {
        let log = open("memory:", Arc::new(SystemClock), &OpenOptions::default()).unwrap();
        assert_eq!(log.name(), "memory:");
        check("memory:").unwrap();
        assert!(!log.is_shared());
    }
}
