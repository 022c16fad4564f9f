//! A deployment that comes from another log brings its state as records of the inbox, so that what it decides there is a
//! function of that inbox alone (docs/adr/0006).
//!
//! Rows are taken only before the first reader's report: later they would say what is no longer true.

use std::sync::Arc;

use super::step::Step;
use crate::debounce::model::effect::DeadReason;
use crate::debounce::model::input::{Moved, RulesMark};
use crate::debounce::model::policy_record::PolicyContent;
use crate::debounce::model::row::{StateKey, StateRow};
use crate::debounce::model::rows::{Counts, FanOut, Seen};

/// Rows begin: those of an attempt that was broken off go. They are complete: nothing is to be done.
pub(crate) fn handle(cx: &mut Step<'_>, moved: &Moved) {
    if moved.complete || has_begun(cx) {
        return;
    }
    for key in cx.store.rows().into_keys() {
        cx.store.set(key, None);
    }
    cx.store.accounts.parts().1.erased.find_anew();
    *cx.store.counts_mut() = Counts::default();
}

/// New rules hold from here on, or the rows of the state before them begin.
pub(crate) fn handle_rules(cx: &mut Step<'_>, mark: RulesMark) {
    let offset = cx.offset;
    let clock = cx.store.clock_mut();
    if mark.complete {
        clock.rules = clock.rules.max(mark.version);
    } else {
        clock.rules_at = Some(offset);
    }
}

/// One row. A remembered id counts as first seen at the record that brought it: offsets of the other log say nothing.
pub(crate) fn handle_row(cx: &mut Step<'_>, row: &(StateKey, StateRow)) {
    if has_begun(cx) {
        let text = "a row of another log's state came when this one had begun: migrate into an empty log";
        return cx.dead_letter(DeadReason::LateRow, text.to_owned());
    }
    cx.store.accounts.parts().1.erased.find_anew();
    match row.clone() {
        (StateKey::Event(_), StateRow::Event(fan_out)) => import_event(cx, &fan_out),
        (StateKey::Machine(key), StateRow::Machine(machine)) => {
            let known = cx.store.machines.get(&key).is_some_and(|machine| machine.burst.is_some());
            cx.store.counts_mut().opened += u64::from(machine.burst.is_some() && !known);
            cx.store.put_machine(key, machine);
        }
        (StateKey::Seen(key), StateRow::Seen(seen)) => {
            cx.store.seen.set(key, Some(Seen { offset: cx.offset, ..seen }));
        }
        (StateKey::Policy(key), StateRow::Policy(record)) => match &record.content {
            PolicyContent::Invalid(why) => cx.dead_letter(DeadReason::Policy, why.clone()),
            PolicyContent::Compiled(_) | PolicyContent::ShadowEnded => {
                cx.store.policies.set(key, Some(record));
            }
        },
        (key, row) if key != StateKey::Clock && row.is_of(&key) => cx.store.set(key, Some(row)),
        (key, _) => {
            let text = format!("a row of another log's state is none of {key:?}: migrate anew");
            cx.dead_letter(DeadReason::LateRow, text);
        }
    }
}

/// An event on its way. Each partition of the old log brings its own row of it; it is told again from the cursor on that
/// stands first, and an account that has heard of it knows its id.
fn import_event(cx: &mut Step<'_>, fan_out: &FanOut) {
    let is_same =
        |known: &FanOut| (&known.event.source, &known.event.id) == (&fan_out.event.source, &fan_out.event.id);
    let known = cx.store.events.rows().iter().find(|(_, known)| is_same(known));
    let (at, after) = match known.map(|(at, known)| (*at, known.after.clone())) {
        Some((at, after)) => (at, after.min(fan_out.after.clone())),
        None => (cx.offset, fan_out.after.clone()),
    };
    let event = fan_out.event.clone();
    cx.store.events.set(at, Some(Arc::new(FanOut { event, after })));
}

/// True once a reader has reported: the clock is about to run, or does.
fn has_begun(cx: &Step<'_>) -> bool {
    !cx.store.clock().inputs.is_empty()
}
