//! Changes of an account: it is so now, it left the list, it came back, it cannot come back.

use super::burst::{cancel_all, reset_machines};
use super::step::Step;
use crate::account::{Account, Status};
use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::effect::DeadReason;
use crate::debounce::model::impossible::Impossible;
use crate::debounce::model::input::MatchedSignal;
use crate::ids::AccountId;
use crate::time::Span;

/// A longer id than any that a registrar takes in.
const MAX_ACCOUNT_ID_BYTES: usize = 1_024;

/// A churn date this much later than the known one is another leaving, not a correction (R11).
const NEW_SPELL_AFTER: Span = Span::from_days(30);

/// The account is so now. A version that is older than the known one changes nothing; a new spell begins anew (R11).
pub(crate) fn handle_upsert(cx: &mut Step<'_>, account: &Account) {
    if account.id.as_str().len() > MAX_ACCOUNT_ID_BYTES {
        let text =
            format!("the account's id has more than {MAX_ACCOUNT_ID_BYTES} bytes: give it a shorter one");
        return cx.dead_letter(DeadReason::TooLarge, text);
    }
    let Some(before) = cx.store.accounts.get(&account.id) else {
        let state = AccountState::new(account.clone());
        return cx.store.accounts.set(account.id.clone(), Some(state.into()));
    };
    if before.account.as_ref().is_some_and(|known| known.version > account.version) || before.erased {
        return;
    }
    let mut state = AccountState::clone(before);
    let anew = is_new_spell(before, account);
    if account.status == Status::Churned {
        state.churned_at = account.churned_at;
    }
    if anew {
        state.churn_number = state.churn_number.saturating_add(1);
        state.reactivated = false;
        state.impossible = None;
        state.no_reply_since = None;
    }
    state.account = Some(account.clone());
    state.cut.clear();
    if anew || !state.is_open() {
        cancel_all(cx, &account.id);
    }
    if anew {
        reset_machines(cx, &account.id);
    }
    cx.store.accounts.set(account.id.clone(), Some(state.into()));
}

/// True when the account left again: its date is later than the known one, and it came back between, or the date is much
/// later. Any other date corrects the one that is known.
fn is_new_spell(before: &AccountState, now: &Account) -> bool {
    let was_back =
        before.reactivated || before.account.as_ref().is_some_and(|known| known.status == Status::Active);
    let later = now.churned_at.since(before.churned_at);
    now.status == Status::Churned && (later > NEW_SPELL_AFTER || (was_back && later > Span::ZERO))
}

/// The account is no longer in the list.
pub(crate) fn handle_gone(cx: &mut Step<'_>, id: &AccountId) {
    cancel_all(cx, id);
    cx.store.edit_account(id, |state| state.account = None);
}

/// They came back: everything open ends (R10).
pub(crate) fn reactivate(cx: &mut Step<'_>, account: &AccountId) {
    cancel_all(cx, account);
    cx.store.edit_account(account, |state| state.reactivated = true);
}

/// News that the account cannot come back shuts it out until it churns anew, however old the news is. What happened before
/// they left did not keep them from staying.
pub(crate) fn exclude(cx: &mut Step<'_>, signal: &MatchedSignal) {
    let Some(why) = Impossible::of(signal.kind, &signal.class, signal.method) else { return };
    let state = cx.store.accounts.get(&signal.account);
    if state.is_some_and(|state| signal.event_time >= state.churned_at) {
        cx.store.edit_account(&signal.account, |state| state.impossible = Some(why));
    }
}
