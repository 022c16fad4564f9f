//! One lane of one source.

use std::sync::Arc;
use std::time::Duration;

use winback_core::debounce::{Progress, Reached};
use winback_core::ids::{InputName, Partition};
use winback_core::index::{Lookup, PinnedForBatch, SharedIndex};
use winback_core::signal::{Candidate, is_from_the_future};
use winback_core::time::Time;
use winback_lane::{At, DeadLetter, Input, InputView, Output, Readiness, Role, Start, Step, Urgency, View};
use winback_log::{Append, Message, TopicPartition};
use winback_proto::envelope::{Envelope, TRACEPARENT};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage, inbox, v1};
use winback_sources::{Decoder, Element};

use crate::feed::FeedStatus;
use crate::tally::{FUTURE, MatcherMetrics, Tally};

/// The type of a matched signal's event.
const SIGNAL_TYPE: &str = "winback.signal.v1";

/// Where matched signals go.
#[derive(Clone, Debug)]
pub struct InboxTarget {
    /// The topic.
    pub topic: Arc<str>,
    /// How many partitions it has; progress goes to each.
    pub partitions: i32,
    /// How records are written.
    pub encoding: Encoding,
    /// Who writes, as `ce_source` says it.
    pub source: String,
    /// Progress goes out at least this often, so that a lone trailing trigger is late by no more (R2: a second).
    pub heartbeat: Duration,
}

/// The name of a source's partition in progress records.
pub fn input_name(source: &str, partition: &TopicPartition) -> InputName {
    InputName::from(format!("{source}:{partition}"))
}

/// The source that a lane reads.
pub struct MatcherSource {
    /// Its name.
    pub name: String,
    /// How its records are read.
    pub decoder: Arc<Decoder>,
    /// Where to begin.
    pub start: Start,
    /// Every input that this process knows, of all sources (R2).
    pub known: Vec<InputName>,
}

/// The role of a matcher lane.
pub struct MatcherRole {
    source: MatcherSource,
    inbox: InboxTarget,
    index: Arc<SharedIndex>,
    feed: Arc<FeedStatus>,
    pinned: Option<PinnedForBatch>,
    names: Vec<Option<InputName>>,
    running: Tally,
    metrics: MatcherMetrics,
}

impl MatcherRole {
    /// A lane of that source, looking up in that index once the feed has filled it.
    pub fn new(
        source: MatcherSource,
        inbox: InboxTarget,
        index: Arc<SharedIndex>,
        feed: Arc<FeedStatus>,
        metrics: MatcherMetrics,
    ) -> Self {
        Self { source, inbox, index, feed, pinned: None, names: Vec::new(), running: Tally::default(), metrics }
    }

    fn progress(&self, view: &View<'_>) -> Progress {
        let reached = |input: &InputView<'_>| {
            let name = self.names.get(input.input.slot)?.clone()?;
            let reached = match (input.end_seen, input.newest) {
                (Some(seen), _) => Reached::EndSeenAgo(view.now.since(seen.at)),
                (None, Some(newest)) => Reached::NewestAppend(newest),
                (None, None) => return None,
            };
            Some((name, reached))
        };
        Progress { inputs: view.inputs.iter().filter_map(reached).collect(), known: self.source.known.clone() }
    }
}

/// All that a step needs beside the pinned index.
struct Forward<'a> {
    source: &'a str,
    inbox: &'a InboxTarget,
    input: &'a InputName,
    message: &'a Message,
    append_time: Time,
}

