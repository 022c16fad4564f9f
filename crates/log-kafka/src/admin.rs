//! Topics: what is there, with which settings, and making one.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::MetadataTopic;
use winback_core::time::Span;
use winback_log::{Cleanup, LogError, TimestampKind, TopicInfo, TopicSpec};

use super::classify::{code_of, is_absence, is_transient, log_error};
use super::context::RequestContext;
use super::fetch::config_error;
use super::native::topic_ids;
use super::options::KafkaOptions;

const PAUSE: Duration = Duration::from_millis(50);

/// The bytes that Kafka adds to a record; a topic's limit is on whole batches.
const BATCH_OVERHEAD: usize = 256;

/// The broker's interval between looks for transactions that have timed out.
const CLEANUP_INTERVAL: &str = "transaction.abort.timed.out.transaction.cleanup.interval.ms";

/// Asks the cluster about topics.
pub(super) struct Admin {
    log: String,
    client: AdminClient<RequestContext>,
    wait: Duration,
}

impl Admin {
    pub(super) fn new(log: String, options: &KafkaOptions) -> Result<Self, LogError> {
        let client = options
            .requests()
            .create_with_context(RequestContext::default())
            .map_err(|error| config_error(&error))?;
        Ok(Self { log, client, wait: options.request_timeout })
    }

    pub(super) fn describe(&self, topics: &[&str]) -> Result<Vec<Option<TopicInfo>>, LogError> {
        let mut shapes = BTreeMap::new();
        for topic in topics {
            let metadata = self.retry(topic, |left| self.client.inner().fetch_metadata(Some(topic), left))?;
            shapes.extend(metadata.topics().iter().filter_map(shape));
        }
        let mut found = self.complete(&shapes)?;
        Ok(topics.iter().map(|topic| found.remove(*topic)).collect())
    }

    /// The first of these topics that is not there.
    pub(super) fn missing(&self, topics: &[&str]) -> Result<Option<String>, LogError> {
        for topic in topics {
            let metadata = self.retry(topic, |left| self.client.inner().fetch_metadata(Some(topic), left))?;
            if !metadata.topics().iter().any(|found| shape(found).is_some()) {
                return Ok(Some((*topic).to_owned()));
            }
        }
        Ok(None)
    }

    pub(super) fn all(&self) -> Result<Vec<TopicInfo>, LogError> {
        let metadata = self.retry("topics", |left| self.client.inner().fetch_metadata(None, left))?;
        let shapes =
            metadata.topics().iter().filter_map(shape).filter(|(name, _)| !name.starts_with("__")).collect();
        Ok(self.complete(&shapes)?.into_values().collect())
    }

