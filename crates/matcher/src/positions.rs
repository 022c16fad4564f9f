//! The positions of a lane, kept in a compacted topic beside the group's offsets, which expire when a source is off
//! for weeks. They are written in the transaction that commits the offsets, so that the two never differ by
//! themselves.

use std::sync::Arc;

use winback_core::ids::{InputName, Offset};
use winback_lane::{InputView, Output, Row, Start, StoredPosition};
use winback_log::{Append, ForeignRecords, TopicPartition, Unreadable};
use winback_proto::{Encoding, WireMessage, v1};

/// What is read next of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) offset: Offset,
    /// The first element that is not stepped of the record there, when a transaction was cut inside of it.
    pub(crate) element: u32,
}

impl Next {
    /// A row of the topic.
    pub(crate) fn of(row: &v1::MatcherPosition) -> Self {
        Self { offset: Offset(row.next_offset), element: row.next_element }
    }

    /// The element with which the record at a position begins: another position says nothing of this record.
    pub(crate) fn begins_at(known: Option<Self>, position: Offset) -> u32 {
        known.filter(|next| next.offset == position).map_or(0, |next| next.element)
    }
}

/// Appends the row of an input, or a tombstone.
pub(crate) fn append_position(
    topic: &str,
    encoding: Encoding,
    key: &str,
    row: Option<&v1::MatcherPosition>,
    out: &mut Output,
) {
    let value = row.map(|row| row.to_bytes(encoding));
    out.append(&Append {
        topic,
        partition: Some(winback_core::ids::Partition(0)),
        key: Some(key.as_bytes()),
        value: value.as_deref(),
        headers: &[("content-type", encoding.content_type().as_bytes())],
        timestamp: None,
    });
}

/// The positions of a lane of one source.
pub(crate) struct Positions {
    topic: Arc<str>,
    encoding: Encoding,
    /// `source:topic`, the key of [`Positions::started_with`].
    key: String,
    start: Start,
    /// The number of partitions of the topic.
    partitions: i32,
    /// The number of partitions when `start` was applied: later ones are read from their beginning.
    started_with: Option<i32>,
    told: bool,
}

impl Positions {
    /// Of the source that reads `key`, `source:topic`.
    pub(crate) fn new(
        topic: Arc<str>,
        encoding: Encoding,
        key: String,
        start: Start,
        partitions: i32,
    ) -> Self {
        Self { topic, encoding, key, start, partitions, started_with: None, told: true }
    }

    pub(crate) fn topic(&self) -> TopicPartition {
        TopicPartition::new(self.topic.clone(), 0)
    }

    /// A record of the topic; `input` is whom it is read for, `next` what is known of it so far. What cannot be read is
    /// noted in `foreign`. Keys of others are theirs to judge.
    pub(crate) fn restore(
        &mut self,
        input: &InputName,
        row: &Row<'_>,
        next: &mut Option<Next>,
        foreign: &mut ForeignRecords,
    ) {
        let (own, all) = (row.key == input.as_str().as_bytes(), row.key == self.key.as_bytes());
        if !own && !all {
            return;
        }
        let read = read_position(row.key, row.value);
        foreign.see(&self.topic(), row.offset, row.key, &read);
        let Ok(found) = read else { return };
        if own {
            *next = found.as_ref().map(Next::of);
        } else {
            self.started_with = found.map(|found| found.partitions);
        }
    }

    pub(crate) fn stored_position(next: Option<Next>) -> StoredPosition {
        next.map_or(StoredPosition::None, |next| StoredPosition::At(next.offset))
    }

    /// The start of a partition without a position: as the config says if the topic is new to winback, else at its
    /// beginning.
    pub(crate) fn start(&mut self, partition: &TopicPartition) -> Start {
        match self.started_with {
            Some(count) if partition.partition.0 >= count => Start::Earliest,
            Some(_) => self.start,
            None => {
                self.told = false;
                self.start
            }
        }
    }

    /// Writes the moved positions, as the transaction's last records.
    pub(crate) fn write(&mut self, name: &InputName, view: &InputView<'_>, out: &mut Output) {
        if !self.told {
            self.told = true;
            let (next_offset, next_element, partitions) = (0, 0, self.partitions);
            self.append(&self.key, &v1::MatcherPosition { next_offset, partitions, next_element }, out);
        }
        if view.committed != Some(view.position) || view.element > 0 {
            let (next_offset, next_element) = (view.position.0, view.element);
            let position = v1::MatcherPosition { next_offset, partitions: 0, next_element };
            self.append(name.as_str(), &position, out);
        }
    }

    /// The transaction with the last records is in the log.
    pub(crate) fn committed(&mut self) {
        if self.told {
            self.started_with.get_or_insert(self.partitions);
        }
    }

    /// It is not.
    pub(crate) fn rolled_back(&mut self) {
        self.told = self.started_with.is_some();
    }

    fn append(&self, key: &str, position: &v1::MatcherPosition, out: &mut Output) {
        append_position(&self.topic, self.encoding, key, Some(position), out);
    }
}

