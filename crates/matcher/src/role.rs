//! One lane of one source.

use std::sync::Arc;
use std::time::Duration;

use winback_core::debounce::{Progress, Reached};
use winback_core::ids::{InputName, Offset, Partition};
use winback_core::index::{PinnedForBatch, SharedIndex};
use winback_core::signal::is_from_the_future;
use winback_core::time::{Span, Time};
use winback_lane::{
    At, Input, InputView, Output, Readiness, RestoreError, Role, Row, Start, Step, StoredPosition, Urgency,
    View,
};
use winback_log::{Append, Defect, ForeignRecords, Message, TopicPartition};
use winback_proto::{WireMessage, inbox};
use winback_sources::{Decoder, Wanted};

use crate::feed::FeedStatus;
use crate::forward::{Forward, InboxTarget, input_name};
use crate::positions::{Next, Positions};
use crate::tally::{MatcherMetrics, Tally};

/// The time a record waits before the schema registry is asked again.
pub(crate) const SCHEMA_AWAY: Duration = Duration::from_secs(2);

/// The source that a lane reads.
pub struct MatcherSource {
    /// Its name.
    pub name: String,
    /// Its topic.
    pub topic: Arc<str>,
    /// The number of its partitions.
    pub partitions: i32,
    /// The compacted topic of the lanes' positions.
    pub positions: Arc<str>,
    /// The decoder of its records.
    pub decoder: Arc<Decoder>,
    /// The start.
    pub start: Start,
    /// Every input that this process knows, of all sources (R2).
    pub known: Vec<InputName>,
    /// True if the inbox's clock waits for this source; false for a source of answers only.
    pub clocked: bool,
}

/// The role of a matcher lane.
pub struct MatcherRole {
    source: MatcherSource,
    inbox: InboxTarget,
    index: Arc<SharedIndex>,
    feed: Arc<FeedStatus>,
    pinned: Option<PinnedForBatch>,
    positions: Positions,
    names: Vec<Option<InputName>>,
    /// By slot: the next position, as the log of positions has it.
    next: Vec<Option<Next>>,
    /// By slot: positions that cannot be read.
    foreign: Vec<ForeignRecords>,
    /// By slot: the names of the others, which a signal takes along.
    others: Vec<Vec<String>>,
    /// True if the inbox knows the inputs, or will with the running transaction.
    announced: bool,
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
        let positions = Positions::new(
            source.positions.clone(),
            inbox.encoding,
            format!("{}:{}", source.name, source.topic),
            source.start,
            source.partitions,
        );
        Self {
            source,
            positions,
            inbox,
            index,
            feed,
            pinned: None,
            names: Vec::new(),
            next: Vec::new(),
            foreign: Vec::new(),
            others: Vec::new(),
            announced: false,
            running: Tally::default(),
            metrics,
        }
    }

    /// The lane's inputs changed: what a signal takes along, and that the inbox must hear of it before the next one.
    fn regroup(&mut self) {
        self.announced = false;
        let others = |slot: usize| {
            let named = self.names.iter().enumerate().filter(|(other, _)| *other != slot);
            named.filter_map(|(_, name)| name.as_ref().map(ToString::to_string)).collect()
        };
        self.others = (0..self.names.len()).map(others).collect();
    }

    /// Names all inputs before the first signal, so that the clock waits for them from the first signal on, whatever
    /// the transactions are cut to.
    fn announce(&mut self, out: &mut Output) {
        if !self.announced && self.source.clocked {
            self.announced = true;
            let known = self.source.known.clone();
            self.tell_progress(&Progress { inputs: Vec::new(), known }, out);
        }
    }

    fn tell_progress(&self, progress: &Progress, out: &mut Output) {
        let bytes = inbox::progress_to_wire(progress).to_bytes(self.inbox.encoding);
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

    fn progress(&self, view: &View<'_>) -> Progress {
        let reached = |input: &InputView<'_>| {
            let name = self.names.get(input.input.slot)?.clone()?;
            let reached = match (input.observed_end, input.newest) {
                (Some(seen), _) => Reached::EndSeenAgo(view.now.since(seen.at).max(Span::ZERO)),
                (None, Some(newest)) => Reached::NewestAppend(newest),
                (None, None) => return None,
            };
            Some((name, reached))
        };
        Progress {
            inputs: view.inputs.iter().filter_map(reached).collect(),
            known: self.source.known.clone(),
        }
    }
}

