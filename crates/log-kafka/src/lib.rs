//! Kafka, through librdkafka.
//!
//! A session is one consumer and one transactional producer on the lane's own thread. Records are consumed in batches
//! from one queue for all partitions ([`native`] holds that unsafe code), rebalances are noted and answered by the lane.

mod admin;
mod classify;
mod clients;
mod context;
mod fetch;
mod logs;
mod native;
mod offsets;
mod options;
mod positions;
mod reader;
mod record;
mod session;
mod statistics;
mod transact;
mod version;
mod writer;

use std::sync::Arc;

use parking_lot::Mutex;
use winback_log::{Log, LogAdmin, LogError, Reader, Session, SessionSpec, TopicInfo, TopicSpec, Writer};

pub use options::{GroupProtocol, KafkaOptions};

use self::admin::Admin;
use self::offsets::OffsetClient;
use self::reader::KafkaReader;
use self::session::KafkaSession;
use self::writer::KafkaWriter;

/// A Kafka cluster. Nothing is connected until it is asked something.
pub struct KafkaLog {
    name: String,
    options: Arc<KafkaOptions>,
    admin: Mutex<Option<Arc<Admin>>>,
    offset_client: Mutex<Option<OffsetClient>>,
}

impl KafkaLog {
    /// The cluster that the options name.
    ///
    /// # Errors
    /// When the options contradict each other, or the librdkafka that is linked is not one that winback was proved with.
    pub fn new(options: KafkaOptions) -> Result<Self, LogError> {
        options.check()?;
        version::check(&version::linked(), &options.accept_librdkafka)?;
        let name = format!("kafka://{}", options.bootstrap);
        Ok(Self {
            name,
            options: Arc::new(options),
            admin: Mutex::new(None),
            offset_client: Mutex::new(None),
        })
    }

    fn admin_client(&self) -> Result<Arc<Admin>, LogError> {
        let mut admin = self.admin.lock();
        if let Some(admin) = &*admin {
            return Ok(Arc::clone(admin));
        }
        let made = Arc::new(Admin::new(self.name.clone(), &self.options)?);
        *admin = Some(Arc::clone(&made));
        Ok(made)
    }

    fn offset_client(&self) -> Result<OffsetClient, LogError> {
        let mut offset_client = self.offset_client.lock();
        if let Some(offset_client) = &*offset_client {
            return Ok(offset_client.clone());
        }
        let made = OffsetClient::new(&self.options)?;
        *offset_client = Some(made.clone());
        Ok(made)
    }
}

impl Log for KafkaLog {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn session(&self, spec: SessionSpec) -> Result<Box<dyn Session>, LogError> {
        let topics: Vec<&str> = spec.topics.iter().map(|topic| &**topic).collect();
        if let Some(missing) = self.admin_client()?.missing(&topics)? {
            return Err(LogError::NoTopic(missing));
        }
        let name = self.name.clone();
        Ok(Box::new(KafkaSession::join(name, Arc::clone(&self.options), self.offset_client()?, spec)?))
    }

    fn reader(&self) -> Result<Box<dyn Reader>, LogError> {
        let settings = self.options.reading();
        let options = Arc::clone(&self.options);
        Ok(Box::new(KafkaReader::open(self.name.clone(), options, self.offset_client()?, &settings)?))
    }

    fn restore_reader(&self) -> Result<Box<dyn Reader>, LogError> {
        let settings = self.options.restoring();
        let options = Arc::clone(&self.options);
        Ok(Box::new(KafkaReader::open(self.name.clone(), options, self.offset_client()?, &settings)?))
    }

    fn writer(&self) -> Result<Box<dyn Writer>, LogError> {
        Ok(Box::new(KafkaWriter::open(self.name.clone(), Arc::clone(&self.options))?))
    }

    fn admin(&self) -> &dyn LogAdmin {
        self
    }

    fn is_shared(&self) -> bool {
        true
    }
}

impl LogAdmin for KafkaLog {
    fn describe(&self, topics: &[&str]) -> Result<Vec<Option<TopicInfo>>, LogError> {
        self.admin_client()?.describe(topics)
    }

    fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        self.admin_client()?.all()
    }

    fn create(&self, topic: &TopicSpec) -> Result<(), LogError> {
        self.admin_client()?.create(topic)
    }

    fn warnings(&self) -> Result<Vec<String>, LogError> {
        let interval = self.admin_client()?.cleanup_interval()?;
        Ok(interval.and_then(|interval| self.options.standstill(interval)).into_iter().collect())
    }
}
