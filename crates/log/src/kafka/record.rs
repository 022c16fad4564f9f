//! A record on its way to librdkafka.

use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord};

use super::context::WriteContext;
use crate::Append;

/// What became of it.
pub(super) enum Sent {
    Taken,
    /// This record cannot be taken; others can.
    Refused(String),
    /// None can.
    Failed(KafkaError),
}

/// Hands a record over; waits while the queue is full.
pub(super) fn send(producer: &BaseProducer<WriteContext>, record: &Append<'_>, deadline: Instant) -> Sent {
    let mut message: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(record.topic);
    message.key = record.key;
    message.payload = record.value;
    message.partition = record.partition.map(|partition| partition.0);
    message.timestamp = record.timestamp.map(|time| time.millis().max(0));
    message.headers = headers(record.headers);
    loop {
        let Err((error, back)) = producer.send(message) else { return Sent::Taken };
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) if Instant::now() < deadline => {
                producer.poll(Duration::from_millis(1));
                message = back;
            }
            Some(code @ (RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::UnknownPartition)) => {
                return Sent::Refused(code.to_string());
            }
            _ => return Sent::Failed(error),
        }
    }
}

fn headers(headers: &[(&str, &[u8])]) -> Option<OwnedHeaders> {
    if headers.is_empty() {
        return None;
    }
    let empty = OwnedHeaders::new_with_capacity(headers.len());
    Some(headers.iter().fold(empty, |all, (key, value)| all.insert(Header { key, value: Some(*value) })))
}
