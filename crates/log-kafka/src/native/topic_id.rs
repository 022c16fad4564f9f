//! The ids that the broker gives topics: a topic that was deleted and made again has another one.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka_sys as sys;

struct Queue(NonNull<sys::rd_kafka_queue_t>);

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: the queue is ours and destroyed once.
        unsafe { sys::rd_kafka_queue_destroy(self.0.as_ptr()) }
    }
}

struct Names(NonNull<sys::rd_kafka_TopicCollection_t>);

impl Names {
    fn new(topics: &[&str]) -> Option<Self> {
        let names: Vec<CString> = topics.iter().filter_map(|topic| CString::new(*topic).ok()).collect();
        let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
        // SAFETY: the names end with a zero byte and are copied.
        let names =
            unsafe { sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len()) };
        NonNull::new(names).map(Self)
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        // SAFETY: the collection is ours and destroyed once.
        unsafe { sys::rd_kafka_TopicCollection_destroy(self.0.as_ptr()) }
    }
}

struct Options(NonNull<sys::rd_kafka_AdminOptions_t>);

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: the options are ours and destroyed once.
        unsafe { sys::rd_kafka_AdminOptions_destroy(self.0.as_ptr()) }
    }
}

struct Answer(NonNull<sys::rd_kafka_event_t>);

impl Drop for Answer {
    fn drop(&mut self) {
        // SAFETY: the event is ours and destroyed once.
        unsafe { sys::rd_kafka_event_destroy(self.0.as_ptr()) }
    }
}

/// The ids of those topics that the broker knows; empty when it does not say in time.
pub(crate) fn topic_ids<C: rdkafka::ClientContext>(
    client: &rdkafka::client::Client<C>,
    topics: &[&str],
    wait: Duration,
) -> BTreeMap<String, String> {
    ask(client.native_ptr(), topics, wait).map(|answer| read(&answer)).unwrap_or_default()
}

fn ask(native: *mut sys::rd_kafka_t, topics: &[&str], wait: Duration) -> Option<Answer> {
    let millis = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    let names = Names::new(topics)?;
    // SAFETY: the caller's client is alive during this call; every pointer is checked and owned by its type above.
    unsafe {
        let queue = Queue(NonNull::new(sys::rd_kafka_queue_new(native))?);
        let options = Options(NonNull::new(sys::rd_kafka_AdminOptions_new(
            native,
            sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
        ))?);
        sys::rd_kafka_AdminOptions_set_request_timeout(options.0.as_ptr(), millis, ptr::null_mut(), 0);
        sys::rd_kafka_DescribeTopics(native, names.0.as_ptr(), options.0.as_ptr(), queue.0.as_ptr());
        NonNull::new(sys::rd_kafka_queue_poll(queue.0.as_ptr(), millis.saturating_add(100))).map(Answer)
    }
}

fn read(answer: &Answer) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    // SAFETY: the answer is alive and everything read here is its property; null is checked where librdkafka may
    // return it.
    unsafe {
        let result = sys::rd_kafka_event_DescribeTopics_result(answer.0.as_ptr());
        if result.is_null() {
            return ids;
        }
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        for index in 0..count {
            let topic = *topics.add(index);
            let error = sys::rd_kafka_error_code(sys::rd_kafka_TopicDescription_error(topic));
            let (name, id) =
                (sys::rd_kafka_TopicDescription_name(topic), sys::rd_kafka_TopicDescription_topic_id(topic));
            if error != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR || name.is_null() || id.is_null()
            {
                continue;
            }
            let text = sys::rd_kafka_Uuid_base64str(id);
            if !text.is_null() {
                ids.insert(text_of(name), text_of(text));
            }
        }
    }
    ids
}

/// # Safety
/// `text` points to a string that ends with a zero byte.
unsafe fn text_of(text: *const std::ffi::c_char) -> String {
    // SAFETY: by the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
