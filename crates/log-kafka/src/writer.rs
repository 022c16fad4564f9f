//! Appends without a transaction: idempotent, acknowledged by all replicas.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseProducer, Producer};
use winback_log::{Append, LogError, Writer};

use super::classify::{code_of, log_error};
use super::context::WriteContext;
use super::fetch::config_error;
use super::options::KafkaOptions;
use super::record::{Sent, deliver, send};

const SERVE_EVERY: u32 = 256;

pub(super) struct KafkaWriter {
    log: String,
    options: Arc<KafkaOptions>,
    producer: BaseProducer<WriteContext>,
    appended: u32,
}

impl KafkaWriter {
    pub(super) fn open(log: String, options: Arc<KafkaOptions>) -> Result<Self, LogError> {
        let mut config = options.producer();
        config.set("message.timeout.ms", options.request_timeout.as_millis().to_string());
        let producer =
            config.create_with_context(WriteContext::default()).map_err(|error| config_error(&error))?;
        Ok(Self { log, options, producer, appended: 0 })
    }

    fn failures(&self) -> Result<(), LogError> {
        let Some((count, code, why)) = self.producer.context().take_failures() else { return Ok(()) };
        let text = format!("{count} records were not written, the first to {why}");
        match log_error(&self.log, why.split(':').next().unwrap_or_default(), code) {
            LogError::NoTopic(topic) => Err(LogError::NoTopic(topic)),
            _ if matches!(code, RDKafkaErrorCode::MessageTimedOut) => {
                Err(LogError::Unavailable { log: self.log.clone(), why: text })
            }
            LogError::Unavailable { log, .. } => Err(LogError::Unavailable { log, why: text }),
            _ => Err(LogError::Fatal(format!("{}: {text}", self.log))),
        }
    }
}

impl Writer for KafkaWriter {
    fn append(&mut self, record: &Append<'_>) -> Result<(), LogError> {
        self.appended = self.appended.wrapping_add(1);
        if self.appended.is_multiple_of(SERVE_EVERY) {
            self.producer.poll(Duration::ZERO);
            self.failures()?;
        }
        match send(&self.producer, record, Instant::now() + self.options.request_timeout) {
            Sent::Taken => Ok(()),
            Sent::Refused(why) => Err(LogError::Fatal(format!("a record for `{}`: {why}", record.topic))),
            Sent::Failed(error) => {
                let code = code_of(&error);
                Err(log_error(&self.log, record.topic, code))
            }
        }
    }

    fn flush(&mut self) -> Result<(), LogError> {
        // Every record ends by its own time-out; a little more, and nothing is left to wait for.
        let deadline = Instant::now() + self.options.request_timeout + Duration::from_secs(1);
        if deliver(&self.producer, deadline).is_err() {
            let count = self.producer.in_flight_count();
            let why = format!("{count} records are not acknowledged");
            return Err(LogError::Unavailable { log: self.log.clone(), why });
        }
        self.failures()
    }
}
