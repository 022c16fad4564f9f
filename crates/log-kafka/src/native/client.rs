//! The consumer that messages keep alive.

use std::fmt;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka_sys as sys;

use crate::context::GroupContext;

/// The consumer, shared by the lane and the messages that it was handed.
pub(crate) struct Client {
    pub(crate) consumer: BaseConsumer<GroupContext>,
}

impl Client {
    pub(super) fn native(&self) -> *mut sys::rd_kafka_t {
        self.consumer.client().native_ptr()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}
