//! One topic of outputs beside what the core makes, in the order of the inbox.
//!
//! An inbox partition has one owner at a time, so its outputs stand in its order, and a merge of two streams compares
//! them. What stands out of order was written by something else than a detector that kept the protocol; such records
//! are held against what is missing, so that the verdict is about multisets all the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use winback_core::ids::{AccountId, Offset};
use winback_log::{Message, TopicPartition};
use winback_proto::Encoding;

use crate::asker::Asker;
use crate::cursor::Cursor;
use crate::difference::{Difference, Kind, first_difference};
use crate::error::OracleError;
use crate::options::Options;
use crate::outputs::Output;
use crate::report::{Note, PartitionReport};

/// So many missing outputs wait for a record out of order; those beyond are told at once.
const MOST_WAITING: usize = 100_000;

/// A record of the topic.
struct Found<W> {
    /// Its own offset.
    at: Offset,
    /// The inbox record that it names.
    position: Option<(i32, Offset)>,
    wire: Result<W, String>,
    bytes: Vec<u8>,
}

impl<W: Output> Found<W> {
    fn read(message: &Message) -> Self {
        let bytes = message.value().unwrap_or_default().to_vec();
        let wire = W::from_bytes(&bytes).map_err(|why| why.to_string());
        let position = wire.as_ref().ok().and_then(|wire| wire.position(message));
        Self { at: message.offset, position, wire, bytes }
    }

    /// As this version writes it, or as the one before did.
    fn is(&self, expected: &W) -> bool {
        let before = || self.wire.as_ref().ok().and_then(|found| expected.before(found));
        self.says(expected) || before().is_some_and(|before| self.says(&before))
    }

    /// Protobuf to the byte; JSON by what it says.
    fn says(&self, expected: &W) -> bool {
        if self.bytes.first() != Some(&b'{') {
            return self.bytes == expected.to_bytes(Encoding::Protobuf);
        }
        let again = W::from_bytes(&expected.to_bytes(Encoding::Json));
        matches!((&self.wire, again), (Ok(found), Ok(expected)) if *found == expected)
    }

    fn id(&self) -> Option<String> {
        self.wire.as_ref().ok().map(Output::id)
    }
}

/// The outputs of one inbox partition.
pub(crate) struct Outputs<'a, W> {
    cursor: Cursor<'a>,
    topic: TopicPartition,
    head: Option<Found<W>>,
    /// True if retention removed its beginning.
    cut: bool,
    /// Outputs of inbox records before this are not compared: retention took some.
    from: Offset,
    /// Made by the core and not seen, by position and id.
    missing: BTreeMap<(Offset, String), W>,
    /// The first position of a unique id.
    seen: HashMap<u128, Offset>,
    /// Outputs of inbox records that the core was not stepped over.
    later: Vec<(Offset, Found<W>)>,
    count: u64,
}

impl<'a, W: Output> Outputs<'a, W> {
    /// From the topic's record `start` on to where it ends now.
    pub(crate) fn open(
        ask: &'a Asker<'a>,
        topic: TopicPartition,
        start: Offset,
        options: &Options,
    ) -> Result<Self, OracleError> {
        let (beginning, end) = (ask.beginning(&topic)?, ask.end(&topic)?);
        let cursor = Cursor::open(ask, &topic, start, end, options.patience)?;
        let (missing, seen) = (BTreeMap::new(), HashMap::new());
        let (cut, from) = (beginning > start, Offset::ZERO);
        Ok(Self { cursor, topic, head: None, cut, from, missing, seen, later: Vec::new(), count: 0 })
    }

    /// Reads the first record. Apart from [`Self::open`], so that several streams can be on their way at once.
    pub(crate) fn begin(&mut self) -> Result<(), OracleError> {
        self.advance()?;
        if self.cut { self.leave_out_the_first() } else { Ok(()) }
    }

