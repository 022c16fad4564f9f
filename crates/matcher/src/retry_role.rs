//! The lane of retries: dead letters on their way back, under their original source, time and element.
//!
//! It is no input of the inbox's clock and reports no progress: what it brings is news that arrives late (R8).

use std::collections::BTreeMap;
use std::sync::Arc;

use winback_core::index::{PinnedForBatch, SharedIndex};
use winback_core::time::Time;
use winback_lane::{At, DeadLetter, Input, Output, Readiness, Role, Start, Step, Urgency};
use winback_log::{Message, TopicPartition};
use winback_sources::{Decoder, Element, Incoming};

use crate::feed::FeedStatus;
use crate::forward::{Forward, InboxTarget, input_name};
use crate::retries::{Original, original};
use crate::role::SCHEMA_AWAY;
use crate::tally::{MatcherMetrics, Tally};

/// The role of the lane of retries.
pub struct RetryRole {
    decoders: BTreeMap<String, Arc<Decoder>>,
    inbox: InboxTarget,
    index: Arc<SharedIndex>,
    feed: Arc<FeedStatus>,
    pinned: Option<PinnedForBatch>,
    running: Tally,
    metrics: MatcherMetrics,
}

impl RetryRole {
    /// A lane for the sources of these names.
    pub fn new(
        decoders: BTreeMap<String, Arc<Decoder>>,
        inbox: InboxTarget,
        index: Arc<SharedIndex>,
        feed: Arc<FeedStatus>,
        metrics: MatcherMetrics,
    ) -> Self {
        Self { decoders, inbox, index, feed, pinned: None, running: Tally::default(), metrics }
    }

    fn retry(&mut self, from: &Original, now: Time, message: &Message, out: &mut Output) -> Option<Step> {
        let decoder = self.decoders.get(&from.source)?;
        let index = self.pinned.as_ref()?;
        let input = input_name(&from.source, &TopicPartition::new(from.topic.as_str(), from.partition));
        let append_time = from.timestamp.min(now);
        let (source, inbox, offset) = (&from.source, &self.inbox, from.offset);
        let forward = Forward { source, inbox, input: &input, others: &[], message, offset, append_time };
        let value = message.value().unwrap_or_default();
        if let Err(away) = decoder.prepare(value) {
            tracing::warn!(source, %away, "a record waits for its schema");
            return Some(Step::Retry { after: SCHEMA_AWAY });
        }
        let tally = &mut self.running;
        tally.records += 1;
        let incoming = Incoming { value, headers: &|visit| message.each_header(visit) };
        let mut sink = |element: Element<'_>| forward.element(element, index, tally, out);
        match from.element {
            Some(place) => decoder.decode_element(&incoming, place, &mut sink),
            None => decoder.decode_record(&incoming, &mut sink),
        }
        Some(Step::Done)
    }
}

impl Role for RetryRole {
    fn name(&self) -> &'static str {
        "matcher"
    }

    fn start(&mut self, _: &TopicPartition) -> Start {
        Start::Earliest
    }

    fn assigned(&mut self, _: &Input) {}

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
        let from = original(message);
        let stepped = from.as_ref().and_then(|from| self.retry(from, at.now, message, out));
        if stepped.is_none() {
            let (source, text) = match from {
                Some(from) => {
                    let text =
                        format!("no source `{}` is configured here: name it in the config", from.source);
                    (from.source, text)
                }
                None => (
                    String::new(),
                    "its headers do not say where it comes from: only `dead-letters replay` writes here"
                        .to_owned(),
                ),
            };
            out.dead(DeadLetter { source, element: None, reason: "not_a_retry", text });
        }
        stepped.unwrap_or(Step::Done)
    }

    fn committed(&mut self) {
        let tally = std::mem::take(&mut self.running);
        self.metrics.add(&tally);
    }

    fn rolled_back(&mut self) {
        self.running = Tally::default();
    }

    fn released(&mut self, _: &Input) {}

    fn urgency(&self) -> Urgency {
        if self.running.has_effects() { Urgency::Soon } else { Urgency::Lazy }
    }
}
