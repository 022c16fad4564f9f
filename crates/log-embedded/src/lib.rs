//! The logs inside the process: one implementation of the interface over two storages, a SQLite file and memory.
//!
//! Groups live in this process only: one process runs lanes, and the storage's lock holds that. A lane that loses its
//! partitions cannot commit for them: the check of its membership and the write happen under one lock (the gate), and
//! whoever takes a transactional id or expels a member passes the gate, too.

mod coordinator;
mod cursor;
mod faults;
mod flight;
mod memory;
mod reader;
mod session;
mod sqlite;
mod storage;
mod wake;
mod writer;

#[cfg(test)]
mod tests;

pub use faults::Fault;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use winback_core::ids::Offset;
use winback_log::{
    Clock, Log, LogAdmin, LogError, Reader, Session, SessionSpec, SharedLog, TopicInfo, TopicPartition,
    TopicSpec, Writer,
};

use self::coordinator::Coordinator;
use self::faults::Faults;
use self::flight::Flights;
use self::storage::{Slot, Storage, Topic};
use self::wake::Wake;

/// The interval between the sessions' looks at retention and compaction.
const UPKEEP_EVERY: Duration = Duration::from_secs(1);
/// The time that one of them spends on it.
const UPKEEP_BUDGET: Duration = Duration::from_millis(10);
/// The time until it goes on if more was left to do.
const UPKEEP_AGAIN: Duration = Duration::from_millis(100);
/// How often what was removed is taken out of the write-ahead log, too, which costs a few writes to the disk.
const SETTLE_EVERY: Duration = Duration::from_secs(30);

/// A log in a file or in memory.
pub struct EmbeddedLog {
    shared: Arc<Shared>,
}

/// The parts that sessions, readers and writers of a log share.
struct Shared {
    storage: Box<dyn Storage>,
    clock: Arc<dyn Clock>,
    /// Held while a commit is checked and written, and while a member is replaced or expelled.
    gate: Mutex<()>,
    coordinator: Mutex<Coordinator>,
    topics: RwLock<BTreeMap<String, Arc<Topic>>>,
    wake: Wake,
    faults: Faults,
    flights: Flights,
    waits: bool,
    upkeep: Mutex<Upkeep>,
}

/// When the next upkeep is due.
struct Upkeep {
    clean: Instant,
    settle: Instant,
}

impl EmbeddedLog {
    /// An empty log in memory.
    pub fn memory(clock: Arc<dyn Clock>) -> Self {
        Self::over(Box::new(memory::Memory::default()), clock, true)
    }

    /// An empty log in memory for one thread that drives everything: a poll never waits, and retention and
    /// compaction happen in [`Self::maintain`] only, so that the same calls give the same results.
    pub fn simulated(clock: Arc<dyn Clock>) -> Self {
        Self::over(Box::new(memory::Memory::default()), clock, false)
    }

    /// As [`Self::simulated`], and like Kafka in what its transactions leave behind: a marker in each partition that
    /// they wrote to, an offset that no record has.
    pub fn model(clock: Arc<dyn Clock>) -> Self {
        Self::over(Box::new(memory::Memory::with_markers()), clock, false)
    }