    pub(super) fn create(&self, spec: &TopicSpec) -> Result<(), LogError> {
        let settings = settings(spec);
        let mut topic = NewTopic::new(&spec.name, spec.partitions, TopicReplication::Fixed(spec.replication));
        for (key, value) in &settings {
            topic = topic.set(key, value);
        }
        let options = self.options();
        let answers = self.retry(&spec.name, |_| block_on(self.client.create_topics([&topic], &options)))?;
        match answers.into_iter().next() {
            None | Some(Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => self.wait_for(spec),
            Some(Err((name, code))) => Err(log_error(&self.log, &name, code)),
        }
    }

    /// The time the cluster may take to notice a timed-out transaction; `None` if it does not say.
    pub(super) fn cleanup_interval(&self) -> Result<Option<Duration>, LogError> {
        let metadata = self.retry("brokers", |left| self.client.inner().fetch_metadata(None, left))?;
        let Some(broker) = metadata.brokers().first() else { return Ok(None) };
        let (resource, options) = (ResourceSpecifier::Broker(broker.id()), self.options());
        let answers = self.retry("settings of a broker", |_| {
            block_on(self.client.describe_configs([&resource], &options))
        })?;
        let found = answers.iter().flatten().find_map(|config| config.get(CLEANUP_INTERVAL)?.value.clone());
        Ok(found.and_then(|millis| millis.parse().ok()).map(Duration::from_millis))
    }

    /// Until the cluster's metadata has it, with a leader everywhere that knows of it: a broker hears of its metadata first
    /// and makes the partition then, and who reads in between is told that there is none.
    fn wait_for(&self, spec: &TopicSpec) -> Result<(), LogError> {
        let deadline = Instant::now() + self.wait;
        loop {
            let metadata =
                self.retry(&spec.name, |left| self.client.inner().fetch_metadata(Some(&spec.name), left))?;
            // One that was there already may have other partitions than were asked for.
            let ready = metadata.topics().iter().any(|topic| {
                let mut partitions = topic.partitions().iter();
                !topic.partitions().is_empty()
                    && partitions.all(|one| one.leader() >= 0 && self.is_made(&spec.name, one.id()))
            });
            if ready {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let why =
                    format!("topic `{}` was made, but not all of its partitions can be read yet", spec.name);
                return Err(LogError::Unavailable { log: self.log.clone(), why });
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Whoever may make a topic need not be allowed to read it: any other answer says that it is there.
    fn is_made(&self, topic: &str, partition: i32) -> bool {
        let ends = self.client.inner().fetch_watermarks(topic, partition, self.wait);
        ends.err().is_none_or(|error| !is_absence(code_of(&error)))
    }

    fn complete(&self, shapes: &BTreeMap<String, Shape>) -> Result<BTreeMap<String, TopicInfo>, LogError> {
        if shapes.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<&str> = shapes.keys().map(String::as_str).collect();
        let resources: Vec<_> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
        let options = self.options();
        let answers = self
            .retry("settings of topics", |_| block_on(self.client.describe_configs(&resources, &options)))?;
        let ids = topic_ids(self.client.inner(), &names, self.wait);
        let mut found = BTreeMap::new();
        for ((name, shape), config) in shapes.iter().zip(answers) {
            let config = config.map_err(|code| log_error(&self.log, name, code))?;
            // A broker that gives topics no ids cannot tell a topic from a later one of its name; nor can we.
            let id = ids.get(name).cloned().unwrap_or_else(|| name.clone());
            found.insert(name.clone(), TopicInfo { spec: spec(name, *shape, &config), id });
        }
        Ok(found)
    }

    fn retry<T>(
        &self,
        what: &str,
        mut question: impl FnMut(Duration) -> Result<T, KafkaError>,
    ) -> Result<T, LogError> {
        let deadline = Instant::now() + self.wait;
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(PAUSE);
            let code = match question(left) {
                Ok(answer) => return Ok(answer),
                Err(error) => code_of(&error),
            };
            if !is_transient(code) || Instant::now() >= deadline {
                return Err(log_error(&self.log, what, code));
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn options(&self) -> AdminOptions {
        AdminOptions::new().request_timeout(Some(self.wait)).operation_timeout(Some(self.wait))
    }
}

/// Partitions and replicas.
type Shape = (i32, i32);

fn shape(topic: &MetadataTopic) -> Option<(String, Shape)> {
    let partitions = i32::try_from(topic.partitions().len()).ok()?;
    let replicas = topic.partitions().first().map_or(1, |one| one.replicas().len());
    (topic.error().is_none() && partitions > 0)
        .then(|| (topic.name().to_owned(), (partitions, i32::try_from(replicas).unwrap_or(1))))
}

fn settings(spec: &TopicSpec) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("max.message.bytes", (spec.max_record_bytes + BATCH_OVERHEAD).to_string()),
        (
            "message.timestamp.type",
            match spec.timestamps {
                TimestampKind::Create => "CreateTime",
                TimestampKind::Append => "LogAppendTime",
            }
            .to_owned(),
        ),
    ];
    match spec.cleanup {
        Cleanup::Delete(keep) => {
            settings.push(("cleanup.policy", "delete".to_owned()));
            settings.push(("retention.ms", keep.map_or(-1, Span::millis).to_string()));
            // A segment goes with its newest record: one a day at most keeps what is said of "by when" true.
            settings.extend(keep.map(|keep| ("segment.ms", segment_of(keep).to_string())));
        }
        Cleanup::Compact { tombstones } => {
            settings.push(("cleanup.policy", "compact".to_owned()));
            settings.push(("delete.retention.ms", tombstones.millis().to_string()));
            // The segment that is written to is never compacted, and a restore reads all of it: by default a week's.
            settings.push(("segment.ms", "3600000".to_owned()));
            settings.push(("segment.bytes", "67108864".to_owned()));
            settings.push(("min.cleanable.dirty.ratio", "0.2".to_owned()));
            // What was replaced or has a tombstone is gone after a week, however little else is written.
            settings.push(("max.compaction.lag.ms", "604800000".to_owned()));
        }
    }
    settings
}

/// A twenty-eighth of what is kept, an hour at least and a week at most.
fn segment_of(keep: Span) -> i64 {
    (keep.millis() / 28).clamp(3_600_000, 7 * 86_400_000)
}

fn spec(name: &str, (partitions, replication): Shape, config: &ConfigResource) -> TopicSpec {
    let text = |key: &str| config.get(key).and_then(|entry| entry.value.as_deref()).unwrap_or_default();
    let millis =
        |key: &str| text(key).parse::<i64>().ok().filter(|millis| *millis >= 0).map(Span::from_millis);
    let cleanup = if text("cleanup.policy").contains("compact") {
        Cleanup::Compact { tombstones: millis("delete.retention.ms").unwrap_or_default() }
    } else {
        Cleanup::Delete(millis("retention.ms"))
    };
    let timestamps = match text("message.timestamp.type") {
        "LogAppendTime" => TimestampKind::Append,
        _ => TimestampKind::Create,
    };
    let max_record_bytes =
        text("max.message.bytes").parse::<usize>().unwrap_or_default().saturating_sub(BATCH_OVERHEAD);
    TopicSpec { name: name.to_owned(), partitions, replication, cleanup, timestamps, max_record_bytes }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The answers are bounded by their request's time-out, so waiting is, too.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