/// A record of the topic of positions; `None` for a tombstone.
///
/// # Errors
/// When no matcher can have written it.
pub fn read_position(key: &[u8], value: Option<&[u8]>) -> Result<Option<v1::MatcherPosition>, Unreadable> {
    let Some(value) = value else { return Ok(None) };
    let (source, topic) =
        std::str::from_utf8(key).ok().and_then(|key| key.split_once(':')).unwrap_or_default();
    if source.is_empty() || topic.is_empty() {
        return Err(Unreadable::key("its key names no input: `source:topic/partition` or `source:topic`"));
    }
    let why = |why| Unreadable::value(format!("a position: {why}"));
    let position = v1::MatcherPosition::from_bytes(value).map_err(|error| why(error.to_string()))?;
    if position.next_offset < 0 || position.partitions < 0 {
        return Err(why("it is negative".to_owned()));
    }
    Ok(Some(position))
}

#[cfg(test)]
mod tests {
    use winback_core::ids::Partition;
    use winback_core::time::Time;
    use winback_lane::Input;
    use winback_log::{Message, Record};

    use super::*;

    const KEY: &str = "web:visits";

    fn positions() -> Positions {
        Positions::new("positions".into(), Encoding::Protobuf, KEY.to_owned(), Start::Latest, 4)
    }

    /// The writes of a lane for partition `number`, with position `next` and no committed one.
    fn written(positions: &mut Positions, number: i32, next: i64, element: u32) -> Vec<Message> {
        let input = Input { slot: 0, topic: 0, partition: TopicPartition::new("visits", number) };
        let name = InputName::from(format!("{KEY}/{number}"));
        let position = Offset(next);
        let view =
            InputView { input: &input, position, element, committed: None, newest: None, observed_end: None };
        let mut out = Output::default();
        positions.write(&name, &view, &mut out);
        let mut records = Vec::new();
        let visited: Result<(), ()> = out.each(|append| {
            let bytes = |bytes: Option<&[u8]>| bytes.map(|bytes| bytes.to_vec().into());
            let record = Record { key: bytes(append.key), value: bytes(append.value), headers: Vec::new() };
            let offset = Offset(i64::try_from(records.len()).unwrap_or_default());
            records.push(Message::owned(0, Partition(0), offset, Time::from_millis(0), 0, record));
            Ok(())
        });
        assert_eq!(visited, Ok(()));
        records
    }

    fn restored(records: &[Message], number: i32) -> (Positions, Option<Next>) {
        let (mut positions, mut next) = (positions(), None);
        let (name, mut foreign) = (InputName::from(format!("{KEY}/{number}")), ForeignRecords::default());
        for record in records {
            positions.restore(&name, &record.into(), &mut next, &mut foreign);
        }
        assert!(foreign.is_empty(), "{foreign:?}");
        (positions, next)
    }

    #[test]
    fn a_position_comes_back_to_its_own_input_only() {
        let records = written(&mut positions(), 2, 77, 5);
        let next = restored(&records, 2).1;
        assert_eq!(next, Some(Next { offset: Offset(77), element: 5 }));
        assert_eq!(restored(&records, 1).1, None);
        let begins = [76, 77, 78].map(|offset| Next::begins_at(next, Offset(offset)));
        assert_eq!(begins, [0, 5, 0], "of another record it says nothing");
    }

    #[test]
    fn a_position_that_cannot_be_read_is_noted_until_another_replaces_it_and_those_of_others_are_theirs() {
        let (mut positions, name) = (positions(), InputName::from(format!("{KEY}/2")));
        let (mut next, mut foreign) = (None, ForeignRecords::default());
        let good = v1::MatcherPosition { next_offset: 7, ..v1::MatcherPosition::default() }
            .to_bytes(Encoding::Protobuf);
        let mut restore = |offset, key: &str, value: Option<&[u8]>| {
            let row = Row { offset: Offset(offset), key: key.as_bytes(), value };
            positions.restore(&name, &row, &mut next, &mut foreign);
            (next, foreign.len())
        };
        let own = format!("{KEY}/2");
        let seven = Some(Next { offset: Offset(7), element: 0 });
        assert_eq!(restore(0, &own, Some(&good)), (seven, 0));
        assert_eq!(restore(1, "visits/1", Some(b"\xff")), (seven, 0));
        assert_eq!(restore(2, &own, Some(b"\xff")), (seven, 1));
        assert_eq!(restore(3, &own, None), (None, 0));
    }

    #[test]
    fn start_applies_once_to_a_topic_and_partitions_that_come_later_are_read_from_their_beginning() {
        let partition = |number| TopicPartition::new("visits", number);
        let mut first = positions();
        assert_eq!(first.start(&partition(3)), Start::Latest);
        let records = written(&mut first, 3, 10, 0);
        let (mut later, _) = restored(&records, 0);
        assert_eq!(later.start(&partition(1)), Start::Latest, "it was there from the beginning");
        assert_eq!(later.start(&partition(4)), Start::Earliest, "it was added");
    }

    #[test]
    fn what_an_aborted_transaction_told_is_told_again() {
        let mut positions = positions();
        positions.start(&TopicPartition::new("visits", 0));
        assert_eq!(written(&mut positions, 0, 1, 0).len(), 2);
        positions.rolled_back();
        assert_eq!(written(&mut positions, 0, 1, 0).len(), 2);
        positions.committed();
        assert_eq!(written(&mut positions, 0, 2, 0).len(), 1);
    }
}
