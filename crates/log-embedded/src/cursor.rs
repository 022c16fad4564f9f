//! Where a session or reader stands in each of its partitions, and the delivery from there.
//!
//! Invariant: a cursor's `next` passes an offset only when its record was delivered or is known to be gone, and
//! reaches the partition's end when nothing is left. Ends are asked before records, so that no record committed in
//! between is skipped.

use winback_core::ids::Offset;
use winback_log::{LogError, Message, TopicPartition};

use super::storage::{Bounds, Limit, Slot, View, weight};

/// A poll stops gathering when its records weigh this much.
const POLL_BYTES: usize = 16 << 20;

/// The meaning of a position outside the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outside {
    /// An error: the position is a promise of the log.
    Refuse,
    /// Zero is the beginning wherever that is, and behind the end is waited.
    Wait,
}

#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) at: TopicPartition,
    pub(super) slot: Slot,
    /// The topic's number in messages.
    pub(super) topic: u16,
    pub(super) epoch: u32,
    pub(super) next: Offset,
    pub(super) end: Offset,
    pub(super) paused: bool,
}

/// The partitions of one session or reader.
#[derive(Debug)]
pub(super) struct Cursors {
    list: Vec<Cursor>,
    outside: Outside,
    /// The partition whose turn is first.
    turn: usize,
    /// The storage's version when the ends were asked; `None` when they must be asked again.
    version: Option<i64>,
}

impl Cursors {
    pub(super) const fn new(outside: Outside) -> Self {
        Self { list: Vec::new(), outside, turn: 0, version: None }
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    /// Adds a partition; one that is there starts anew.
    pub(super) fn insert(&mut self, cursor: Cursor) {
        self.version = None;
        self.remove(&cursor.at.clone());
        self.list.push(cursor);
    }

    pub(super) fn remove(&mut self, at: &TopicPartition) {
        self.list.retain(|cursor| cursor.at != *at);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Cursor> {
        self.list.iter()
    }

    pub(super) fn get(&self, at: &TopicPartition) -> Option<&Cursor> {
        self.list.iter().find(|cursor| cursor.at == *at)
    }

    /// The cursor, to be changed; what it delivers next is looked up anew.
    pub(super) fn change(&mut self, at: &TopicPartition) -> Result<&mut Cursor, LogError> {
        self.version = None;
        let found = self.list.iter_mut().find(|cursor| cursor.at == *at);
        found.ok_or_else(|| LogError::Config(format!("{at} is not assigned")))
    }

    /// Delivers at most `max` records, fairly over the partitions that have some.
    pub(super) fn deliver(
        &mut self,
        view: &mut dyn View,
        max: usize,
        into: &mut Vec<Message>,
    ) -> Result<usize, LogError> {
        self.refresh(view)?;
        let before = into.len();
        let mut bytes = 0;
        self.turn = self.turn.wrapping_add(1);
        loop {
            let ready: Vec<usize> = (0..self.list.len()).filter(|&at| self.list[at].is_ready()).collect();
            let left = max.saturating_sub(into.len() - before);
            if ready.is_empty() || left == 0 || bytes >= POLL_BYTES {
                return Ok(into.len() - before);
            }
            let share = left.div_ceil(ready.len());
            for step in 0..ready.len() {
                let at = ready[(self.turn + step) % ready.len()];
                let records = share.min(max.saturating_sub(into.len() - before));
                let limit = Limit { records, bytes: POLL_BYTES.saturating_sub(bytes) };
                if limit.records == 0 || limit.bytes == 0 {
                    break;
                }
                bytes += self.list[at].take(view, limit, self.outside, into)?;
            }
        }
    }

    /// Asks for the ends again when anything was written since.
    fn refresh(&mut self, view: &mut dyn View) -> Result<(), LogError> {
        let version = view.version()?;
        if self.version == Some(version) {
            return Ok(());
        }
        for cursor in &mut self.list {
            let bounds = view.bounds(cursor.slot)?;
            // A paused one may have to be sought before it is read.
            if !cursor.paused {
                cursor.check(bounds, self.outside)?;
            }
            cursor.end = bounds.end;
        }
        self.version = Some(version);
        Ok(())
    }
}

impl Cursor {
    fn is_ready(&self) -> bool {
        !self.paused && self.next < self.end
    }

    fn check(&mut self, bounds: Bounds, outside: Outside) -> Result<(), LogError> {
        if (bounds.beginning..=bounds.end).contains(&self.next) {
            return Ok(());
        }
        match outside {
            Outside::Wait if self.next > bounds.end => Ok(()),
            Outside::Wait if self.next == Offset::ZERO => {
                self.next = bounds.beginning;
                Ok(())
            }
            Outside::Refuse | Outside::Wait => Err(LogError::OutOfRange {
                topic: self.at.topic.to_string(),
                partition: self.at.partition.0,
                offset: self.next.0,
                beginning: bounds.beginning.0,
                end: bounds.end.0,
            }),
        }
    }

    /// Takes records from where the cursor stands; how much they weigh.
    fn take(
        &mut self,
        view: &mut dyn View,
        limit: Limit,
        outside: Outside,
        into: &mut Vec<Message>,
    ) -> Result<usize, LogError> {
        let (topic, partition, epoch, mark) = (self.topic, self.slot.partition, self.epoch, into.len());
        let mut bytes = 0;
        let exhausted = view.fetch(self.slot, self.next, limit, &mut |offset, timestamp, record| {
            bytes += weight(&record);
            into.push(Message::owned(topic, partition, offset, timestamp, epoch, record));
        })?;
        let first = into.get(mark).map_or(self.end, |message| message.offset);
        if first != self.next {
            // A gap: compaction's, or the beginning moved past the cursor since it was asked.
            let was = self.next;
            let checked = self.check(view.bounds(self.slot)?, outside);
            if checked.is_err() || self.next != was {
                into.truncate(mark);
                return checked.map(|()| 0);
            }
        }
        let was = self.next;
        if let Some(last) = into.get(mark..).and_then(<[Message]>::last) {
            self.next = last.offset.next();
        }
        if exhausted {
            self.next = self.next.max(self.end);
        }
        let passed = usize::try_from(self.next.0.saturating_sub(was.0)).unwrap_or_default();
        if passed > into.len() - mark {
            view.missed(self.slot)?;
        }
        Ok(bytes)
    }
}
