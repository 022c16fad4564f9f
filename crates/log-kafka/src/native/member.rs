//! The generation of a consumer in its group.

use rdkafka_sys as sys;

use super::client::Client;

/// The generation, or `None` for who is no member. The broker does not fence a transaction that names no generation,
/// so such a one must not be sent.
pub(crate) fn generation(client: &Client) -> Option<i32> {
    // SAFETY: the client is alive; the metadata is ours and destroyed below, once.
    let generation = unsafe {
        let metadata = sys::rd_kafka_consumer_group_metadata(client.native());
        if metadata.is_null() {
            return None;
        }
        let generation = sys::rd_kafka_consumer_group_metadata_generation_id(metadata);
        sys::rd_kafka_consumer_group_metadata_destroy(metadata);
        generation
    };
    (generation >= 0).then_some(generation)
}
