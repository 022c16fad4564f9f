//! Erasure: the record takes what names a person; what names the account goes when nothing can be on its way any more.
//!
//! At the record, open bursts are cancelled, and the machines and all that is known of the account go. The ids that are
//! remembered of its signals go a few a report of the readers, since there may be many. A row stays that says that it was
//! erased, so that a record still on its way is shut out; it goes after `ERASED_KEPT`.

use super::burst::{cancel_all, reset_machines};
use super::step::Step;
use crate::debounce::model::account_state::AccountState;
use crate::ids::AccountId;

/// Erases an account.
pub(crate) fn handle(cx: &mut Step<'_>, id: &AccountId) {
    if cx.store.accounts.get(id).is_some_and(|state| state.erased) {
        return;
    }
    cancel_all(cx, id);
    reset_machines(cx, id);
    let at = cx.store.clock().last_append.unwrap_or_else(|| cx.now());
    cx.store.accounts.set(id.clone(), Some(AccountState::erased_then(at).into()));
}

/// Forgets at most `most` ids of erased accounts, at a report of the readers. The result is the number of other rows that
/// the step may forget: `None` while there are ids left, so that the row that says "erased" does not go before them.
pub(crate) fn forget_ids(cx: &mut Step<'_>, most: usize) -> Option<usize> {
    let (accounts, indexes) = cx.store.accounts.parts();
    let is_erased = |id: &AccountId| accounts.get(id).is_some_and(|state| state.erased);
    let left = indexes.erased.ids(cx.store.seen.rows(), is_erased);
    let mut forgotten = 0;
    while forgotten < most {
        let Some(key) = left.pop_first() else { break };
        // Some may have gone by their own time since they were found.
        if cx.store.seen.get(&key).is_some() {
            cx.store.seen.set(key, None);
            forgotten += 1;
        }
    }
    left.is_empty().then_some(most - forgotten)
}
