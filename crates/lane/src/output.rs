//! The records that a batch appends: one arena for all bytes, so that a record needs no allocation of its own.

use std::ops::Range;

use winback_core::ids::{Offset, Partition};
use winback_log::Append;

use crate::dead_letter::{DeadLetter, cannot_commit};
use crate::letters::Letters;

/// The record that a failed append is charged to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) slot: usize,
    pub(crate) offset: Offset,
    /// The element at work, for a record that is stepped element by element.
    pub(crate) element: Option<u32>,
}

/// The room of one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) appends: usize,
    pub(crate) bytes: usize,
    /// The most elements of one record.
    pub(crate) elements: usize,
}

impl Room {
    pub(crate) const ENDLESS: Self = Self { appends: usize::MAX, bytes: usize::MAX, elements: usize::MAX };
}

impl Default for Room {
    fn default() -> Self {
        Self::ENDLESS
    }
}

/// An element of the record at hand, before it is stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// It is stepped now.
    Step,
    /// It is passed over: no transaction takes what comes of it, and the lane makes a dead letter of it.
    Pass,
    /// It goes into the next transaction, with all that follow: the step ends, and the record comes again.
    Cut,
}

/// The elements of the record at hand.
#[derive(Debug, Default)]
struct Elements {
    room: Room,
    /// The first one that is not stepped yet.
    begin: u32,
    /// Those that no transaction takes.
    quarantined: Vec<u32>,
    stepped: usize,
    last: Option<(u32, Take)>,
}

#[derive(Debug)]
struct Entry {
    topic: Range<usize>,
    partition: Option<Partition>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Range<usize>,
    timestamp: Option<winback_core::time::Time>,
    origin: Option<Origin>,
}

/// A place in an output, to go back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    bytes: usize,
    names: usize,
    headers: usize,
    entries: usize,
}

/// The appends of the running transaction.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    names: String,
    headers: Vec<(Range<usize>, Range<usize>)>,
    entries: Vec<Entry>,
    dead: Letters,
    survived: bool,
    origin: Option<Origin>,
    elements: Elements,
}

impl Output {
    /// Appends a record; its bytes are copied.
    pub fn append(&mut self, record: &Append<'_>) {
        let value = record.value.map(|value| self.copy(value));
        self.push(record, value);
    }

    /// Appends a record whose value `encode` writes at the end of the buffer; `record.value` is not looked at.
    pub fn append_with(&mut self, record: &Append<'_>, encode: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        encode(&mut self.bytes);
        let end = self.bytes.len().max(start);
        self.push(record, Some(start..end));
    }

    /// The record being stepped, or an element of it, is a dead letter. Call it in a step only.
    pub fn dead(&mut self, letter: DeadLetter) {
        self.dead.add(letter);
    }

    /// How many dead elements the record being stepped has so far, with or without a letter of their own.
    pub const fn dead_letters(&self) -> usize {
        self.dead.count()
    }

    /// Asked before each element of a record that is a list: a record whose effects are more than a transaction holds is
    /// cut between two elements. Places come in order; several events at one place stay together.
    pub fn take(&mut self, place: u32) -> Take {
        let elements = &mut self.elements;
        match elements.last {
            Some((_, Take::Cut)) => return Take::Cut,
            Some((last, take)) if last == place => return take,
            _ => {}
        }
        let full = self.entries.len() >= elements.room.appends
            || self.bytes.len() >= elements.room.bytes
            || elements.stepped >= elements.room.elements;
        let take = if elements.quarantined.contains(&place) {
            Take::Pass
        } else if full && elements.stepped > 0 {
            Take::Cut
        } else {
            elements.stepped += 1;
            Take::Step
        };
        elements.last = Some((place, take));
        match take {
            Take::Step => self.origin.iter_mut().for_each(|origin| origin.element = Some(place)),
            Take::Pass => self.dead.add(cannot_commit(Some(place))),
            Take::Cut => {}
        }
        take
    }

