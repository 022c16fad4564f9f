//! From a URL to a log.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::embedded::EmbeddedLog;
use crate::{Clock, KafkaLog, KafkaOptions, LogError, SharedLog};

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

/// Opens the log that `url` names: `sqlite:PATH`, `memory:` or `kafka://HOST:PORT[,HOST:PORT]`.
///
/// # Errors
/// [`LogError::Config`] for a URL that names no log; otherwise what the log says.
pub fn open(url: &str, clock: Arc<dyn Clock>, options: &OpenOptions) -> Result<SharedLog, LogError> {
    match url.split_once(':') {
        Some(("memory", "")) => Ok(Arc::new(EmbeddedLog::memory(clock))),
        Some(("sqlite", path)) if !path.is_empty() && path != ":memory:" => {
            Ok(Arc::new(EmbeddedLog::sqlite(Path::new(path), clock)?))
        }
        Some(("kafka", _)) => {
            let mut kafka = KafkaOptions::from_url(url)?;
            kafka.set_properties(options.kafka.iter().cloned())?;
            kafka.accept_librdkafka.clone_from(&options.accept_librdkafka);
            Ok(Arc::new(KafkaLog::new(kafka)?))
        }
        _ => Err(LogError::Config(format!(
            "`{url}` names no log: write sqlite:PATH, kafka://HOST:PORT or memory:"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemClock;

    fn error(url: &str) -> LogError {
        match open(url, Arc::new(SystemClock), &OpenOptions::default()) {
            Ok(log) => panic!("{url} opened {}", log.name()),
            Err(error) => error,
        }
    }

    #[test]
    fn a_url_that_names_no_log_is_told_what_would() {
        for url in ["", "postgres://x", "sqlite:", "memory", "memory:x", "sqlite::memory:", "try.db"] {
            let text = error(url).to_string();
            assert!(text.contains("sqlite:PATH") && text.contains("kafka://"), "{url}: {text}");
        }
    }

    #[test]
    fn memory_opens_by_its_name() {
        let log = open("memory:", Arc::new(SystemClock), &OpenOptions::default()).unwrap();
        assert_eq!(log.name(), "memory:");
        assert!(!log.is_shared());
    }
}
