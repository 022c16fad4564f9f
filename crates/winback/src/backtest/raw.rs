//! The sources in the order of event time, decoded, matched and decided in memory: what would have come of them had each
//! signal arrived when it happened, with the accounts and policies of now.

use std::ops::ControlFlow;
use std::sync::Arc;

use winback_core::account::Account;
use winback_core::debounce::{Body, Input, MatchedSignal, Policy, PolicyText, Progress, Reached};
use winback_core::ids::Offset;
use winback_core::index::{IndexChange, Lookup, PinnedForBatch, SharedIndex};
use winback_core::signal::{Candidate, is_from_the_future};
use winback_core::time::{Span, Time};
use winback_log::Log;
use winback_oracle::backtest::{Backtest, Outcome, Question};
use winback_sources::{Decoder, Element};

use super::inbox::accounts;
use crate::context::Context;
use crate::reading;

const INPUT: &str = "raw/0";
const WHY: &str = "the sources in the order of event time, with accounts and policies as they are now: answers, holds, and \
                   what arrived late are not known";

/// Decides the sources twice; with why that is an estimate.
pub(crate) fn raw(
    context: &Context,
    log: &dyn Log,
    question: &Question,
    policies: &[PolicyText],
) -> anyhow::Result<(Outcome, Option<String>)> {
    let mut known: Vec<Account> = Vec::new();
    for partition in reading::partitions(log, &context.topics.accounts)? {
        known.extend(accounts(log, &partition)?);
    }
    let signals = signals(context, log, &known)?;
    let mut run = Backtest::new(question);
    policies.iter().for_each(|policy| run.in_force(policy));
    known.iter().for_each(|account| run.known(account));
    let last = signals.last().map_or(Time::MIN, |signal| signal.append_time);
    let named = Progress { inputs: Vec::new(), known: vec![INPUT.into()] };
    let first = signals.first().map_or(Time::MIN, |signal| signal.append_time);
    let bodies = signals.into_iter().map(|signal| (signal.append_time, Body::Signal(Box::new(signal))));
    let all_read = Progress {
        inputs: vec![(INPUT.into(), Reached::NewestAppend(last + longest(question, policies)))],
        known: Vec::new(),
    };
    let begin = std::iter::once((first, Body::Progress(named)));
    let end = std::iter::once((last, Body::Progress(all_read)));
    for (offset, (appended_at, body)) in (0..).zip(begin.chain(bodies).chain(end)) {
        if !run.step(&Input { offset: Offset(offset), appended_at, body }) {
            break;
        }
    }
    Ok((run.end(), Some(WHY.to_owned())))
}

/// So long after the last signal every burst has ended.
fn longest(question: &Question, policies: &[PolicyText]) -> Span {
    let texts = policies.iter().map(|policy| &policy.toml).chain([&question.candidate.toml]);
    let waits = texts.filter_map(|toml| Policy::parse(toml, 1).ok()).map(|policy| policy.max_wait);
    waits.max().unwrap_or(Span::ZERO)
}

/// Every matched signal of every source, by event time.
fn signals(context: &Context, log: &dyn Log, known: &[Account]) -> anyhow::Result<Vec<MatchedSignal>> {
    let index = Arc::new(SharedIndex::new());
    index.apply(known.iter().map(IndexChange::Put));
    let index = index.pin_for_batch();
    let now = context.clock.now();
    let mut signals = Vec::new();
    for (name, source) in &context.config.sources {
        let decoder = Decoder::new(name, source)?;
        let topic: Arc<str> = Arc::from(source.topic.as_str());
        if log.describe(&[&topic])?.iter().flatten().next().is_none() {
            anstream::eprintln!("winback: source {name} has no topic `{topic}` yet: left out");
            continue;
        }
        for partition in reading::partitions(log, &topic)? {
            reading::scan(log, &partition, Offset::ZERO, |message| {
                decoder.decode(message.value().unwrap_or_default(), &mut |element| {
                    if let Element::Signal(candidate) = element {
                        let arrived = message.timestamp.min(now);
                        signals.extend(matched(&candidate, name, arrived, &index));
                    }
                });
                Ok(ControlFlow::Continue(()))
            })?;
        }
    }
    signals.sort_by(|one, other| {
        (one.event_time, &one.source, &one.id).cmp(&(other.event_time, &other.source, &other.id))
    });
    Ok(signals)
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
    Some(MatchedSignal {
        account: found.account.id.into(),
        source: source.to_owned(),
        id: candidate.id.to_string(),
        kind: candidate.kind,
        class: candidate.class.as_deref().unwrap_or_default().to_owned(),
        event_time: candidate.at,
        append_time: candidate.at,
        input: INPUT.into(),
        merged_with: Vec::new(),
        method: found.method,
        matched_on: found.key.to_string(),
        detail: candidate.detail.to_string(),
    })
}
