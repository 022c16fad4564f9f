//! One delivered message, read where librdkafka put it.

use std::ffi::CStr;
use std::fmt;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;

use rdkafka_sys as sys;
use winback_log::HeldRecord;

use super::client::Client;

/// A message that librdkafka owns the bytes of; given back when dropped.
pub(crate) struct RawMessage {
    message: NonNull<sys::rd_kafka_message_t>,
    // Declared behind `message` and dropped after it: librdkafka must outlive its messages.
    _client: Arc<Client>,
}

// SAFETY: librdkafka may be called from any thread, and this is the message's only owner. It is not `Sync`: reading the
// headers parses them in place.
unsafe impl Send for RawMessage {}

const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Arc<Client>>();
};

impl RawMessage {
    /// # Safety
    /// `message` came from a consume call on a queue of `client`, is not an error, and is owned by nobody else.
    pub(super) unsafe fn new(message: NonNull<sys::rd_kafka_message_t>, client: Arc<Client>) -> Self {
        Self { message, _client: client }
    }

    fn fields(&self) -> &sys::rd_kafka_message_t {
        // SAFETY: the message lives until `drop`, and nobody writes to these fields.
        unsafe { self.message.as_ref() }
    }

    /// True if it is of the topic `name`.
    pub(crate) fn is_of(&self, name: &str) -> bool {
        let topic = self.fields().rkt;
        if topic.is_null() {
            return false;
        }
        // SAFETY: a message keeps its topic alive; the name ends with a zero byte.
        unsafe { CStr::from_ptr(sys::rd_kafka_topic_name(topic)) }.to_bytes() == name.as_bytes()
    }

    /// The text of an error.
    pub(crate) fn error_text(&self) -> String {
        // SAFETY: the message is alive; its text ends with a zero byte and is copied.
        let text = unsafe { sys::rd_kafka_message_errstr(self.message.as_ptr()) };
        if text.is_null() {
            return String::new();
        }
        // SAFETY: as above.
        unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
    }

    pub(super) fn timestamp(&self) -> i64 {
        // SAFETY: the message is alive; a null pointer for the kind of timestamp is allowed.
        unsafe { sys::rd_kafka_message_timestamp(self.message.as_ptr(), ptr::null_mut()) }
    }
}

impl HeldRecord for RawMessage {
    fn key(&self) -> Option<&[u8]> {
        let fields = self.fields();
        // SAFETY: librdkafka says where the key is and how long; it stays until the message is destroyed.
        unsafe { bytes(fields.key.cast(), fields.key_len) }
    }

    fn value(&self) -> Option<&[u8]> {
        let fields = self.fields();
        // SAFETY: as for the key.
        unsafe { bytes(fields.payload.cast(), fields.len) }
    }

    fn each_header(&self, visit: &mut dyn FnMut(&str, &[u8])) {
        let mut headers = ptr::null_mut();
        // SAFETY: the message is alive; the headers stay its property.
        let found = unsafe { sys::rd_kafka_message_headers(self.message.as_ptr(), &raw mut headers) };
        if found != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return;
        }
        for index in 0.. {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the headers live as long as the message; past the last one an error is returned.
            let got = unsafe {
                sys::rd_kafka_header_get_all(headers, index, &raw mut name, &raw mut value, &raw mut size)
            };
            if got != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                return;
            }
            // SAFETY: librdkafka ends names with a zero byte and says how long a value is.
            let (name, value) = unsafe { (CStr::from_ptr(name), bytes(value.cast(), size)) };
            visit(&name.to_string_lossy(), value.unwrap_or_default());
        }
    }
}

impl Drop for RawMessage {
    fn drop(&mut self) {
        // SAFETY: the message is ours and destroyed once.
        unsafe { sys::rd_kafka_message_destroy(self.message.as_ptr()) }
    }
}

impl fmt::Debug for RawMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.fields();
        write!(f, "RawMessage {{ partition: {}, offset: {} }}", fields.partition, fields.offset)
    }
}

/// # Safety
/// `start` is null or points to `length` bytes that live as long as the result is used.
unsafe fn bytes<'a>(start: *const u8, length: usize) -> Option<&'a [u8]> {
    // SAFETY: by the caller's promise.
    (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start, length) })
}
