//! Records in memory: what the file does, without the file.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use winback_core::ids::{Offset, Partition};
use winback_core::time::{Span, Time};
use winback_log::{Cleanup, LogError, Record, TopicInfo, TopicSpec};

use super::storage::{Bounds, Limit, Pending, Positions, Slot, Storage, Topic, View, WriteError, weight};

/// The storage, and each of its views.
#[derive(Clone, Default)]
pub(super) struct Memory {
    inner: Arc<Mutex<Inner>>,
    /// True if a transaction leaves an offset without a record behind its records.
    markers: bool,
}

impl Memory {
    /// One whose transactions leave markers.
    pub(super) fn with_markers() -> Self {
        Self { inner: Arc::default(), markers: true }
    }
}

#[derive(Default)]
struct Inner {
    topics: Vec<Topic>,
    partitions: BTreeMap<Slot, Stored>,
    positions: BTreeMap<String, BTreeMap<Slot, Offset>>,
    version: i64,
}

struct Stored {
    records: BTreeMap<i64, (Time, Record)>,
    bounds: Bounds,
    newest: Time,
    /// Written since it was last cleaned.
    dirty: bool,
}

impl Inner {
    fn partition(&self, slot: Slot) -> Result<&Stored, LogError> {
        self.partitions.get(&slot).ok_or_else(|| LogError::NoTopic(format!("{slot:?}")))
    }

    fn append(&mut self, pending: Pending, now: Time) {
        let Some(stored) = self.partitions.get_mut(&pending.slot()) else { return };
        let timestamp = pending.stamp(now, stored.newest);
        stored.newest = stored.newest.max(timestamp);
        stored.records.insert(stored.bounds.end.0, (timestamp, pending.record));
        stored.bounds.end = stored.bounds.end.next();
        stored.dirty = true;
    }

    fn mark(&mut self, slot: Slot) {
        if let Some(stored) = self.partitions.get_mut(&slot) {
            stored.bounds.end = stored.bounds.end.next();
        }
    }
}

impl Stored {
    const fn new() -> Self {
        let bounds = Bounds { beginning: Offset::ZERO, end: Offset::ZERO };
        Self { records: BTreeMap::new(), bounds, newest: Time::from_millis(i64::MIN), dirty: false }
    }

    fn retain(&mut self, now: Time, span: Span) -> bool {
        let mut changed = false;
        while let Some(entry) = self.records.first_entry().filter(|entry| now.since(entry.get().0) > span) {
            entry.remove();
            changed = true;
        }
        if changed {
            self.bounds.beginning =
                self.records.keys().next().map_or(self.bounds.end, |first| Offset(*first));
        }
        changed
    }

    fn compact(&mut self, now: Time, tombstones: Span) -> bool {
        let mut seen: HashSet<Bytes> = HashSet::new();
        let mut gone = Vec::new();
        for (offset, (timestamp, record)) in self.records.iter().rev() {
            let Some(key) = &record.key else { continue };
            let old_tombstone = record.value.is_none() && now.since(*timestamp) > tombstones;
            if !seen.insert(key.clone()) || old_tombstone {
                gone.push(*offset);
            }
        }
        for offset in &gone {
            self.records.remove(offset);
        }
        self.dirty = self.records.values().any(|(_, record)| record.key.is_some() && record.value.is_none());
        !gone.is_empty()
    }
}

impl Storage for Memory {
    fn name(&self) -> String {
        "memory:".to_owned()
    }

    fn view(&self) -> Result<Box<dyn View>, LogError> {
        Ok(Box::new(self.clone()))
    }

    fn topics(&self) -> Result<Vec<Topic>, LogError> {
        let mut topics = self.inner.lock().topics.clone();
        topics.sort_by(|a, b| a.info.spec.name.cmp(&b.info.spec.name));
        Ok(topics)
    }