    /// The place of the first element of the record at hand that is not stepped yet.
    pub const fn begins_at(&self) -> u32 {
        self.elements.begin
    }

    /// The element at which the record at hand is cut.
    pub const fn cut_at(&self) -> Option<u32> {
        match self.elements.last {
            Some((place, Take::Cut)) => Some(place),
            _ => None,
        }
    }

    /// Not all of the record being stepped is dead letters: other events in it could be understood. A record with dead
    /// letters counts as lost unless its role says so.
    pub const fn survived(&mut self) {
        self.survived = true;
    }

    /// The number of records.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if it is empty.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The bytes of keys, values and headers.
    pub const fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Calls `visit` with each record in order until it fails; with the failure comes the record's origin. A test
    /// of a role looks at its output with it, too.
    ///
    /// # Errors
    /// The visitor's.
    pub fn each<E>(&self, mut visit: impl FnMut(&Append<'_>) -> Result<(), E>) -> Result<(), E> {
        self.each_with_origin(|record, _| visit(record))
    }

    pub(crate) fn each_with_origin<E>(
        &self,
        mut visit: impl FnMut(&Append<'_>, Option<Origin>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut headers: Vec<(&str, &[u8])> = Vec::new();
        for entry in &self.entries {
            headers.clear();
            let ranges = &self.headers[entry.headers.clone()];
            headers.extend(ranges.iter().map(|(name, value)| {
                (&self.names[name.clone()], &self.bytes[value.clone()]) // written by `push` only
            }));
            let record = Append {
                topic: &self.names[entry.topic.clone()],
                partition: entry.partition,
                key: entry.key.clone().map(|key| &self.bytes[key]),
                value: entry.value.clone().map(|value| &self.bytes[value]),
                headers: &headers,
                timestamp: entry.timestamp,
            };
            visit(&record, entry.origin)?;
        }
        Ok(())
    }

    pub(crate) const fn mark(&self) -> Mark {
        let (bytes, names) = (self.bytes.len(), self.names.len());
        Mark { bytes, names, headers: self.headers.len(), entries: self.entries.len() }
    }

    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.bytes.truncate(mark.bytes);
        self.names.truncate(mark.names);
        self.headers.truncate(mark.headers);
        self.entries.truncate(mark.entries);
        self.dead.clear();
        self.survived = false;
    }

    /// Sets the record that later appends are charged to.
    pub(crate) const fn from(&mut self, origin: Option<Origin>) {
        self.origin = origin;
    }

    /// A record is about to be stepped, or a part of it, in that room and without those of its elements.
    pub(crate) fn begin_record(&mut self, origin: Origin, begin: u32, room: Room, quarantined: Vec<u32>) {
        self.origin = Some(origin);
        self.elements = Elements { room, begin, quarantined, stepped: 0, last: None };
    }

    /// How many elements of the record at hand were stepped.
    pub(crate) const fn elements(&self) -> usize {
        self.elements.stepped
    }

    /// The last element that was stepped.
    pub(crate) fn element(&self) -> Option<u32> {
        self.origin.and_then(|origin| origin.element)
    }

    /// The dead letters of the record just stepped; none and no allocation almost always.
    pub(crate) fn take_dead_letters(&mut self) -> Letters {
        std::mem::take(&mut self.dead)
    }

    /// True if a part of the current record could be understood.
    pub(crate) const fn take_survived(&mut self) -> bool {
        std::mem::replace(&mut self.survived, false)
    }

    pub(crate) fn clear(&mut self) {
        self.back_to(Mark { bytes: 0, names: 0, headers: 0, entries: 0 });
        self.origin = None;
    }

    fn push(&mut self, record: &Append<'_>, value: Option<Range<usize>>) {
        let first = self.headers.len();
        for (name, content) in record.headers {
            let name = self.name(name);
            let content = self.copy(content);
            self.headers.push((name, content));
        }
        let entry = Entry {
            topic: self.topic(record.topic),
            partition: record.partition,
            key: record.key.map(|key| self.copy(key)),
            value,
            headers: first..self.headers.len(),
            timestamp: record.timestamp,
            origin: self.origin,
        };
        self.entries.push(entry);
    }

    /// Records in a row mostly go to the same topic: its name is kept once.
    fn topic(&mut self, topic: &str) -> Range<usize> {
        match self.entries.last() {
            Some(last) if self.names[last.topic.clone()] == *topic => last.topic.clone(),
            _ => self.name(topic),
        }
    }

    fn name(&mut self, name: &str) -> Range<usize> {
        let start = self.names.len();
        self.names.push_str(name);
        start..self.names.len()
    }

    fn copy(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record<'a>(topic: &'a str, value: &'a [u8], headers: &'a [(&'a str, &'a [u8])]) -> Append<'a> {
        Append { topic, partition: None, key: Some(b"k"), value: Some(value), headers, timestamp: None }
    }

