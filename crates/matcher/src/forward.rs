//! From an event to the inbox: whose is it, and what goes out. What lanes of sources and the lane of retries share.

use std::sync::Arc;
use std::time::Duration;

use winback_core::ids::InputName;
use winback_core::index::{Lookup, PinnedForBatch};
use winback_core::privacy::masked;
use winback_core::signal::{Candidate, SignalKind, is_from_the_future};
use winback_core::time::Time;
use winback_lane::{DeadLetter, Output, Take};
use winback_log::{Append, Message, TopicPartition};
use winback_proto::envelope::{Envelope, TRACEPARENT, passed_on};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage, inbox, v1};
use winback_sources::{Decoder, Element, Incoming, Wanted};

use crate::door::{self, Texts};
use crate::tally::{FUTURE, Tally};

/// The type of a matched signal's event.
const SIGNAL_TYPE: &str = "winback.signal.v1";

/// The target of matched signals.
#[derive(Clone, Debug)]
pub struct InboxTarget {
    /// The topic.
    pub topic: Arc<str>,
    /// The compacted topic of answers, for senders.
    pub answers: Arc<str>,
    /// The number of partitions of the inbox; progress goes to each.
    pub partitions: i32,
    /// The encoding of records.
    pub encoding: Encoding,
    /// The writer's name, as in `ce_source`.
    pub source: String,
    /// Progress goes out at least this often, so that a lone trailing trigger is late by no more (R2: a second).
    pub heartbeat: Duration,
}

/// The name of a source's partition in progress records.
pub fn input_name(source: &str, partition: &TopicPartition) -> InputName {
    InputName::from(format!("{source}:{partition}"))
}

/// All that a step needs beside the pinned index.
pub(crate) struct Forward<'a> {
    pub(crate) source: &'a str,
    pub(crate) inbox: &'a InboxTarget,
    pub(crate) input: &'a InputName,
    /// The lane's other inputs, merged by time with this one.
    pub(crate) others: &'a [String],
    pub(crate) message: &'a Message,
    pub(crate) offset: i64,
    pub(crate) append_time: Time,
    /// The place of the element at hand in the record's list, when it is one.
    pub(crate) place: Option<u32>,
}

impl Forward<'_> {
    /// The wanted elements of the record, as far as the transaction has room for them.
    pub(crate) fn record(
        &mut self,
        decoder: &Decoder,
        wanted: Wanted<'_>,
        index: &PinnedForBatch,
        tally: &mut Tally,
        out: &mut Output,
    ) {
        let message = self.message;
        let value = message.value().unwrap_or_default();
        let incoming = Incoming { value, headers: &|visit| message.each_header(visit) };
        decoder.decode_wanted(&incoming, wanted, &mut |place, element| {
            if place.is_none_or(|place| out.take(place) == Take::Step) {
                self.place = place;
                self.element(element, index, tally, out);
            }
        });
    }

    /// One element of a record: looked up, forwarded, counted.
    fn element(&self, element: Element<'_>, index: &PinnedForBatch, tally: &mut Tally, out: &mut Output) {
        tally.events += 1;
        match element {
            Element::Dropped(reason) => tally.dropped[reason as usize] += 1,
            Element::Dead(dead) => {
                tally.dead[dead.reason as usize] += 1;
                out.dead(self.letter(dead.index, dead.reason.as_str(), dead.text));
            }
            Element::Answer(answer) => self.answer(&answer, index, tally, out),
            Element::Signal(candidate) => {
                tally.signals += 1;
                self.signal(&candidate, index, tally, out);
            }
            Element::Broadcast(event) => {
                tally.signals += 1;
                self.broadcast(*event, tally, out);
            }
        }
    }

    /// A record that is stamped as if it came tomorrow or later: taken at its word it would raise its input's clock, and
    /// with it tear the bursts of all whose records stand behind it.
    pub(crate) fn stamped_ahead(&self, now: Time, tally: &mut Tally, out: &mut Output) {
        tally.events += 1;
        tally.dead[FUTURE] += 1;
        let stamp = self.message.timestamp;
        let text = format!(
            "the record is stamped {stamp}, more than a day after {now}, when it was read: mend the producer's clock, \
             or this machine's"
        );
        out.dead(self.letter(None, "future", text));
    }

    /// True if an event of that time is a dead letter, because it claims to come from the future.
    pub(crate) fn refused_as_ahead(&self, at: Time, tally: &mut Tally, out: &mut Output) -> bool {
        let ahead = is_from_the_future(at, self.append_time);
        if ahead {
            tally.dead[FUTURE] += 1;
            let text = door::dated_ahead(at, self.append_time);
            out.dead(self.letter(self.place, door::FUTURE, text));
        }
        ahead
    }

    fn letter(&self, element: Option<u32>, reason: &'static str, text: String) -> DeadLetter {
        DeadLetter { source: self.source.to_owned(), element, reason, text }
    }

    fn signal(&self, candidate: &Candidate<'_>, index: &PinnedForBatch, tally: &mut Tally, out: &mut Output) {
        if self.refused_as_ahead(candidate.at, tally, out) {
            return;
        }
        match index.lookup(&candidate.who) {
            Lookup::None => tally.unmatched += 1,
            Lookup::Ambiguous(method) => tally.ambiguous[method as usize] += 1,
            Lookup::Match(found) => {
                tally.matched[found.method as usize] += 1;
                let matched_on = match found.narrowed_by {
                    Some(by) => format!("{}, told apart by {by}", found.key),
                    None => found.key.to_string(),
                };
                let signal = self.wire(candidate, found.account.id, found.method.as_str(), &matched_on);
                self.forward(signal, out);
                if candidate.kind == SignalKind::SelfReactivation {
                    self.came_back(candidate, found.account.id, out);
                }
            }
        }
    }

    fn wire(&self, candidate: &Candidate<'_>, account: &str, method: &str, matched_on: &str) -> v1::Signal {
        let Texts { id, class, detail } = door::texts(candidate);
        v1::Signal {
            account_id: account.to_owned(),
            source: self.source.to_owned(),
            id,
            kind: candidate.kind.as_str().to_owned(),
            page_class: class,
            event_time: inbox::timestamp(candidate.at),
            append_time: inbox::timestamp(self.append_time),
            input: self.input.to_string(),
            input_offset: self.offset,
            method: method.to_owned(),
            matched_on: masked(matched_on).into_owned(),
            detail,
            merged_with: self.others.to_vec(),
        }
    }

    fn forward(&self, signal: v1::Signal, out: &mut Output) {
        let id = format!("{}:{}", self.source, signal.id);
        let mut envelope =
            Envelope::new(SIGNAL_TYPE, id, &self.inbox.source, self.append_time, self.inbox.encoding);
        if let Some(trace) = self.message.header(TRACEPARENT).and_then(|trace| passed_on(&trace)) {
            envelope = envelope.with(TRACEPARENT, trace);
        }
        let key = signal.account_id.clone();
        let record = v1::InboxRecord { body: Some(Body::Signal(signal)) };
        envelope.headers(|headers| {
            let append = Append {
                topic: &self.inbox.topic,
                partition: None,
                key: Some(key.as_bytes()),
                value: None,
                headers,
                timestamp: None,
            };
            out.append_with(&append, |bytes| record.write(self.inbox.encoding, bytes));
        });
    }
}