    fn create(&self, spec: &TopicSpec) -> Result<(), LogError> {
        let inner = &mut *self.inner.lock();
        if inner.topics.iter().any(|topic| topic.info.spec.name == spec.name) {
            return Ok(());
        }
        let id = i64::try_from(inner.topics.len()).unwrap_or(i64::MAX);
        let info = TopicInfo { spec: spec.clone(), id: id.to_string() };
        for partition in 0..spec.partitions {
            inner.partitions.insert(Slot { topic: id, partition: Partition(partition) }, Stored::new());
        }
        inner.topics.push(Topic { id, info });
        Ok(())
    }

    fn write(
        &self,
        records: &mut Vec<Pending>,
        positions: &Positions<'_>,
        now: Time,
        _limit: Option<Duration>,
    ) -> Result<(), WriteError> {
        let inner = &mut *self.inner.lock();
        let in_transaction = !positions.at.is_empty();
        let mut written: Vec<Slot> = Vec::new();
        for pending in records.drain(..) {
            let slot = pending.slot();
            inner.append(pending, now);
            if self.markers && in_transaction && !written.contains(&slot) {
                written.push(slot);
            }
        }
        written.into_iter().for_each(|slot| inner.mark(slot));
        if in_transaction {
            let group = inner.positions.entry(positions.group.to_owned()).or_default();
            group.extend(positions.at.iter().copied());
        }
        inner.version += 1;
        Ok(())
    }

    fn claim_lanes(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn reopen(&self) -> Result<(), LogError> {
        Ok(())
    }

    fn clean(&self, now: Time) -> Result<bool, LogError> {
        let inner = &mut *self.inner.lock();
        let mut changed = false;
        for topic in &inner.topics {
            for partition in 0..topic.info.spec.partitions {
                let slot = Slot { topic: topic.id, partition: Partition(partition) };
                let Some(stored) = inner.partitions.get_mut(&slot) else { continue };
                changed |= match topic.info.spec.cleanup {
                    Cleanup::Delete(Some(span)) => stored.retain(now, span),
                    Cleanup::Compact { tombstones } if stored.dirty => stored.compact(now, tombstones),
                    Cleanup::Delete(None) | Cleanup::Compact { .. } => false,
                };
            }
        }
        inner.version += i64::from(changed);
        Ok(false)
    }

    fn remove(&self, slot: Slot, offsets: &[Offset]) -> Result<u64, LogError> {
        let inner = &mut *self.inner.lock();
        let Some(stored) = inner.partitions.get_mut(&slot) else { return Ok(0) };
        let gone = offsets.iter().filter(|offset| stored.records.remove(&offset.0).is_some()).count();
        inner.version += 1;
        Ok(gone as u64)
    }

    fn scrub(&self, _whole: bool) -> Result<bool, LogError> {
        Ok(true)
    }

    fn longest_wait(&self) -> Option<Duration> {
        None
    }
}

impl View for Memory {
    fn version(&mut self) -> Result<i64, LogError> {
        Ok(self.inner.lock().version)
    }

    fn bounds(&mut self, slot: Slot) -> Result<Bounds, LogError> {
        Ok(self.inner.lock().partition(slot)?.bounds)
    }

    fn fetch(
        &mut self,
        slot: Slot,
        from: Offset,
        limit: Limit,
        visit: &mut dyn FnMut(Offset, Time, Record),
    ) -> Result<bool, LogError> {
        let inner = self.inner.lock();
        let (mut records, mut bytes) = (0, 0);
        for (offset, (timestamp, record)) in inner.partition(slot)?.records.range(from.0..) {
            if records >= limit.records || bytes >= limit.bytes {
                return Ok(false);
            }
            records += 1;
            bytes += weight(record);
            visit(Offset(*offset), *timestamp, record.clone());
        }
        Ok(true)
    }

    fn committed(&mut self, group: &str, slot: Slot) -> Result<Option<Offset>, LogError> {
        Ok(self.inner.lock().positions.get(group).and_then(|group| group.get(&slot)).copied())
    }

    fn offset_at(&mut self, slot: Slot, time: Time) -> Result<Option<Offset>, LogError> {
        let inner = self.inner.lock();
        let found = inner.partition(slot)?.records.iter().find(|(_, (timestamp, _))| *timestamp >= time);
        Ok(found.map(|(offset, _)| Offset(*offset)))
    }
}
