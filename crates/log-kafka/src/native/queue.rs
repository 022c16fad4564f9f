//! One queue for all partitions of a lane, read in batches.
//!
//! A partition's queue must be forwarded before the partition is assigned, or its first records go to the consumer's own
//! queue. The consumer's own queue is never read in batches: rebalances are events there, and would be answered with
//! an empty assignment.

use std::ffi::CString;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;
use winback_log::TopicPartition;

use super::client::Client;
use super::raw::RawMessage;

/// An entry of a lane's queue.
pub(crate) struct Event {
    /// The topic, by librdkafka's handle: equal for equal topics within a batch.
    pub(crate) handle: usize,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    /// The error; then `raw` holds no record.
    pub(crate) error: Option<RDKafkaErrorCode>,
    pub(crate) raw: RawMessage,
}

/// A queue that partitions are forwarded to.
pub(crate) struct LaneQueue {
    queue: NonNull<sys::rd_kafka_queue_t>,
    forwarded: Vec<(TopicPartition, NonNull<sys::rd_kafka_queue_t>)>,
    buffer: Vec<*mut sys::rd_kafka_message_t>,
    client: Arc<Client>,
}

impl LaneQueue {
    pub(crate) fn new(client: Arc<Client>) -> Option<Self> {
        // SAFETY: the client is alive and outlives the queue, which holds it.
        let queue = NonNull::new(unsafe { sys::rd_kafka_queue_new(client.native()) })?;
        Some(Self { queue, forwarded: Vec::new(), buffer: Vec::new(), client })
    }

    /// To be called before the partition is assigned. False when librdkafka does not take the name.
    pub(crate) fn forward(&mut self, partition: &TopicPartition) -> bool {
        self.take_back(partition);
        let Ok(topic) = CString::new(&*partition.topic) else { return false };
        // SAFETY: the client is alive; the name ends with a zero byte and is copied.
        let source = unsafe {
            sys::rd_kafka_queue_get_partition(self.client.native(), topic.as_ptr(), partition.partition.0)
        };
        let Some(source) = NonNull::new(source) else { return false };
        self.forwarded.push((partition.clone(), source));
        self.forward_again(partition);
        true
    }

    /// For when librdkafka has ended the forwarding by itself; what waits in the partition's queue comes over.
    pub(crate) fn forward_again(&self, partition: &TopicPartition) {
        let Some((_, source)) = self.forwarded.iter().find(|(known, _)| known == partition) else { return };
        // SAFETY: both queues are ours and alive.
        unsafe { sys::rd_kafka_queue_forward(source.as_ptr(), self.queue.as_ptr()) };
    }

    /// Ends the forwarding; a close would wait for it for ever.
    pub(crate) fn take_back(&mut self, partition: &TopicPartition) {
        let Some(at) = self.forwarded.iter().position(|(known, _)| known == partition) else { return };
        let (_, source) = self.forwarded.swap_remove(at);
        // SAFETY: the queue is ours; it is not used after this.
        unsafe { end_forwarding(source) };
    }

    /// Waits for records at most `wait` and hands over at most `max` of them, in order. Only the first is waited for.
    pub(crate) fn consume(&mut self, max: usize, wait: Duration, mut take: impl FnMut(Event)) -> usize {
        if max == 0 {
            // Who takes nothing waits all the same, or it would turn without a pause.
            std::thread::sleep(wait);
            return 0;
        }
        let wait = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        let mut count = self.fill(max, 0);
        if count == 0 && wait > 0 {
            // A batch call waits until the batch is full or the time is up: wait for one, then take what there is.
            count = self.fill(1, wait);
            if count > 0 {
                self.hand_over(count, &mut take);
                let more = if max > 1 { self.fill(max - 1, 0) } else { 0 };
                self.hand_over(more, &mut take);
                return count + more;
            }
        }
        self.hand_over(count, &mut take);
        count
    }

    fn fill(&mut self, max: usize, wait: i32) -> usize {
        self.buffer.clear();
        self.buffer.resize(max, ptr::null_mut());
        // SAFETY: the queue is alive and the buffer has room for `max` pointers.
        let count = unsafe {
            sys::rd_kafka_consume_batch_queue(self.queue.as_ptr(), wait, self.buffer.as_mut_ptr(), max)
        };
        usize::try_from(count).unwrap_or(0).min(max)
    }

    fn hand_over(&mut self, count: usize, take: &mut impl FnMut(Event)) {
        for &message in &self.buffer[..count] {
            if let Some(message) = NonNull::new(message) {
                // SAFETY: the batch call just made us this message's owner.
                take(unsafe { event(message, &self.client) });
            }
        }
        self.buffer.clear();
    }

    /// The cached high watermark, without offset_requests the broker.
    pub(crate) fn high_watermark(&self, partition: &TopicPartition) -> Option<i64> {
        let topic = CString::new(&*partition.topic).ok()?;
        let (mut low, mut high) = (0, 0);
        // SAFETY: the client is alive, the name ends with a zero byte, both numbers are ours.
        let answer = unsafe {
            sys::rd_kafka_get_watermark_offsets(
                self.client.native(),
                topic.as_ptr(),
                partition.partition.0,
                &raw mut low,
                &raw mut high,
            )
        };
        (answer == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0).then_some(high)
    }
}

impl Drop for LaneQueue {
    fn drop(&mut self) {
        for (_, source) in self.forwarded.drain(..) {
            // SAFETY: the queue is ours; it is not used after this.
            unsafe { end_forwarding(source) };
        }
        // SAFETY: the queue is ours, nothing is forwarded to it any more, and it is destroyed once.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

/// # Safety
/// `source` is a queue that the caller owns and does not use again.
unsafe fn end_forwarding(source: NonNull<sys::rd_kafka_queue_t>) {
    // SAFETY: by the caller's promise.
    unsafe {
        sys::rd_kafka_queue_forward(source.as_ptr(), ptr::null_mut());
        sys::rd_kafka_queue_destroy(source.as_ptr());
    }
}

/// # Safety
/// The caller owns `message`, which came from a queue of `client`.
unsafe fn event(message: NonNull<sys::rd_kafka_message_t>, client: &Arc<Client>) -> Event {
    // SAFETY: by the caller's promise the message is alive; `RawMessage` becomes its only owner.
    let (fields, raw) = unsafe { (message.as_ref(), RawMessage::new(message, Arc::clone(client))) };
    let (partition, offset) = (fields.partition, fields.offset);
    let error =
        (fields.err != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR).then(|| fields.err.into());
    let timestamp = if error.is_none() { raw.timestamp() } else { -1 };
    Event { handle: fields.rkt as usize, partition, offset, timestamp, error, raw }
}
