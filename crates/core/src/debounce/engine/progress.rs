//! A report of the readers: the clock moves, bursts end, events and the calendar advance.

use super::step::Step;
use super::synthetic::WorkBudget;
use super::{burst, calendar, fanout, unsaid};
use crate::debounce::model::effect::Note;
use crate::debounce::model::input::Progress;
use crate::debounce::state::store::Store;
use crate::ids::InputName;

/// Takes a report in. What an event tells comes first: it counts by the clock as it was, like any signal of a record before
/// this one, whatever `W` becomes at it. The calendar's entries are due at `W`.
pub(crate) fn handle(cx: &mut Step<'_>, progress: &Progress) {
    let (mut of_events, of_calendar) = WorkBudget::parts();
    fanout::advance(cx, &mut of_events);
    let appended_at = cx.appended_at;
    let moved = cx.store.clock_mut().progress(progress, appended_at);
    cx.note_inputs(moved);
    burst::end_due(cx);
    let mut left = of_calendar.and(&of_events);
    calendar::advance(cx, &mut left);
    unsaid::advance(cx, &mut left);
}

/// The config names these inputs and no others.
pub(crate) fn handle_inputs(cx: &mut Step<'_>, all: &[InputName]) {
    let (gone, moved) = cx.store.clock_mut().retire(all);
    gone.into_iter().for_each(|input| cx.note(Note::Retired(input)));
    cx.note_inputs(moved);
    burst::end_due(cx);
}

/// True when a report that moves nothing would still make signals: the calendar or an event has a backlog.
pub(crate) fn is_behind(store: &Store) -> bool {
    let clock = store.clock();
    let calendar = clock.calendar.as_ref().map(|cursor| cursor.to);
    store.events.len() > 0
        || unsaid::is_behind(store)
        || clock.watermark.is_some_and(|now| calendar.is_some_and(|to| to < now))
}