    fn shown(out: &Output) -> Vec<String> {
        let mut lines = Vec::new();
        let visited: Result<(), ()> = out.each(|record| {
            let value = record.value.map(String::from_utf8_lossy);
            lines.push(format!("{} {:?} {}", record.topic, value.as_deref(), record.headers.len()));
            Ok(())
        });
        visited.unwrap();
        lines
    }

    #[test]
    fn records_come_out_as_they_went_in() {
        let mut out = Output::default();
        out.append(&record("a", b"one", &[("h", b"1"), ("h", b"2")]));
        out.append_with(&record("a", b"", &[]), |bytes| bytes.extend_from_slice(b"two"));
        out.append(&Append { value: None, ..record("b", b"", &[]) });
        assert_eq!(shown(&out), ["a Some(\"one\") 2", "a Some(\"two\") 0", "b None 0"]);
        assert_eq!((out.len(), out.is_empty()), (3, false));
    }

    #[test]
    fn going_back_to_a_mark_forgets_what_came_after_it() {
        let mut out = Output::default();
        out.append(&record("a", b"one", &[]));
        let mark = out.mark();
        out.append(&record("b", b"two", &[("h", b"1")]));
        out.dead(DeadLetter { source: String::new(), element: None, reason: "r", text: String::new() });
        out.back_to(mark);
        assert_eq!(out.take_dead_letters().count(), 0);
        out.append(&record("c", b"three", &[]));
        assert_eq!(shown(&out), ["a Some(\"one\") 0", "c Some(\"three\") 0"]);
    }

    fn begun(room: Room, quarantined: &[u32]) -> Output {
        let mut out = Output::default();
        out.begin_record(Origin { slot: 0, offset: Offset(7), element: None }, 0, room, quarantined.to_vec());
        out
    }

    #[test]
    fn a_record_is_cut_where_the_room_ends_and_never_before_its_first_element() {
        let mut out = begun(Room { bytes: 5, ..Room::ENDLESS }, &[]);
        out.append(&record("a", b"far too long", &[]));
        assert_eq!(out.take(3), Take::Step, "one element always goes");
        assert_eq!(out.take(3), Take::Step, "what stands at one place stays together");
        assert_eq!((out.take(4), out.take(5), out.cut_at()), (Take::Cut, Take::Cut, Some(4)));
        let mut out = begun(Room { elements: 2, ..Room::ENDLESS }, &[]);
        let taken: Vec<Take> = [0, 1, 2].map(|place| out.take(place)).to_vec();
        assert_eq!(taken, [Take::Step, Take::Step, Take::Cut]);
    }

    #[test]
    fn a_quarantined_element_is_a_letter_and_the_next_is_stepped() {
        let mut out = begun(Room::ENDLESS, &[1]);
        let taken: Vec<Take> = [0, 1, 1, 2].map(|place| out.take(place)).to_vec();
        assert_eq!(taken, [Take::Step, Take::Pass, Take::Pass, Take::Step]);
        assert_eq!((out.dead_letters(), out.element(), out.cut_at()), (1, Some(2), None));
    }
}
