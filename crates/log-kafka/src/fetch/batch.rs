//! The content of one call of the queue: records for the lane, ends of partitions, and earlier leftovers.

use rdkafka::error::RDKafkaErrorCode;
use winback_core::ids::{Offset, Partition};
use winback_core::time::Time;
use winback_log::Message;

use super::super::classify::{is_absence, is_refusal};
use super::super::native::Event;
use super::recovery::{StuckPartition, note};
use super::{FetchError, Tracked};

/// One call's worth of events. The handle of the last one is remembered, because they come in runs.
pub(super) struct Batch<'a> {
    tracked: &'a mut Vec<Tracked>,
    stuck: &'a mut Vec<StuckPartition>,
    last: Option<(usize, i32, usize)>,
    /// Kept until the batch ends: they keep their topics, and so the handles, alive.
    left_over: Vec<Event>,
    pub(super) fetch_error: Option<FetchError>,
}

impl<'a> Batch<'a> {
    pub(super) const fn new(tracked: &'a mut Vec<Tracked>, stuck: &'a mut Vec<StuckPartition>) -> Self {
        Self { tracked, stuck, last: None, left_over: Vec::new(), fetch_error: None }
    }

    pub(super) fn take(&mut self, event: Event, into: &mut Vec<Message>) {
        let Some(tracked) = self.find(&event) else {
            self.left_over.push(event);
            return;
        };
        let tracked = &mut self.tracked[tracked];
        match event.error {
            _ if tracked.held => self.left_over.push(event),
            None if event.offset < tracked.position => self.left_over.push(event),
            None if tracked.paused => {
                // librdkafka counts it as delivered and would go on behind it.
                tracked.held = true;
                note(self.stuck, tracked.partition.clone());
                self.left_over.push(event);
            }
            None => {
                tracked.position = event.offset + 1;
                (tracked.at_end, tracked.received) = (false, true);
                into.push(Message::held(
                    tracked.topic,
                    Partition(event.partition),
                    Offset(event.offset),
                    Time::from_millis(event.timestamp),
                    tracked.epoch,
                    Box::new(event.raw),
                ));
            }
            Some(RDKafkaErrorCode::PartitionEOF) => {
                tracked.position = tracked.position.max(event.offset);
                (tracked.at_end, tracked.received) = (true, true);
            }
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                let (partition, position, why) =
                    (&tracked.partition, tracked.position, event.raw.error_text());
                tracing::debug!(%partition, position, why, "a partition cannot be read from its position");
                self.fetch_error = Some(FetchError::OutOfRange(partition.clone()));
            }
            Some(code) if is_refusal(code) || is_absence(code) => {
                self.fetch_error = Some(FetchError::Error(code, tracked.partition.topic.to_string()));
            }
            Some(code) => {
                tracing::debug!(partition = %tracked.partition, %code, "the partition cannot be read just now");
            }
        }
    }

    fn find(&mut self, event: &Event) -> Option<usize> {
        if let Some((handle, partition, index)) = self.last
            && handle == event.handle
            && partition == event.partition
        {
            return Some(index);
        }
        let index = self.tracked.iter().position(|tracked| {
            tracked.partition.partition.0 == event.partition && event.raw.is_of(&tracked.partition.topic)
        })?;
        self.last = Some((event.handle, event.partition, index));
        Some(index)
    }
}
