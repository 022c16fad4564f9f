//! The calendar: time that passes is a signal, too, on the partition's own clock (DOMAIN, *Signals*, *When*).
//!
//! The cursor follows `W` on progress records, in order of due time, account, entry. What is due is a function of the
//! account; the policies say which entries are wanted, and the account's own year how many.

use super::step::Step;
use super::synthetic::{SyntheticSignal, WorkBudget};
use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::clock::CalendarCursor;
use crate::debounce::model::entry::Entry;
use crate::debounce::model::evidence::CALENDAR;
use crate::debounce::model::policy::CalendarRules;
use crate::debounce::policy::calendar::{approachable, page_end, rules_of, wants, words};
use crate::debounce::policy::civil::Day;
use crate::debounce::policy::entries::churn_day;
use crate::ids::AccountId;
use crate::time::Time;

/// Moves the cursor up to `W`, as far as the budget goes.
pub(crate) fn advance(cx: &mut Step<'_>, budget: &mut WorkBudget) {
    // Also where no policy wants a calendar.
    let (accounts, indexes) = cx.store.accounts.parts();
    indexes.calendar.tidy(accounts);
    let Some(now) = cx.store.clock().watermark else { return };
    let cursor = cx.store.clock().calendar.clone();
    let cursor = match (rules_of(cx.newest().values().map(|policy| &**policy)), cursor) {
        (Some(rules), Some(cursor)) => follow(cx, &rules, cursor, now, budget),
        _ => CalendarCursor::at(now),
    };
    cx.store.clock_mut().calendar = Some(cursor);
}

/// Makes the signals of the entries that are due up to `now`; the cursor behind the last one.
fn follow(
    cx: &mut Step<'_>,
    rules: &CalendarRules,
    cursor: CalendarCursor,
    now: Time,
    budget: &mut WorkBudget,
) -> CalendarCursor {
    // An entry that was due long before is of no use any more.
    let oldest = now - Entry::longest_age();
    let mut cursor = if cursor.to < oldest { CalendarCursor::at(oldest) } else { cursor };
    while cursor.to < now {
        let horizon = now.min(page_end(cursor.to));
        while let Some((due, account, entry)) = next(cx, &cursor, horizon) {
            cursor = CalendarCursor { to: due, after: Some((account.clone(), entry)) };
            if !wants(rules, entry, due) {
                continue;
            }
            budget.charge_scan();
            if now.since(due) <= entry.max_age() && enter(cx, &account, entry, due, rules) {
                budget.charge_signal();
            }
            if budget.is_spent() {
                return cursor;
            }
        }
        cursor = CalendarCursor::at(horizon);
        budget.charge_day();
        if budget.is_spent() {
            break;
        }
    }
    cursor
}

fn next(cx: &mut Step<'_>, cursor: &CalendarCursor, horizon: Time) -> Option<(Time, AccountId, Entry)> {
    let (accounts, indexes) = cx.store.accounts.parts();
    indexes.calendar.next(accounts, cursor, horizon)
}

/// Makes an entry's signal; false where the account may not have it.
fn enter(cx: &mut Step<'_>, id: &AccountId, entry: Entry, due: Time, rules: &CalendarRules) -> bool {
    let Some(state) = cx.store.accounts.get(id) else { return false };
    let Some(account) = approachable(state, due) else { return false };
    // Due in the morning there is at most a day from the civil day, in UTC.
    let months = Day::of(due).plus(1).months_after(churn_day(account));
    let churn_number = state.churn_number;
    let mut state = AccountState::clone(state);
    if !state.enter(due, usize::try_from(rules.most).unwrap_or_default()) {
        return false;
    }
    cx.store.accounts.set(id.clone(), Some(state.into()));
    let (class, detail) = words(entry, months, due, cx.store.clock().release.as_ref());
    let signal = SyntheticSignal {
        account: id.clone(),
        churn_number,
        source: CALENDAR,
        name: &due.millis().to_string(),
        kind: entry.kind(),
        class,
        event_time: due,
        append_time: due,
        matched_on: "the account's own calendar".to_owned(),
        detail,
    };
    signal.take_in(cx);
    true
}
