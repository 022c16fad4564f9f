//! What a batch wants to append: one arena for all bytes, so that a record costs no allocation of its own.

use std::ops::Range;

use winback_core::ids::{Offset, Partition};
use winback_log::Append;

/// A record that a role cannot process; the lane adds the record and appends it in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The source's name; empty for winback's own topics.
    pub source: String,
    /// Which element of the record; `None` is all of it.
    pub element: Option<u32>,
    /// From the role's closed list.
    pub reason: &'static str,
    /// What is wrong and what mends it.
    pub text: String,
}

/// Whom a failed append is laid to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) slot: usize,
    pub(crate) offset: Offset,
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

/// Where an output stood, to go back to.
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
    dead: Vec<DeadLetter>,
    survived: bool,
    origin: Option<Origin>,
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
        self.dead.push(letter);
    }

    /// How many dead letters the record being stepped has so far.
    pub const fn dead_letters(&self) -> usize {
        self.dead.len()
    }

    /// Not all of the record being stepped is dead letters: other events in it could be understood. A record with dead
    /// letters counts as lost unless its role says so.
    pub const fn survived(&mut self) {
        self.survived = true;
    }

    /// How many records there are.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes of keys, values and headers.
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

    /// Whom the next appends are laid to.
    pub(crate) const fn from(&mut self, origin: Option<Origin>) {
        self.origin = origin;
    }

    /// The dead letters of the record just stepped; none and no allocation almost always.
    pub(crate) fn take_dead_letters(&mut self) -> Vec<DeadLetter> {
        std::mem::take(&mut self.dead)
    }

    /// Whether something of the record just stepped could be understood.
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
        assert!(out.take_dead_letters().is_empty());
        out.append(&record("c", b"three", &[]));
        assert_eq!(shown(&out), ["a Some(\"one\") 0", "c Some(\"three\") 0"]);
    }
}