    /// Leaves out the outputs of the first inbox record that is left, because a part of them may be gone.
    fn leave_out_the_first(&mut self) -> Result<(), OracleError> {
        self.from = Offset(i64::MAX);
        let first = self.head.as_ref().map(|head| head.position);
        while self.head.as_ref().map(|head| head.position) == first && self.head.is_some() {
            self.advance()?;
        }
        if let Some(Some((_, offset))) = first {
            self.from = offset.next();
        }
        Ok(())
    }

    /// The note about outputs that are not compared, because retention removed some.
    pub(crate) fn cut(&self) -> Option<Note> {
        self.cut.then(|| Note::OutputsCut { topic: self.topic.to_string(), from: self.from.0 })
    }

    fn advance(&mut self) -> Result<(), OracleError> {
        self.head = self.cursor.next()?.map(|message| Found::read(&message));
        Ok(())
    }

    /// The inbox record at `position` makes these outputs; the log's are compared.
    pub(crate) fn settle(
        &mut self,
        position: Offset,
        expected: &[W],
        report: &mut PartitionReport,
    ) -> Result<(), OracleError> {
        let mut found = Vec::new();
        while let Some(head) = self.head.take_if(|head| !is_behind(head, report.partition, position)) {
            self.advance()?;
            if head.position == Some((report.partition, position)) {
                found.push(head);
            } else {
                self.stray(&head, report);
            }
        }
        if position >= self.from {
            self.match_up(position, expected, found, report);
        }
        Ok(())
    }

    fn match_up(
        &mut self,
        position: Offset,
        expected: &[W],
        mut found: Vec<Found<W>>,
        report: &mut PartitionReport,
    ) {
        let mut missing = Vec::new();
        let mut matched = Vec::new();
        for output in expected {
            match found.iter().position(|found| found.is(output)) {
                Some(at) => {
                    let found = found.remove(at);
                    self.count += 1;
                    self.meet(&found, report);
                    matched.push(output.id());
                }
                None => missing.push(output),
            }
        }
        for output in missing {
            let id = output.id();
            match found.iter().position(|found| found.id().as_ref() == Some(&id)) {
                Some(at) => self.changed(output, &found.remove(at), report),
                None => self.await_one(position, output, report),
            }
        }
        for extra in found {
            let twice = extra.id().is_some_and(|id| matched.contains(&id));
            let (kind, what) =
                if twice { (W::KINDS.doubled, "it stands a second time") } else { (W::KINDS.unexpected, "") };
            self.tell(kind, &extra, what, report);
        }
    }

    /// A record that is not where the inbox's order has it.
    fn stray(&mut self, found: &Found<W>, report: &mut PartitionReport) {
        let awaited = found.position.zip(found.id()).and_then(|((partition, offset), id)| {
            (partition == report.partition).then(|| self.missing.remove(&(offset, id))).flatten()
        });
        match awaited {
            Some(expected) if found.is(&expected) => {
                self.count += 1;
                self.meet(found, report);
            }
            Some(expected) => self.changed(&expected, found, report),
            None if found.position.is_some_and(|(_, offset)| offset < self.from) => {}
            None => self.tell(W::KINDS.unexpected, found, "", report),
        }
    }

    /// An output that is right, but for its id's uniqueness.
    fn meet(&mut self, found: &Found<W>, report: &mut PartitionReport) {
        let Some(unique) = found.wire.as_ref().ok().and_then(Output::unique) else { return };
        let first = *self.seen.entry(unique).or_insert(found.at);
        if first != found.at {
            self.tell(W::KINDS.doubled, found, "", report);
        }
    }

    fn changed(&mut self, expected: &W, found: &Found<W>, report: &mut PartitionReport) {
        self.count += 1;
        let what = match &found.wire {
            Ok(wire) => first_difference(expected, wire),
            Err(why) => why.clone(),
        };
        self.tell(W::KINDS.changed, found, &what, report);
    }