impl Forward<'_> {
    fn element(&self, element: Element<'_>, index: &PinnedForBatch, tally: &mut Tally, out: &mut Output) {
        tally.events += 1;
        match element {
            Element::Dropped(reason) => tally.dropped[reason as usize] += 1,
            Element::Dead(dead) => {
                tally.dead[dead.reason as usize] += 1;
                out.dead(self.letter(dead.index, dead.reason.as_str(), dead.text));
            }
            Element::Signal(candidate) => {
                tally.signals += 1;
                self.signal(&candidate, index, tally, out);
            }
        }
    }

    fn letter(&self, element: Option<u32>, reason: &'static str, text: String) -> DeadLetter {
        DeadLetter { source: self.source.to_owned(), element, reason, text }
    }

    fn signal(&self, candidate: &Candidate<'_>, index: &PinnedForBatch, tally: &mut Tally, out: &mut Output) {
        if is_from_the_future(candidate.at, self.append_time) {
            tally.dead[FUTURE] += 1;
            let text = format!(
                "the event is dated {}, more than a day after {}, when it arrived: mend the producer's clock",
                candidate.at, self.append_time
            );
            out.dead(self.letter(None, "future", text));
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
                let signal = self.wire(candidate, found.account.id, found.method.as_str(), matched_on);
                self.forward(signal, out);
            }
        }
    }

    fn wire(&self, candidate: &Candidate<'_>, account: &str, method: &str, matched_on: String) -> v1::Signal {
        v1::Signal {
            account_id: account.to_owned(),
            source: self.source.to_owned(),
            id: candidate.id.to_string(),
            kind: candidate.kind.as_str().to_owned(),
            page_class: candidate.class.as_deref().unwrap_or_default().to_owned(),
            event_time: inbox::timestamp(candidate.at),
            append_time: inbox::timestamp(self.append_time),
            input: self.input.to_string(),
            input_offset: self.message.offset.0,
            method: method.to_owned(),
            matched_on,
            detail: candidate.detail.to_string(),
        }
    }

    fn forward(&self, signal: v1::Signal, out: &mut Output) {
        let id = format!("{}:{}", self.source, signal.id);
        let mut envelope = Envelope::new(SIGNAL_TYPE, id, &self.inbox.source, self.append_time, self.inbox.encoding);
        if let Some(trace) = self.message.header(TRACEPARENT) {
            envelope = envelope.with(TRACEPARENT, String::from_utf8_lossy(&trace));
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

impl Role for MatcherRole {
    fn name(&self) -> &'static str {
        "matcher"
    }

    fn start(&self, _: &TopicPartition) -> Start {
        self.source.start
    }

    fn assigned(&mut self, input: &Input) {
        if self.names.len() <= input.slot {
            self.names.resize(input.slot + 1, None);
        }
        self.names[input.slot] = Some(input_name(&self.source.name, &input.partition));
    }

    fn ready(&self) -> Readiness {
        self.feed.waits_for().map_or(Readiness::Ready, Readiness::Waiting)
    }

    fn begin_batch(&mut self, _: Time) {
        self.pinned = Some(self.index.pin_for_batch());
    }

    fn end_batch(&mut self) {
        self.pinned = None;
    }

    fn step(&mut self, at: At<'_>, message: &Message, out: &mut Output) -> Step {
        let name = self.names.get(at.input.slot).and_then(Option::as_ref);
        let (Some(index), Some(input)) = (&self.pinned, name) else {
            return Step::Retry { after: Duration::ZERO };
        };
        let append_time = message.timestamp.min(at.now);
        let forward = Forward { source: &self.source.name, inbox: &self.inbox, input, message, append_time };
        let tally = &mut self.running;
        tally.records += 1;
        let value = message.value().unwrap_or_default();
        self.source.decoder.decode(value, &mut |element| forward.element(element, index, tally, out));
        Step::Done
    }

    fn seal(&mut self, view: &View<'_>, out: &mut Output) {
        let record = inbox::progress_to_wire(&self.progress(view));
        let bytes = record.to_bytes(self.inbox.encoding);
        for partition in 0..self.inbox.partitions {
            out.append(&Append {
                topic: &self.inbox.topic,
                partition: Some(Partition(partition)),
                key: None,
                value: Some(&bytes),
                headers: &[("content-type", self.inbox.encoding.content_type().as_bytes())],
                timestamp: None,
            });
        }
    }

    fn committed(&mut self) {
        let tally = std::mem::take(&mut self.running);
        self.metrics.add(&tally);
    }

    fn rolled_back(&mut self) {
        self.running = Tally::default();
    }

    fn released(&mut self, input: &Input) {
        if let Some(name) = self.names.get_mut(input.slot) {
            *name = None;
        }
    }

    fn urgency(&self) -> Urgency {
        let effects = self.running.matched.iter().chain(&self.running.dead).any(|count| *count > 0);
        if effects { Urgency::Soon } else { Urgency::Lazy }
    }

    fn merges_by_time(&self) -> bool {
        true
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(self.inbox.heartbeat)
    }
}
