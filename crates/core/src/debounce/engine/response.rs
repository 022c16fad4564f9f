//! Answers of an account, and sequences that got none.

use super::account::reactivate;
use super::step::Step;
use crate::debounce::model::input::{Response, ResponseKind};
use crate::debounce::model::rows::{Seen, SeenKey};
use crate::ids::AccountId;
use crate::time::{Span, Time};

/// The time for which an answer's id is remembered.
const ANSWER_MEMORY: Span = Span::from_days(90);

/// Takes an answer in.
pub(crate) fn handle(cx: &mut Step<'_>, response: &Response) {
    let known = cx.store.accounts.get(&response.account);
    let Some(state) = known.filter(|state| !state.erased) else { return };
    let churned_at = state.churned_at;
    if came_before(cx, response) {
        return;
    }
    let account = &response.account;
    match response.kind {
        // An account that answers is no longer silent: the cool-down after a sequence that got no reply ends.
        ResponseKind::Replied => cx.store.edit_account(account, |state| {
            state.no_reply_since = state.no_reply_since.filter(|since| response.at < *since);
        }),
        ResponseKind::Declined => cx.store.edit_account(account, |state| {
            state.declined_at = state.declined_at.max(Some(response.at));
        }),
        ResponseKind::OptedOut => {
            cx.store.edit_account(account, |state| state.opt_out(response.contact.clone()));
        }
        // One from before they left says nothing about today.
        ResponseKind::Reactivated if response.at < churned_at => {}
        ResponseKind::Reactivated => reactivate(cx, account),
    }
}

/// A sequence of touches ended without an answer.
pub(crate) fn handle_no_reply(cx: &mut Step<'_>, account: &AccountId, at: Time) {
    cx.store.edit_account(account, |state| state.no_reply_since = state.no_reply_since.max(Some(at)));
}

/// True when this answer came before under its id, which is remembered for [`ANSWER_MEMORY`]; beyond that only one that
/// says what is known already can come again.
fn came_before(cx: &mut Step<'_>, response: &Response) -> bool {
    if response.id.is_empty() {
        return false;
    }
    let source = format!("answers of {}", response.source);
    let key = SeenKey::of(&response.account, &source, &response.id);
    if cx.store.seen.get(&key).is_some_and(|seen| seen.offset != cx.offset) {
        return true;
    }
    let until = response.at.max(cx.now()) + ANSWER_MEMORY;
    cx.store.seen.set(key, Some(Seen { event_time: response.at, offset: cx.offset, until }));
    false
}