    /// The log in a file, made when it is not there.
    ///
    /// # Errors
    /// When the file cannot be opened, is no log, or is of a newer version.
    pub fn sqlite(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, LogError> {
        Ok(Self::over(Box::new(sqlite::Sqlite::open(path)?), clock, true))
    }

    fn over(storage: Box<dyn Storage>, clock: Arc<dyn Clock>, waits: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                storage,
                clock,
                gate: Mutex::new(()),
                coordinator: Mutex::new(Coordinator::default()),
                topics: RwLock::new(BTreeMap::new()),
                wake: Wake::default(),
                faults: Faults::default(),
                flights: Flights::default(),
                waits,
                upkeep: Mutex::new(Upkeep::new(Instant::now())),
            }),
        }
    }

    /// The log, to be shared.
    pub fn shared(self) -> SharedLog {
        Arc::new(self)
    }

    /// Retention and compaction for about as long as `budget`; true when more is left to do. Sessions that wait do
    /// it by themselves, a little at a time.
    ///
    /// # Errors
    /// When the storage cannot be written.
    pub fn maintain(&self, budget: Duration) -> Result<bool, LogError> {
        Ok(self.shared.clean(budget)? || !self.shared.storage.settle()?)
    }

    /// Makes the next matching step of the session with that transactional id fail, for tests.
    pub fn inject(&self, transactional_id: &str, fault: Fault) {
        self.shared.faults.add(transactional_id, fault);
    }

    /// Forgets the failures that are still waiting for their step.
    pub fn calm(&self) {
        self.shared.faults.clear();
    }

    /// True if a transaction of that session is on its way ([`Fault::CommitUnknownLater`]).
    pub fn is_on_its_way(&self, transactional_id: &str) -> bool {
        self.shared.flights.holds(transactional_id)
    }

    /// The end of that session's transaction arrives at last ([`Fault::CommitUnknownLater`]) as the commit that it was:
    /// records and positions are there. False when none is on its way.
    ///
    /// # Errors
    /// When the storage cannot be written.
    pub fn arrive(&self, transactional_id: &str) -> Result<bool, LogError> {
        self.shared.arrive(transactional_id).map_err(|error| LogError::Fatal(format!("{error:?}")))
    }

    /// That transaction's time is over before its end arrives: it is aborted. False when none is on its way.
    pub fn expire(&self, transactional_id: &str) -> bool {
        let _gate = self.shared.gate.lock();
        self.shared.flights.take(transactional_id).is_some()
    }

    /// Throws a member out of its group, as Kafka does with one that it has not heard of: its partitions go to
    /// others, it hears [`winback_log::GroupEvent::Lost`] at its next poll, and what it tries to commit for them is
    /// aborted. False when there is no such member.
    pub fn expel(&self, transactional_id: &str) -> bool {
        let _gate = self.shared.gate.lock();
        let found = self.shared.coordinator.lock().expel(transactional_id);
        self.shared.wake.notify();
        found
    }
}

impl Shared {
    fn topic(&self, name: &str) -> Result<Arc<Topic>, LogError> {
        if let Some(topic) = self.topics.read().get(name) {
            return Ok(Arc::clone(topic));
        }
        let mut topics = self.topics.write();
        for topic in self.storage.topics()? {
            topics.entry(topic.info.spec.name.clone()).or_insert_with(|| Arc::new(topic));
        }
        topics.get(name).cloned().ok_or_else(|| LogError::NoTopic(name.to_owned()))
    }

    fn slot(&self, at: &TopicPartition) -> Result<Slot, LogError> {
        let topic = self.topic(&at.topic)?;
        let partitions = topic.info.spec.partitions;
        if (0..partitions).contains(&at.partition.0) {
            return Ok(Slot { topic: topic.id, partition: at.partition });
        }
        Err(LogError::Config(format!("{at} is not there: the topic has {partitions} partitions")))
    }

    fn asked_to_be_away(&self) -> LogError {
        LogError::Unavailable { log: self.storage.name(), why: "a test asked for it".to_owned() }
    }

