//! Appends without a session, and what both kinds of append have in common.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use winback_log::partitioner::Partitioner;
use winback_log::{Append, CommitError, LogError, Record, Writer};

use super::Shared;
use super::storage::{Pending, Positions, Topic, WriteError, weight};

/// Written when so many records wait.
const BATCH_RECORDS: usize = 4_000;
/// Or so many bytes.
const BATCH_BYTES: usize = 4 << 20;
/// A batch is cut when it has held the storage for so long; what it has written must still be made durable in the
/// rest of the 50 ms that a writer may hold it.
const HOLD: Duration = Duration::from_millis(25);

pub(super) struct EmbeddedWriter {
    shared: Arc<Shared>,
    partitioner: Partitioner,
    records: Vec<Pending>,
    bytes: usize,
}

impl EmbeddedWriter {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, partitioner: Partitioner::default(), records: Vec::new(), bytes: 0 }
    }
}

impl Writer for EmbeddedWriter {
    fn append(&mut self, record: &Append<'_>) -> Result<(), LogError> {
        let topic = self.shared.topic(record.topic)?;
        let pending = prepare(topic, record, &mut self.partitioner)
            .map_err(|error| LogError::Config(error.to_string()))?;
        self.bytes += weight(&pending.record);
        self.records.push(pending);
        if self.records.len() >= BATCH_RECORDS || self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), LogError> {
        while !self.records.is_empty() {
            let now = self.shared.clock.now();
            let written =
                self.shared.storage.write(&mut self.records, &Positions::default(), now, Some(HOLD));
            if let Err(error) = written {
                let lost = self.records.len();
                self.records.clear();
                self.bytes = 0;
                return Err(explain(error, lost));
            }
            self.shared.wake.notify();
        }
        self.bytes = 0;
        Ok(())
    }
}

fn explain(error: WriteError, lost: usize) -> LogError {
    let (what, why) = match error {
        WriteError::Refused(why) | WriteError::Fatal(why) => ("were not written", why),
        WriteError::Unknown(why) => ("were not all written", why),
        WriteError::Damaged(error) => return error,
    };
    LogError::Fatal(format!("{lost} records {what}: {why}"))
}

/// Copies a record and decides on its partition.
pub(super) fn prepare(
    topic: Arc<Topic>,
    append: &Append<'_>,
    partitioner: &mut Partitioner,
) -> Result<Pending, CommitError> {
    let spec = &topic.info.spec;
    let partition = append.partition.unwrap_or_else(|| partitioner.choose(append.key, spec.partitions));
    if !(0..spec.partitions).contains(&partition.0) {
        let (name, partitions) = (&spec.name, spec.partitions);
        return Err(CommitError::Fatal(format!("`{name}` has {partitions} partitions, but no {partition}")));
    }
    let header = |(name, value): &(&str, &[u8])| ((*name).to_owned(), Bytes::copy_from_slice(value));
    let record = Record {
        key: append.key.map(Bytes::copy_from_slice),
        value: append.value.map(Bytes::copy_from_slice),
        headers: append.headers.iter().map(header).collect(),
    };
    let bytes = weight(&record);
    if bytes > spec.max_record_bytes {
        let why = format!("the topic takes at most {}", spec.max_record_bytes);
        return Err(CommitError::Record { topic: spec.name.clone(), bytes, why });
    }
    let timestamp = append.timestamp;
    Ok(Pending { topic, partition, timestamp, record })
}
