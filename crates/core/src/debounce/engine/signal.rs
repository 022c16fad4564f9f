//! A matched signal: once through every live policy, then through the shadows.

use super::step::Step;
use super::{account, arrival, burst, decide};
use crate::debounce::model::effect::DeadReason;
use crate::debounce::model::input::MatchedSignal;
use crate::debounce::model::rows::{Seen, SeenKey};
use crate::signal::{SignalKind, is_from_the_future};
use crate::time::Span;

/// The prefix of the sources under which the signal ids stand that only shadows remember.
const SHADOW_SOURCE: &str = "~shadow:";

/// Takes a signal of an input in.
pub(crate) fn handle(cx: &mut Step<'_>, signal: &MatchedSignal) {
    if is_from_the_future(signal.event_time, signal.append_time) {
        let text = format!(
            "the signal is dated {}, more than a day after it arrived at {}: mend the producer's clock",
            signal.event_time, signal.append_time
        );
        return cx.dead_letter(DeadReason::Future, text);
    }
    let moved = cx.store.clock_mut().signal(&signal.input, &signal.merged_with, signal.append_time);
    cx.note_inputs(moved);
    take_in(cx, signal);
}

/// Takes a signal in that the clock knows of, or that is synthetic.
pub(crate) fn take_in(cx: &mut Step<'_>, signal: &MatchedSignal) {
    burst::end_due(cx);
    account::exclude(cx, signal);
    let key = SeenKey::of(&signal.account, &signal.source, &signal.id);
    let seen = seen_before(cx, &key);
    let policies = cx.newest();
    let mut remember = None;
    for newest in policies.values().filter(|policy| !policy.is_shadow()) {
        remember = remember.max(arrival::arrive(cx, newest, seen, signal));
    }
    let is_judged = cx.has_live_policy();
    if !is_judged {
        cx.emit_decision(decide::unjudged(signal, cx.now()));
    }
    if let Some(dedupe) = remember {
        remember_for(cx, key, signal, dedupe);
    }
    through_shadows(cx, signal, seen, remember);
    let is_news = remember.is_some() || (!is_judged && seen.is_none());
    if signal.kind == SignalKind::SelfReactivation && is_news {
        account::reactivate(cx, &signal.account);
    }
}

/// Takes a signal through the shadows, after the policies in force had it and remember its id for `remembered`. The ids
/// that shadows alone remember stand under keys of their own.
fn through_shadows(cx: &mut Step<'_>, signal: &MatchedSignal, seen: Option<Seen>, remembered: Option<Span>) {
    let policies = cx.newest();
    let mut shadows = policies.values().filter(|policy| policy.is_shadow()).peekable();
    if shadows.peek().is_none() {
        return;
    }
    let key = SeenKey::of(&signal.account, &format!("{SHADOW_SOURCE}{}", signal.source), &signal.id);
    let seen = seen.or_else(|| seen_before(cx, &key));
    let mut remember = None;
    for shadow in shadows {
        remember = remember.max(arrival::arrive(cx, shadow, seen, signal));
    }
    if let Some(dedupe) = remember.filter(|dedupe| remembered.is_none_or(|live| *dedupe > live)) {
        remember_for(cx, key, signal, dedupe);
    }
}

/// The memory of an id; none of this record itself, which comes again after an abort.
fn seen_before(cx: &Step<'_>, key: &SeenKey) -> Option<Seen> {
    cx.store.seen.get(key).copied().filter(|seen| seen.offset != cx.offset)
}

fn remember_for(cx: &mut Step<'_>, key: SeenKey, signal: &MatchedSignal, dedupe: Span) {
    let until = signal.event_time + dedupe;
    let seen = Seen { event_time: signal.event_time, offset: cx.offset, until };
    cx.store.seen.set(key, Some(seen));
}
