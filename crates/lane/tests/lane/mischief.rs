//! A log whose sessions do what a test asks of them, beside what the log would.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use winback_core::ids::{Offset, Partition};
use winback_core::time::Time;
use winback_log::{
    Append, CommitError, GroupEvent, Log, LogAdmin, LogError, Message, Reader, Session, SessionSpec,
    TopicPartition, Writer,
};
use winback_log_embedded::EmbeddedLog;

use crate::support::{CHANGELOG, TestClock};

/// The extra behaviour of a session in tests.
#[derive(Debug, Default)]
pub(crate) struct Mischief {
    /// A transaction that holds this value is aborted.
    pub(crate) poison: Option<Vec<u8>>,
    /// This value cannot be appended.
    pub(crate) huge: Option<Vec<u8>>,
    /// Every commit is aborted.
    pub(crate) down: bool,
    /// Delivered once, before anything else.
    pub(crate) strays: Vec<Message>,
    /// A position and a row of the changelog that the member before commits just before the first positions are told.
    pub(crate) meanwhile: Option<(i64, String)>,
    /// No position is told while this holds: an open transaction has one.
    pub(crate) unstable: bool,
    /// A clock, and how many milliseconds of it a commit takes.
    pub(crate) slow: Option<(Arc<TestClock>, i64)>,
    /// No end is told while this holds.
    pub(crate) endless: bool,
    /// The calls that matter, in order.
    pub(crate) calls: Vec<String>,
}

pub(crate) struct TestLog {
    pub(crate) inner: Arc<EmbeddedLog>,
    pub(crate) mischief: Arc<Mutex<Mischief>>,
}

impl Log for TestLog {
    fn name(&self) -> String {
        self.inner.name()
    }
    fn session(&self, spec: SessionSpec) -> Result<Box<dyn Session>, LogError> {
        let inner = self.inner.session(spec)?;
        let (log, mischief) = (Arc::clone(&self.inner), Arc::clone(&self.mischief));
        Ok(Box::new(TestSession { inner, log, mischief, poisoned: false }))
    }
    fn reader(&self) -> Result<Box<dyn Reader>, LogError> {
        Ok(Box::new(SlowReader { inner: self.inner.reader()?, asked: true }))
    }
    fn writer(&self) -> Result<Box<dyn Writer>, LogError> {
        self.inner.writer()
    }
    fn admin(&self) -> &dyn LogAdmin {
        self.inner.admin()
    }
    fn is_shared(&self) -> bool {
        false
    }
}

/// Delivers nothing at the first poll after it was told what to read, as one whose records have a way to come does.
struct SlowReader {
    inner: Box<dyn Reader>,
    asked: bool,
}

impl Reader for SlowReader {
    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<(), LogError> {
        self.asked = true;
        self.inner.assign(starts)
    }
    fn poll(&mut self, max: usize, wait: Duration, into: &mut Vec<Message>) -> Result<(), LogError> {
        if std::mem::take(&mut self.asked) { Ok(()) } else { self.inner.poll(max, wait, into) }
    }
    fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.inner.position(partition)
    }
    fn end_offsets(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.inner.end_offsets(partitions)
    }
    fn beginnings(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.inner.beginnings(partitions)
    }
    fn committed(
        &mut self,
        group: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Option<Offset>>, LogError> {
        self.inner.committed(group, partitions)
    }
}

struct TestSession {
    inner: Box<dyn Session>,
    log: Arc<EmbeddedLog>,
    mischief: Arc<Mutex<Mischief>>,
    poisoned: bool,
}

impl TestSession {
    fn note(&self, call: impl Into<String>) {
        self.mischief.lock().unwrap().calls.push(call.into());
    }
}

