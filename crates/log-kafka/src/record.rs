//! A record on its way to librdkafka.

use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use winback_log::Append;

use super::context::WriteContext;

/// The result.
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

/// Waits until every record is answered, and serves the answers. `BaseProducer::flush` spins through the last millisecond of
/// each of its waits, which at twenty commits a second costs more than all the matcher's parsing.
///
/// # Errors
/// When some are not by then.
pub(super) fn deliver(producer: &BaseProducer<WriteContext>, deadline: Instant) -> Result<(), KafkaError> {
    const PAUSE: Duration = Duration::from_micros(200);
    const ANSWERS: usize = 8;
    loop {
        match producer.flush(Duration::ZERO) {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(_) => {}
        }
        (0..ANSWERS).for_each(|_| producer.poll(Duration::ZERO));
        if producer.in_flight_count() > 0 {
            std::thread::sleep(PAUSE);
        }
    }
}