    /// Nothing is removed while the clock is held back: by the wall clock more would be old than is.
    fn clean(&self, budget: Duration) -> Result<bool, LogError> {
        let until = Instant::now() + budget;
        let now = self.clock.now();
        if self.clock.is_held() {
            return Ok(false);
        }
        while self.storage.clean(now)? {
            if Instant::now() >= until {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Retention and compaction, a little, by whoever polls when it is due. A failure is no lane's business, since the
    /// next write meets it, too; but for a damaged file, which is not read on.
    fn upkeep(&self) -> Result<(), LogError> {
        let Some(mut due) = self.upkeep.try_lock() else { return Ok(()) };
        let now = Instant::now();
        if now < due.clean {
            return Ok(());
        }
        let more = match self.clean_and_settle(now >= due.settle) {
            Err(error @ LogError::Damaged { .. }) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, log = self.storage.name(), "retention and compaction failed");
                false
            }
            Ok(Upkept { more, settled }) => {
                if settled {
                    due.settle = Instant::now() + SETTLE_EVERY;
                }
                more
            }
        };
        due.clean = Instant::now() + if more { UPKEEP_AGAIN } else { UPKEEP_EVERY };
        Ok(())
    }

    fn clean_and_settle(&self, settle: bool) -> Result<Upkept, LogError> {
        let more = self.clean(UPKEEP_BUDGET)?;
        Ok(Upkept { more, settled: settle && !more && self.storage.settle()? })
    }
}

/// What an upkeep came to.
struct Upkept {
    more: bool,
    settled: bool,
}

impl Upkeep {
    fn new(now: Instant) -> Self {
        Self { clean: now + UPKEEP_EVERY, settle: now + UPKEEP_EVERY }
    }
}

impl Log for EmbeddedLog {
    fn name(&self) -> String {
        self.shared.storage.name()
    }

    fn session(&self, spec: SessionSpec) -> Result<Box<dyn Session>, LogError> {
        self.shared.storage.claim_lanes()?;
        let mut wants = BTreeSet::new();
        for name in &spec.topics {
            let topic = self.shared.topic(name)?;
            wants.extend((0..topic.info.spec.partitions).map(|at| TopicPartition::new(Arc::clone(name), at)));
        }
        let view = self.shared.storage.view()?;
        let member = {
            let _gate = self.shared.gate.lock();
            drop(self.shared.flights.take(&spec.transactional_id));
            self.shared.coordinator.lock().join(&spec.group, &spec.transactional_id, wants)
        };
        self.shared.wake.notify();
        Ok(Box::new(session::EmbeddedSession::new(Arc::clone(&self.shared), member, spec, view)))
    }

    fn reader(&self) -> Result<Box<dyn Reader>, LogError> {
        let view = self.shared.storage.view()?;
        Ok(Box::new(reader::EmbeddedReader::new(Arc::clone(&self.shared), view)))
    }

    fn writer(&self) -> Result<Box<dyn Writer>, LogError> {
        Ok(Box::new(writer::EmbeddedWriter::new(Arc::clone(&self.shared))))
    }

    fn admin(&self) -> &dyn LogAdmin {
        self
    }

    fn is_shared(&self) -> bool {
        false
    }
}

impl LogAdmin for EmbeddedLog {
    fn describe(&self, topics: &[&str]) -> Result<Vec<Option<TopicInfo>>, LogError> {
        let known = LogAdmin::topics(self)?;
        let find = |name: &&str| known.iter().find(|info| info.spec.name == *name).cloned();
        Ok(topics.iter().map(find).collect())
    }

    fn topics(&self) -> Result<Vec<TopicInfo>, LogError> {
        Ok(self.shared.storage.topics()?.into_iter().map(|topic| topic.info).collect())
    }

    fn create(&self, topic: &TopicSpec) -> Result<(), LogError> {
        if topic.name.is_empty() || topic.partitions < 1 {
            let (name, partitions) = (&topic.name, topic.partitions);
            return Err(LogError::Config(format!(
                "topic `{name}` with {partitions} partitions cannot be made: give it a name and at least one partition"
            )));
        }
        self.shared.storage.create(topic)
    }

    fn remove(&self, partition: &TopicPartition, offsets: &[Offset]) -> Result<Option<u64>, LogError> {
        let slot = self.shared.slot(partition)?;
        self.shared.storage.remove(slot, offsets).map(Some)
    }

    fn scrub(&self, whole: bool) -> Result<bool, LogError> {
        self.shared.storage.scrub(whole)
    }

    fn warnings(&self) -> Result<Vec<String>, LogError> {
        self.shared.storage.warnings(self.shared.clock.now())
    }
}
