//! The letters that keep the bytes of their records, for those that point to them.
//!
//! Only the first letter of a record in a transaction has its bytes. The others name the record by its position, and are
//! found by the nearest letter before them that has the same one: a position can come again when its topic is made anew.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;

use winback_core::ids::Offset;
use winback_deployment::scan::{self, Found};
use winback_log::{Log, TopicPartition};
use winback_matcher::retries;
use winback_proto::{WireMessage as _, v1};

/// How many first letters are remembered: more than all transactions hold that are open at once.
const REMEMBERED: usize = 100_000;
/// How many letters are read first to find the one that keeps the bytes, and how many times more after each time.
const WINDOW: i64 = 1_000;
const WIDER: i64 = 10;

/// A record, by its topic, partition, offset and time.
type Record = (String, i32, i64, Option<i64>);

fn record(letter: &v1::DeadLetter) -> Record {
    let millis = winback_proto::time(letter.timestamp.as_ref()).map(|time| time.millis());
    (letter.topic.clone(), letter.partition, letter.offset, millis)
}

/// What is remembered of a first letter.
#[derive(Clone)]
struct First {
    offset: i64,
    /// Where a replayed record stood first.
    headers: Vec<v1::Header>,
    sha256: Vec<u8>,
}

/// The first letters seen so far, in the order of their topic.
#[derive(Default)]
pub struct Firsts {
    known: BTreeMap<Record, First>,
    order: VecDeque<Record>,
    /// The one that was read last.
    read: Option<Found<v1::DeadLetter>>,
}

impl Firsts {
    /// Remembers a letter that keeps bytes, and lets one that points to it say what the listing shows: where its record
    /// stood first, and whether all of it is kept. False for one whose first letter is gone.
    pub fn see(&mut self, found: &mut Found<v1::DeadLetter>) -> bool {
        let letter = &mut found.value;
        if letter.points {
            let Some(first) = self.known.get(&record(letter)) else { return false };
            letter.headers.clone_from(&first.headers);
            letter.sha256.clone_from(&first.sha256);
            return true;
        }
        if letter.left_out.is_none() {
            let own = letter.headers.iter().filter(|header| header.name.starts_with(retries::PREFIX));
            let first = First {
                offset: found.offset,
                headers: own.cloned().collect(),
                sha256: letter.sha256.clone(),
            };
            let key = record(letter);
            if self.known.insert(key.clone(), first).is_none() {
                self.order.push_back(key);
            }
            if self.order.len() > REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        true
    }

    /// Whether the bytes of a letter's record are kept.
    pub fn knows(&self, letter: &v1::DeadLetter) -> bool {
        !letter.points || self.known.contains_key(&record(letter))
    }

    /// The letter with its record's bytes; `None` when they are gone.
    pub fn whole(
        &mut self,
        log: &dyn Log,
        partition: &TopicPartition,
        letter: &v1::DeadLetter,
    ) -> anyhow::Result<Option<v1::DeadLetter>> {
        if !letter.points {
            return Ok(Some(letter.clone()));
        }
        let Some(offset) = self.known.get(&record(letter)).map(|first| first.offset) else { return Ok(None) };
        if self.read.as_ref().is_none_or(|read| read.offset != offset) {
            self.read = at(log, partition, offset)?;
        }
        Ok(self.read.as_ref().map(|first| filled(letter, &first.value)))
    }
}

/// The letter with what the first one of its record keeps.
fn filled(letter: &v1::DeadLetter, first: &v1::DeadLetter) -> v1::DeadLetter {
    v1::DeadLetter {
        key: first.key.clone(),
        value: first.value.clone(),
        headers: first.headers.clone(),
        sha256: first.sha256.clone(),
        ..letter.clone()
    }
}

/// The letter at that offset.
pub(super) fn at(
    log: &dyn Log,
    partition: &TopicPartition,
    offset: i64,
) -> anyhow::Result<Option<Found<v1::DeadLetter>>> {
    let mut found = None;
    scan::each(log, partition, Offset(offset), |message| {
        if message.offset == Offset(offset) {
            let value = v1::DeadLetter::from_bytes(message.value().unwrap_or_default())?;
            found = Some(Found { partition: message.partition.0, offset, value });
        }
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// The letter at that offset with its record's bytes; without them when the letter that kept them is gone.
pub(super) fn whole_at(
    log: &dyn Log,
    partition: &TopicPartition,
    offset: i64,
) -> anyhow::Result<Option<Found<v1::DeadLetter>>> {
    let Some(found) = at(log, partition, offset)? else { return Ok(None) };
    if !found.value.points {
        return Ok(Some(found));
    }
    let wanted = record(&found.value);
    let mut window = WINDOW;
    loop {
        let from = (offset - window).max(0);
        let mut first = None;
        scan::each(log, partition, Offset(from), |message| {
            if message.offset.0 >= offset {
                return Ok(ControlFlow::Break(()));
            }
            let letter = message.value().and_then(|value| v1::DeadLetter::from_bytes(value).ok());
            let is_first = |letter: &v1::DeadLetter| !letter.points && record(letter) == wanted;
            first = letter.filter(is_first).or(first.take());
            Ok(ControlFlow::Continue(()))
        })?;
        match first {
            Some(first) => return Ok(Some(Found { value: filled(&found.value, &first), ..found })),
            None if from == 0 => return Ok(Some(found)),
            None => window = window.saturating_mul(WIDER),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(offset: i64, record: i64, points: bool) -> Found<v1::DeadLetter> {
        let header = v1::Header { name: format!("{}source", retries::PREFIX), value: vec![1] };
        let headers = if points { Vec::new() } else { vec![header] };
        let value = v1::DeadLetter { offset: record, points, headers, ..v1::DeadLetter::default() };
        Found { partition: 0, offset, value }
    }

    #[test]
    fn a_letter_points_to_the_nearest_one_before_it_that_has_its_position() {
        let mut firsts = Firsts::default();
        assert!(!firsts.see(&mut letter(0, 7, true)), "its first letter is gone");
        for (offset, of) in [(1, 7), (2, 8), (5, 7)] {
            assert!(firsts.see(&mut letter(offset, of, false)));
        }
        let mut pointing = letter(6, 7, true);
        assert!(firsts.see(&mut pointing));
        assert_eq!(pointing.value.headers.len(), 1, "it says where its record stood first");
        assert_eq!(firsts.known[&record(&pointing.value)].offset, 5);
    }
}
