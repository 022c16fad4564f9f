//! Fan-outs: one event, a signal for each account that it is about, in the order of the accounts.
//!
//! An event is a row of the state from its record on until the last of its accounts has heard of it; the row holds the
//! cursor. Events take turns in the order of their records. What an account is counts when its turn comes: one that comes
//! to the list, or to miss the feature, behind the cursor does not hear of it.
//!
//! What is told counts at the `W` that a signal in the place of the telling record would find, before all inputs have
//! reported at its own time: a reader that reports last, and moves `W` over months, makes nothing of this expire.

use std::sync::Arc;

use super::step::Step;
use super::synthetic::{SyntheticSignal, WorkBudget};
use crate::debounce::model::clock::MajorRelease;
use crate::debounce::model::effect::{DeadReason, Note};
use crate::debounce::model::input::Event;
use crate::debounce::model::rows::{FanOut, Seen, SeenKey};
use crate::debounce::policy::bound::bounded_event;
use crate::debounce::policy::entries::is_since_churn;
use crate::debounce::state::targets::Targets;
use crate::ids::{AccountId, Offset};
use crate::signal::{MAX_DETAIL_BYTES, SignalKind, is_from_the_future, truncated};
use crate::time::Span;

/// The class of a release that a yearly entry tells of.
const MAJOR_VERSION: &str = "major_version";

/// A longer source or id than any that a matcher writes.
const MAX_NAME_BYTES: usize = 256;

/// Takes an event in: it is told from the next progress on. The same once more changes nothing (R1); one that is too old
/// under every policy is none any more (R8).
pub(crate) fn handle(cx: &mut Step<'_>, event: &Event) {
    if is_from_the_future(event.event_time, event.append_time) {
        let text = format!(
            "the event is dated {}, more than a day after it arrived at {}: mend the producer's clock",
            event.event_time, event.append_time
        );
        return cx.dead_letter(DeadReason::Future, text);
    }
    if event.source.len().max(event.id.len()) > MAX_NAME_BYTES {
        let text = format!("the event's source or id has more than {MAX_NAME_BYTES} bytes: shorten it");
        return cx.dead_letter(DeadReason::TooLarge, text);
    }
    let key = SeenKey::of(&AccountId::from(""), &event.source, &event.id);
    if cx.store.seen.get(&key).is_some_and(|seen| seen.offset != cx.offset) {
        return;
    }
    // Only policies in force say whether it is told at all, and for how long its id is known.
    let newest = cx.newest();
    let in_force = newest.values().filter(|policy| !policy.is_shadow());
    let rules: Vec<_> = in_force.map(|policy| policy.rule(event.kind, &event.class)).collect();
    let age = cx.now().max(event.append_time).since(event.event_time);
    if rules.iter().map(|rule| rule.max_age).max().is_none_or(|most| age > most) {
        return cx.note(Note::TooOld(event.source.clone(), event.id.clone()));
    }
    let dedupe = rules.iter().map(|rule| rule.dedupe).max().unwrap_or(Span::ZERO);
    let until = event.event_time + dedupe;
    cx.store.seen.set(key, Some(Seen { event_time: event.event_time, offset: cx.offset, until }));
    note_release(cx, event);
    cx.store.events.set(cx.offset, Some(Arc::new(FanOut { event: bounded_event(event), after: None })));
}

fn note_release(cx: &mut Step<'_>, event: &Event) {
    let at = event.event_time;
    let newer = cx.store.clock().release.as_ref().is_none_or(|known| known.at < at);
    if event.kind == SignalKind::ProductRelease && event.class == MAJOR_VERSION && newer {
        let title = truncated(&event.title, MAX_DETAIL_BYTES).to_owned();
        cx.store.clock_mut().release = Some(MajorRelease { at, title });
    }
}

/// Tells events to accounts, as far as the budget goes.
pub(crate) fn advance(cx: &mut Step<'_>, budget: &mut WorkBudget) {
    while !budget.is_spent() {
        let Some(number) = cx.store.events.rows().keys().min().copied() else { return };
        // It counts whether its accounts are at hand or to be found: a partition that was restored tells as many as the one
        // that never stopped.
        if !budget.try_start_event() {
            return;
        }
        let Some(mut row) = cx.store.events.take(&number) else { return };
        let fan_out = Arc::make_mut(&mut row);
        find_targets(cx, number, fan_out);
        while !budget.is_spent() {
            let Some(account) = targets(cx).and_then(Targets::next) else { break };
            budget.charge_scan();
            if tell(cx, &account, &fan_out.event) {
                budget.charge_signal();
            }
            fan_out.after = Some(account);
        }
        let is_over = targets(cx).is_none_or(|targets| targets.is_over());
        if is_over {
            cx.store.accounts.parts().1.targets = None;
        }
        cx.store.events.set(number, (!is_over).then_some(row));
    }
}

fn targets<'a>(cx: &'a mut Step<'_>) -> Option<&'a mut Targets> {
    cx.store.accounts.parts().1.targets.as_mut()
}

/// Finds the accounts of the event, unless they are at hand.
fn find_targets(cx: &mut Step<'_>, number: Offset, fan_out: &FanOut) {
    let (accounts, indexes) = cx.store.accounts.parts();
    if indexes.targets.as_ref().is_none_or(|targets| targets.offset != number) {
        indexes.targets = Some(Targets::of(number, fan_out, accounts));
    }
}

/// Makes the signal of an account; false where the account may not have it.
fn tell(cx: &mut Step<'_>, id: &AccountId, event: &Event) -> bool {
    let (accounts, indexes) = cx.store.accounts.parts();
    let Some(state) = accounts.get(id).filter(|state| state.is_open()) else { return false };
    let (Some(account), Some(targets)) = (state.account.as_ref(), indexes.targets.as_mut()) else {
        return false;
    };
    if !is_since_churn(account, event.event_time) {
        return false;
    }
    let signal = SyntheticSignal {
        account: id.clone(),
        churn_number: state.churn_number,
        source: &event.source,
        name: &event.id,
        kind: event.kind,
        class: &event.class,
        event_time: event.event_time,
        append_time: event.append_time,
        matched_on: truncated(&targets.audience.why(account), MAX_DETAIL_BYTES).to_owned(),
        detail: event.title.clone(),
    };
    signal.take_in(cx);
    true
}