impl Session for TestSession {
    fn poll(
        &mut self,
        max: usize,
        wait: Duration,
        into: &mut Vec<Message>,
    ) -> Result<Option<GroupEvent>, LogError> {
        into.append(&mut self.mischief.lock().unwrap().strays);
        self.inner.poll(max, wait, into)
    }
    fn assign(&mut self, starts: &[(TopicPartition, Offset)]) -> Result<(), LogError> {
        self.note("assign");
        self.inner.assign(starts)
    }
    fn release(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.note("release");
        self.inner.release(partitions)
    }
    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.inner.pause(partitions)
    }
    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<(), LogError> {
        self.inner.resume(partitions)
    }
    fn seek(&mut self, partition: &TopicPartition, offset: Offset) -> Result<(), LogError> {
        self.note(format!("seek {offset}"));
        self.inner.seek(partition, offset)
    }
    fn committed(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Option<Offset>>, LogError> {
        let Some((position, row)) = self.mischief.lock().unwrap().meanwhile.take() else {
            return self.inner.committed(partitions);
        };
        let (topic, partition, value) = (CHANGELOG, Some(Partition(0)), Some(row.as_bytes()));
        let mut writer = self.log.writer()?;
        writer.append(&Append { topic, partition, key: Some(b"0"), value, headers: &[], timestamp: None })?;
        writer.flush()?;
        Ok(vec![Some(Offset(position)); partitions.len()])
    }
    fn committed_within(
        &mut self,
        partitions: &[TopicPartition],
        wait: Duration,
    ) -> Result<Option<Vec<Option<Offset>>>, LogError> {
        let mischief = self.mischief.lock().unwrap();
        let (unstable, meanwhile) = (mischief.unstable, mischief.meanwhile.is_some());
        drop(mischief);
        match (unstable, meanwhile) {
            (true, _) => Ok(None),
            (false, true) => self.committed(partitions).map(Some),
            (false, false) => self.inner.committed_within(partitions, wait),
        }
    }
    fn end_offsets(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.inner.end_offsets(partitions)
    }
    fn end_offsets_within(
        &mut self,
        partitions: &[TopicPartition],
        wait: Duration,
    ) -> Result<Option<Vec<Offset>>, LogError> {
        if self.mischief.lock().unwrap().endless {
            Ok(None)
        } else {
            self.inner.end_offsets_within(partitions, wait)
        }
    }
    fn beginnings(&mut self, partitions: &[TopicPartition]) -> Result<Vec<Offset>, LogError> {
        self.inner.beginnings(partitions)
    }
    fn offset_at(&mut self, partition: &TopicPartition, time: Time) -> Result<Offset, LogError> {
        self.inner.offset_at(partition, time)
    }
    fn position(&self, partition: &TopicPartition) -> Option<Offset> {
        self.inner.position(partition)
    }
    fn known_end(&self, partition: &TopicPartition) -> Option<Offset> {
        self.inner.known_end(partition)
    }
    fn begin(&mut self) -> Result<(), CommitError> {
        self.poisoned = false;
        self.inner.begin()
    }
    fn append(&mut self, record: &Append<'_>) -> Result<(), CommitError> {
        let mischief = self.mischief.lock().unwrap();
        let is = |value: &Option<Vec<u8>>| value.as_deref().is_some_and(|value| record.value == Some(value));
        if is(&mischief.huge) {
            let (topic, bytes) = (record.topic.to_owned(), usize::MAX);
            return Err(CommitError::Record { topic, bytes, why: "a test asked for it".to_owned() });
        }
        self.poisoned |= is(&mischief.poison) || mischief.down;
        drop(mischief);
        self.inner.append(record)
    }
    fn commit(&mut self, positions: &[(TopicPartition, Offset)]) -> Result<(), CommitError> {
        if self.poisoned || self.mischief.lock().unwrap().down {
            self.note("aborted");
            self.inner.abort()?;
            return Err(CommitError::Aborted("a test asked for it".to_owned()));
        }
        let shown: Vec<String> = positions.iter().map(|(_, offset)| offset.to_string()).collect();
        self.note(format!("commit {}", shown.join(",")));
        if let Some((clock, millis)) = &self.mischief.lock().unwrap().slow {
            clock.advance(*millis);
        }
        self.inner.commit(positions)
    }
    fn abort(&mut self) -> Result<(), CommitError> {
        self.note("abort");
        self.inner.abort()
    }
    fn recover(&mut self) -> Result<(), CommitError> {
        self.note("recover");
        self.inner.recover()
    }
    fn close(self: Box<Self>) -> Result<(), LogError> {
        self.note("close");
        self.inner.close()
    }
}
