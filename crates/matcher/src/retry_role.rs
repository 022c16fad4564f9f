//! The lane of retries: dead letters on their way back, under their original source, time and element.
//!
//! It is no input of the inbox's clock and reports no progress: what it brings is news that arrives late (R8).

use std::collections::BTreeMap;
use std::sync::Arc;

use winback_core::ids::Offset;
use winback_core::index::{PinnedForBatch, SharedIndex};
use winback_core::time::Time;
use winback_lane::{
    At, DeadLetter, Input, Output, Readiness, RestoreError, Role, Row, Start, Step, Urgency, View,
};
use winback_log::{Message, TopicPartition};
use winback_proto::{WireMessage as _, v1};
use winback_sources::{Decoder, Wanted};

use crate::feed::FeedStatus;
use crate::forward::{Forward, InboxTarget, input_name};
use crate::positions::{Next, append_position};
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
    /// The compacted topic of the lanes' positions. This lane has a row in it only while it is inside of a record.
    positions: Arc<str>,
    /// By slot: that row.
    next: Vec<Option<Next>>,
    /// The rows of the running transaction.
    written: Vec<(usize, Option<Next>)>,
}

impl RetryRole {
    /// A lane for the sources of these names.
    pub fn new(
        decoders: BTreeMap<String, Arc<Decoder>>,
        inbox: InboxTarget,
        positions: Arc<str>,
        index: Arc<SharedIndex>,
        feed: Arc<FeedStatus>,
        metrics: MatcherMetrics,
    ) -> Self {
        let (running, next, written) = (Tally::default(), Vec::new(), Vec::new());
        Self { decoders, inbox, index, feed, pinned: None, running, metrics, positions, next, written }
    }

    fn retry(&mut self, from: &Original, now: Time, message: &Message, out: &mut Output) -> Option<Step> {
        let decoder = self.decoders.get(&from.source)?;
        let index = self.pinned.as_ref()?;
        let input = input_name(&from.source, &TopicPartition::new(from.topic.as_str(), from.partition));
        let append_time = from.timestamp.min(now);
        let (source, inbox, offset) = (&from.source, &self.inbox, from.offset);
        let place = None;
        let mut forward =
            Forward { source, inbox, input: &input, others: &[], message, offset, append_time, place };
        if let Err(away) = decoder.prepare(message.value().unwrap_or_default()) {
            tracing::warn!(source, %away, "a record waits for its schema");
            return Some(Step::Retry { after: SCHEMA_AWAY });
        }
        let (tally, begin) = (&mut self.running, out.begins_at());
        tally.records += u64::from(begin == 0);
        let before = tally.events;
        match &from.elements {
            Some(places) => {
                let left = places.not_before(begin);
                forward.record(decoder, Wanted::Among(&left), index, tally, out);
            }
            None => forward.record(decoder, Wanted::From(begin), index, tally, out),
        }
        // A record that is cut counts with its first part.
        self.running.understood += u64::from(begin == 0 && self.running.events > before);
        Some(Step::Done)
    }

    fn key(input: &Input) -> String {
        input_name("retries", &input.partition).to_string()
    }
}

impl Role for RetryRole {
    fn name(&self) -> &'static str {
        "matcher"
    }

    fn start(&mut self, _: &TopicPartition) -> Start {
        Start::Earliest
    }

    fn changelog(&self, _: &TopicPartition) -> Option<TopicPartition> {
        Some(TopicPartition::new(self.positions.clone(), 0))
    }

    fn assigned(&mut self, input: &Input) {
        if self.next.len() <= input.slot {
            self.next.resize(input.slot + 1, None);
        }
        self.next[input.slot] = None;
    }

    fn restore(&mut self, input: &Input, rows: &[Row<'_>]) -> Result<(), RestoreError> {
        let (key, Some(next)) = (Self::key(input), self.next.get_mut(input.slot)) else { return Ok(()) };
        for row in rows.iter().filter(|row| row.key == key.as_bytes()) {
            let found = row.value.map(v1::MatcherPosition::from_bytes).transpose();
            let found = found.map_err(|why| RestoreError {
                offset: row.offset,
                why: format!("position of {key}: {why}"),
            })?;
            *next = found.as_ref().map(Next::of);
        }
        Ok(())
    }

    fn begins_at(&self, input: &Input, position: Offset) -> u32 {
        Next::begins_at(self.next.get(input.slot).copied().flatten(), position)
    }

    fn ready(&self) -> Readiness {
        self.feed.waits_for().map_or(Readiness::Ready, Readiness::Waiting)
    }

    fn begin_batch(&mut self, _: Time) {
        // A second pin beside the first would wait for a writer that waits for the first.
        self.pinned = None;
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

    fn seal(&mut self, view: &View<'_>, out: &mut Output) {
        for input in view.inputs {
            let next = (input.element > 0).then_some(Next { offset: input.position, element: input.element });
            if self.next.get(input.input.slot).copied().flatten() == next {
                continue;
            }
            let row = next.map(|next| v1::MatcherPosition {
                next_offset: next.offset.0,
                partitions: 0,
                next_element: next.element,
            });
            let encoding = self.inbox.encoding;
            append_position(&self.positions, encoding, &Self::key(input.input), row.as_ref(), out);
            self.written.push((input.input.slot, next));
        }
    }

    fn committed(&mut self) {
        for (slot, next) in self.written.drain(..) {
            if let Some(known) = self.next.get_mut(slot) {
                *known = next;
            }
        }
        let tally = std::mem::take(&mut self.running);
        self.metrics.add(&tally);
    }

    fn rolled_back(&mut self) {
        // A batch in which a step panicked has no end of its own.
        self.pinned = None;
        self.written.clear();
        self.running = Tally::default();
    }

    fn released(&mut self, _: &Input) {}

    fn urgency(&self) -> Urgency {
        if self.running.has_effects() { Urgency::Soon } else { Urgency::Lazy }
    }
}
