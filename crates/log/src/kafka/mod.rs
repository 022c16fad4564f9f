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

pub(crate) use native::RawMessage;
pub use options::{GroupProtocol, KafkaOptions};

use self::admin::Admin;
use self::offsets::Asker;
use self::reader::KafkaReader;
use self::session::KafkaSession;
use self::writer::KafkaWriter;
use crate::{Log, LogError, Reader, Session, SessionSpec, TopicInfo, TopicSpec, Writer};

/// A Kafka cluster. Nothing is connected until it is asked something.
pub struct KafkaLog {
    name: String,
    options: Arc<KafkaOptions>,
    admin: Mutex<Option<Arc<Admin>>>,
    asker: Mutex<Option<Asker>>,
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
        Ok(Self { name, options: Arc::new(options), admin: Mutex::new(None), asker: Mutex::new(None) })
    }

    fn admin(&self) -> Result<Arc<Admin>, LogError> {
        let mut admin = self.admin.lock();
        if let Some(admin) = &*admin {
            return Ok(Arc::clone(admin));
        }
        let made = Arc::new(Admin::new(self.name.clone(), &self.options)?);
        *admin = Some(Arc::clone(&made));
        Ok(made)
    }

    fn asker(&self) -> Result<Asker, LogError> {
        let mut asker = self.asker.lock();
        if let Some(asker) = &*asker {
            return Ok(asker.clone());
        }
        let made = Asker::new(&self.options)?;
        *asker = Some(made.clone());
        Ok(made)
    }
}

impl Log for KafkaLog {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn session(&self, spec: SessionSpec) -> Result<Box<dyn Session>, LogError> {
        let topics: Vec<&str> = spec.topics.iter().map(|topic| &**topic).collect();
        if let Some(missing) = self.admin()?.missing(&topics)? {
            return Err(LogError::NoTopic(missing));
        }
        let name = self.name.clone();
        Ok(Box::new(KafkaSession::join(name, Arc::clone(&self.options), self.asker()?, spec)?))
    }

    fn reader(&self) -> Result<Box<dyn Reader>, LogError> {
        let settings = self.options.reading();
        let options = Arc::clone(&self.options);
        Ok(Box::new(KafkaReader::open(self.name.clone(), options, self.asker()?, &settings)?))
    }

    fn restore_reader(&self) -> Result<Box<dyn Reader>, LogError> {
        let settings = self.options.restoring();
        let options = Arc::clone(&self.options);
        Ok(Box::new(KafkaReader::open(self.name.clone(), options, self.asker()?, &settings)?))
    }

    fn writer(&self) -> Result<Box<dyn Writer>, LogError> {
        Ok(Box::new(KafkaWriter::open(self.name.clone(), Arc::clone(&self.options))?))
    }

    fn describe(&self, topics: &[&str]) -> Result<Vec<Option<TopicInfo>>, LogError> {
        self.admin()?.describe(topics)
    }

    fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        self.admin()?.all()
    }

    fn create(&self, topic: &TopicSpec) -> Result<(), LogError> {
        self.admin()?.create(topic)
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn warnings(&self) -> Result<Vec<String>, LogError> {
        let interval = self.admin()?.cleanup_interval()?;
        Ok(interval.and_then(|interval| self.options.standstill(interval)).into_iter().collect())
    }
}
