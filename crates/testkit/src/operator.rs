//! An operator's acts on a cluster's topics behind a deployment's back: delete, cut, widen.

use std::future::Future;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewPartitions, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

const ASK: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// An operator of a cluster.
pub struct Operator {
    client: AdminClient<DefaultClientContext>,
    options: AdminOptions,
    runtime: tokio::runtime::Runtime,
}

impl Operator {
    /// An operator of the cluster at `bootstrap`, `host:port`.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn of(bootstrap: &str) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(Self {
            client: ClientConfig::new().set("bootstrap.servers", bootstrap).create()?,
            options: AdminOptions::new().request_timeout(Some(ASK)).operation_timeout(Some(ASK)),
            runtime: tokio::runtime::Builder::new_current_thread().build()?,
        })
    }

    /// Deletes a topic, and waits until the cluster no longer knows it.
    ///
    /// # Errors
    /// When the cluster refuses, or still knows it after ten seconds.
    pub fn delete(&self, topic: &str) -> Result<(), KafkaError> {
        one(self.ask(self.client.delete_topics(&[topic], &self.options))?)?;
        let deadline = Instant::now() + ASK;
        while self.knows(topic)? {
            if Instant::now() >= deadline {
                return Err(KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Gives a topic that many partitions.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub fn widen(&self, topic: &str, partitions: usize) -> Result<(), KafkaError> {
        let wider = NewPartitions::new(topic, partitions);
        one(self.ask(self.client.create_partitions([&wider], &self.options))?)
    }

    /// Takes the records before `before` away from a partition of a compacted topic, as a retention that was set by
    /// mistake does.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub fn cut(&self, topic: &str, partition: i32, before: i64) -> Result<(), KafkaError> {
        self.clean_up(topic, "delete")?;
        self.forget(topic, partition, before)?;
        self.clean_up(topic, "compact")
    }

    /// Takes the records before `before` away from a partition of a topic that is not compacted, as its retention does.
    ///
    /// # Errors
    /// When the cluster refuses.
    pub fn forget(&self, topic: &str, partition: i32, before: i64) -> Result<(), KafkaError> {
        let mut records = TopicPartitionList::new();
        records.add_partition_offset(topic, partition, Offset::Offset(before))?;
        let deadline = Instant::now() + ASK;
        // A broker hears of the new policy a moment later, and until then refuses, a partition at a time.
        while let Err(refused) = self.delete_records(&records) {
            if Instant::now() >= deadline {
                return Err(refused);
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn delete_records(&self, records: &TopicPartitionList) -> Result<(), KafkaError> {
        let answers = self.ask(self.client.delete_records(records, &self.options))?;
        answers.elements().iter().try_for_each(TopicPartitionListElem::error)
    }

    /// A topic's settings are replaced as a whole: its stamps stay the log's.
    fn clean_up(&self, topic: &str, policy: &str) -> Result<(), KafkaError> {
        let change = AlterConfig::new(ResourceSpecifier::Topic(topic))
            .set("cleanup.policy", policy)
            .set("message.timestamp.type", "LogAppendTime");
        let answers = self.ask(self.client.alter_configs([&change], &self.options))?;
        answers.into_iter().try_for_each(|answer| match answer {
            Ok(_) => Ok(()),
            Err((_, code)) => Err(KafkaError::AdminOp(code)),
        })
    }

    fn knows(&self, topic: &str) -> Result<bool, KafkaError> {
        let metadata = self.client.inner().fetch_metadata(None, ASK)?;
        Ok(metadata.topics().iter().any(|found| found.name() == topic))
    }

    fn ask<T>(&self, question: impl Future<Output = T>) -> T {
        self.runtime.block_on(question)
    }
}

fn one(answers: Vec<Result<String, (String, RDKafkaErrorCode)>>) -> Result<(), KafkaError> {
    answers.into_iter().try_for_each(|answer| answer.map(drop).map_err(|(_, code)| KafkaError::AdminOp(code)))
}