    fn await_one(&mut self, position: Offset, output: &W, report: &mut PartitionReport) {
        if self.missing.len() < MOST_WAITING {
            self.missing.insert((position, output.id()), output.clone());
        } else {
            self.lost(position, output, report);
        }
    }

    fn lost(&self, position: Offset, output: &W, report: &mut PartitionReport) {
        let Self { topic, .. } = self;
        report.differs(Difference {
            kind: W::KINDS.missing,
            partition: report.partition,
            offset: Some(position.0),
            account: output.account().to_owned(),
            id: output.id(),
            text: format!("{topic} has it not"),
        });
    }

    fn tell(&self, kind: Kind, found: &Found<W>, what: &str, report: &mut PartitionReport) {
        let Self { topic, .. } = self;
        let here = format!("{topic}@{}", found.at);
        let first = found.wire.as_ref().ok().and_then(Output::unique).and_then(|id| self.seen.get(&id));
        let is_second = first.is_some_and(|first| *first != found.at);
        let kind = if kind == W::KINDS.unexpected && is_second { W::KINDS.doubled } else { kind };
        let text = match (&found.wire, first) {
            (Err(why), _) => format!("{here} cannot be read: {why}"),
            (Ok(_), Some(first)) if is_second => format!("it stands at {topic}@{first} and again at {here}"),
            (Ok(_), _) if what.is_empty() => format!("it stands at {here}{}", named(found, report.partition)),
            (Ok(_), _) => format!("at {here} {what}"),
        };
        report.differs(Difference {
            kind,
            partition: report.partition,
            offset: found.position.map(|(_, offset)| offset.0),
            account: found.wire.as_ref().map(|wire| wire.account().to_owned()).unwrap_or_default(),
            id: found.id().unwrap_or_default(),
            text,
        });
    }

    /// The inbox was stepped up to `to`: reads what is left, which belongs to later records or nowhere.
    pub(crate) fn drain(&mut self, to: Offset, report: &mut PartitionReport) -> Result<(), OracleError> {
        while let Some(head) = self.head.take() {
            self.advance()?;
            match head.position {
                Some((partition, offset)) if partition == report.partition && offset >= to => {
                    self.later.push((offset, head));
                }
                _ => self.stray(&head, report),
            }
        }
        Ok(())
    }

    /// True if outputs of later inbox records were seen.
    pub(crate) fn saw_later(&self) -> bool {
        !self.later.is_empty()
    }

    /// The verdict, when inbox records before `covered` are committed. Answers the topic's offset of the first output
    /// that was not compared, and how many were.
    /// What is missing of accounts that were erased is skipped, as `erased` says.
    pub(crate) fn finish(
        mut self,
        covered: Offset,
        erased: &BTreeSet<AccountId>,
        report: &mut PartitionReport,
    ) -> (Offset, u64) {
        for (offset, found) in self.later.iter().filter(|(offset, _)| *offset >= covered) {
            let what = format!("is of inbox offset {offset}, and {covered} is committed");
            self.tell(Kind::OutputAhead, found, &what, report);
        }
        for ((position, _), output) in std::mem::take(&mut self.missing) {
            if erased.contains(output.account()) {
                report.skipped.insert(output.account().to_owned());
            } else {
                self.lost(position, &output, report);
            }
        }
        let first = self.later.first().map_or_else(|| self.cursor.end(), |(_, found)| found.at);
        (first, self.count)
    }
}

/// True if the record belongs to a later inbox record than `position`.
fn is_behind<W>(found: &Found<W>, partition: i32, position: Offset) -> bool {
    found.position.is_some_and(|(named, offset)| named == partition && offset > position)
}

fn named<W>(found: &Found<W>, own: i32) -> String {
    match found.position {
        Some((partition, _)) if partition == own => ", and the core does not make it there".to_owned(),
        Some((partition, _)) => format!(", and names partition {partition} of the inbox"),
        None => ", and names no inbox record".to_owned(),
    }
}
