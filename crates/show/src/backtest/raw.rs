//! The sources in the order of event time, decoded, matched and decided in memory: what would have come of them had each
//! signal arrived when it happened, with the accounts and policies of now.

use std::ops::ControlFlow;
use std::sync::Arc;

use winback_core::account::Account;
use winback_core::debounce::{Body, Event, Input, MatchedSignal, PolicyRecord, Progress, Reached};
use winback_core::ids::Offset;
use winback_core::index::{IndexChange, Lookup, PinnedForBatch, SharedIndex};
use winback_core::privacy::masked;
use winback_core::signal::{Candidate, is_from_the_future};
use winback_core::time::{Span, Time};
use winback_deployment::{Context, scan};
use winback_log::Log;
use winback_matcher::door::{self, Texts};
use winback_oracle::backtest::{Backtest, Outcome, Question};
use winback_sources::{Decoder, Element};

use super::inbox::accounts;

const INPUT: &str = "raw/0";
const WHY: &str = "the sources in the order of event time, with accounts and policies as they are now: answers, holds, and \
                   what arrived late are not known";

/// Decides the sources twice; with why that is an estimate.
pub fn raw(
    context: &Context,
    log: &dyn Log,
    question: &Question,
    policies: &[PolicyRecord],
) -> anyhow::Result<(Outcome, Option<String>)> {
    let mut known: Vec<Account> = Vec::new();
    for partition in scan::partitions(log, &context.topics.accounts)? {
        known.extend(accounts(log, &partition)?);
    }
    let source_events = source_events(context, log, &known)?;
    let mut run = Backtest::new(question);
    policies.iter().for_each(|policy| run.in_force(policy));
    known.iter().for_each(|account| run.known(account));
    let last = source_events.last().map_or(Time::MIN, SourceEvent::at);
    let first = source_events.first().map_or(Time::MIN, SourceEvent::at);
    let mut stream = Stream { run, next: Offset::ZERO, is_over: false };
    stream.step(first, Body::Progress(Progress { inputs: Vec::new(), known: vec![INPUT.into()] }));
    let mut reached = first;
    for one in source_events {
        let at = one.at();
        // The readers' reports, by which the calendar and events are told: once a day is what a burst can wait for.
        while reached + REPORT_EVERY <= at && !stream.is_over {
            reached = reached + REPORT_EVERY;
            stream.reach(reached);
        }
        stream.step(at, one.body());
        if stream.is_over {
            break;
        }
    }
    stream.reach(last + longest(question, policies));
    Ok((stream.run.end(), Some(WHY.to_owned())))
}

/// The interval between progress records of the one input, in the sources' own time.
const REPORT_EVERY: Span = Span::from_hours(1);

/// The records of the one input.
struct Stream {
    run: Backtest,
    next: Offset,
    is_over: bool,
}

impl Stream {
    fn step(&mut self, appended_at: Time, body: Body) {
        if !self.is_over {
            self.is_over = !self.run.step(&Input { offset: self.next, appended_at, body });
            self.next = self.next.next();
        }
    }

    /// All was read up to then, and what is due is told.
    fn reach(&mut self, at: Time) {
        let inputs = || vec![(INPUT.into(), Reached::NewestAppend(at))];
        loop {
            self.step(at, Body::Progress(Progress { inputs: inputs(), known: Vec::new() }));
            if self.is_over || !self.run.is_behind() {
                return;
            }
        }
    }
}

/// The result of reading a source.
enum SourceEvent {
    Signal(Box<MatchedSignal>),
    Event(Box<Event>),
}

impl SourceEvent {
    const fn at(&self) -> Time {
        match self {
            Self::Signal(signal) => signal.append_time,
            Self::Event(event) => event.append_time,
        }
    }

    fn order(&self) -> (Time, &str, &str) {
        match self {
            Self::Signal(signal) => (signal.event_time, &signal.source, &signal.id),
            Self::Event(event) => (event.event_time, &event.source, &event.id),
        }
    }

    fn body(self) -> Body {
        match self {
            Self::Signal(signal) => Body::Signal(signal),
            Self::Event(event) => Body::Event(event),
        }
    }
}

/// So long after the last signal every burst has ended.
fn longest(question: &Question, policies: &[PolicyRecord]) -> Span {
    let candidate = question.candidate.record(1);
    let policies = policies.iter().chain([&candidate]).filter_map(PolicyRecord::policy);
    policies.map(|policy| policy.max_wait).max().unwrap_or(Span::ZERO)
}

/// Every matched signal and every event of every source, by event time.
fn source_events(context: &Context, log: &dyn Log, known: &[Account]) -> anyhow::Result<Vec<SourceEvent>> {
    let index = Arc::new(SharedIndex::new());
    index.apply(known.iter().map(IndexChange::Put));
    let index = index.pin_for_batch();
    let now = context.clock.now();
    let mut source_events = Vec::new();
    for (name, source) in &context.config.sources {
        let decoder = Decoder::new(name, source)?;
        let topic: Arc<str> = Arc::from(source.topic.as_str());
        if log.describe(&[&topic])?.iter().flatten().next().is_none() {
            winback_terminal::note!("winback: source {name} has no topic `{topic}` yet: left out");
            continue;
        }
        for partition in scan::partitions(log, &topic)? {
            scan::each(log, &partition, Offset::ZERO, |message| {
                decoder.decode(message.value().unwrap_or_default(), &mut |element| {
                    let arrived = message.timestamp.min(now);
                    match element {
                        Element::Signal(candidate) => {
                            let signal = matched(&candidate, name, arrived, &index);
                            source_events.extend(signal.map(|signal| SourceEvent::Signal(Box::new(signal))));
                        }
                        Element::Broadcast(event) if !is_from_the_future(event.at, arrived) => {
                            let at = event.at;
                            source_events.push(SourceEvent::Event(Box::new(door::event(*event, name, at))));
                        }
                        _ => {}
                    }
                });
                Ok(ControlFlow::Continue(()))
            })?;
        }
    }
    source_events.sort_by(|one, other| one.order().cmp(&other.order()));
    Ok(source_events)
}

fn matched(
    candidate: &Candidate<'_>,
    source: &str,
    arrived: Time,
    index: &PinnedForBatch,
) -> Option<MatchedSignal> {
    if is_from_the_future(candidate.at, arrived) {
        return None;
    }
    let Lookup::Match(found) = index.lookup(&candidate.who) else { return None };
    let Texts { id, class, detail } = door::texts(candidate);
    Some(MatchedSignal {
        account: found.account.id.into(),
        source: source.to_owned(),
        id,
        kind: candidate.kind,
        class,
        event_time: candidate.at,
        append_time: candidate.at,
        input: INPUT.into(),
        merged_with: Vec::new(),
        method: found.method,
        matched_on: masked(&found.key.to_string()).into_owned(),
        detail,
    })
}