impl Role for MatcherRole {
    fn name(&self) -> &'static str {
        "matcher"
    }

    fn start(&mut self, partition: &TopicPartition) -> Start {
        self.positions.start(partition)
    }

    fn changelog(&self, _: &TopicPartition) -> Option<TopicPartition> {
        Some(self.positions.topic())
    }

    fn assigned(&mut self, input: &Input) {
        if self.names.len() <= input.slot {
            self.names.resize(input.slot + 1, None);
            self.next.resize(input.slot + 1, None);
            self.foreign.resize_with(input.slot + 1, ForeignRecords::default);
        }
        self.next[input.slot] = None;
        self.foreign[input.slot] = ForeignRecords::default();
        self.names[input.slot] = Some(input_name(&self.source.name, &input.partition));
        self.regroup();
    }

    fn restore(&mut self, input: &Input, rows: &[Row<'_>]) -> Result<(), RestoreError> {
        let name = self.names.get(input.slot).and_then(Option::as_ref);
        let (next, foreign) = (self.next.get_mut(input.slot), self.foreign.get_mut(input.slot));
        if let (Some(name), Some(next), Some(foreign)) = (name, next, foreign) {
            rows.iter().for_each(|row| self.positions.restore(name, row, next, foreign));
        }
        Ok(())
    }

    /// A key that is none is nobody's position; where the input is read from must be known.
    fn unreadable(&self, input: &Input) -> Option<RestoreError> {
        let found = self.foreign.get(input.slot)?.first(&[Defect::Value])?;
        Some(RestoreError { offset: found.offset, why: found.unreadable.to_string() })
    }

    fn restored(&mut self, input: &Input) -> StoredPosition {
        Positions::stored_position(self.next.get(input.slot).copied().flatten())
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
        let value = message.value().unwrap_or_default();
        // Before anything is changed: the record comes again.
        if let Err(away) = self.source.decoder.prepare(value) {
            tracing::warn!(source = self.source.name, %away, "a record waits for its schema");
            return Step::Retry { after: SCHEMA_AWAY };
        }
        if self.pinned.is_some() {
            self.announce(out);
        }
        let name = self.names.get(at.input.slot).and_then(Option::as_ref);
        let others = self.others.get(at.input.slot).map(Vec::as_slice).unwrap_or_default();
        let (Some(index), Some(input)) = (&self.pinned, name) else {
            return Step::Retry { after: Duration::ZERO };
        };
        let append_time = message.timestamp.min(at.now);
        let source = &self.source.name;
        let offset = message.offset.0;
        let place = None;
        let mut forward =
            Forward { source, inbox: &self.inbox, input, others, message, offset, append_time, place };
        let tally = &mut self.running;
        let begin = out.begins_at();
        tally.records += u64::from(begin == 0);
        if is_from_the_future(message.timestamp, at.now) {
            forward.stamped_ahead(at.now, tally, out);
            tally.understood += 1;
            return Step::Done;
        }
        let before = tally.events;
        forward.record(&self.source.decoder, Wanted::From(begin), index, tally, out);
        // A record that is cut counts with its first part.
        tally.understood += u64::from(begin == 0 && tally.events > before);
        let dead = out.dead_letters();
        if dead > 0 && tally.events - before > u64::try_from(dead).unwrap_or(u64::MAX) {
            out.survived();
        }
        Step::Done
    }

    fn seal(&mut self, view: &View<'_>, out: &mut Output) {
        for input in view.inputs {
            if let Some(Some(name)) = self.names.get(input.input.slot) {
                self.positions.write(name, input, out);
            }
        }
        if self.source.clocked {
            self.tell_progress(&self.progress(view), out);
        }
    }

    fn committed(&mut self) {
        let tally = std::mem::take(&mut self.running);
        self.metrics.add(&tally);
        self.positions.committed();
    }

    fn rolled_back(&mut self) {
        // A batch in which a step panicked has no end of its own.
        self.pinned = None;
        self.announced = false;
        self.running = Tally::default();
        self.positions.rolled_back();
    }

    fn released(&mut self, input: &Input) {
        if let Some(name) = self.names.get_mut(input.slot) {
            *name = None;
        }
        self.regroup();
    }

    fn urgency(&self) -> Urgency {
        if self.running.has_effects() { Urgency::Soon } else { Urgency::Lazy }
    }

    fn merges_by_time(&self) -> bool {
        true
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(self.inbox.heartbeat)
    }
}
